import { applications, type FlowDraft, initiatorProofs, nameKinds, vantages } from './observation.ts';

/** What else tells two flows of a bucket apart, in one word. Refusals have rows of their own, so that a row is either use or none. */
export function packFacts(draft: FlowDraft, name: number): number {
  const kind = name === 0 ? 0 : (nameKindCodes[draft.nameKind] as number);
  return (
    kind |
    ((applicationCodes[draft.application] as number) << 3) |
    ((initiatorCodes[draft.initiator] as number) << 6) |
    ((vantageCodes[draft.vantage] as number) << 8) |
    ((draft.protocol & 255) << 10) |
    (draft.sampledOneIn > 1 ? 1 << 18 : 0) |
    (draft.isDenied ? 1 << 19 : 0)
  );
}

/** What {@link packFacts} packed, as indexes of the lists in `observation.ts`. */
export function unpackFacts(facts: number): {
  readonly nameKind: number;
  readonly application: number;
  readonly initiator: number;
  readonly vantage: number;
  readonly protocol: number;
  readonly isSampled: boolean;
} {
  return {
    nameKind: facts & 7,
    application: (facts >> 3) & 7,
    initiator: (facts >> 6) & 3,
    vantage: (facts >> 8) & 3,
    protocol: (facts >> 10) & 255,
    isSampled: (facts & (1 << 18)) !== 0,
  };
}

const nameKindCodes = codesOf(nameKinds);
const applicationCodes = codesOf(applications);
const initiatorCodes = codesOf(initiatorProofs);
const vantageCodes = codesOf(vantages);

function codesOf(words: readonly string[]): Readonly<Record<string, number>> {
  return Object.fromEntries(words.map((word, index) => [word, index]));
}
