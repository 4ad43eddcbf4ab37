import { type Strength, strengths } from '../identity/index.ts';
import type { CompiledPolicy } from './compiled-policy.ts';
import { readText } from './format/flat-view.ts';
import { identityWord, serviceWord, termKind, termWord } from './format/layout.ts';
import { OpenedPolicy } from './open-policy.ts';

/** One identity of a compiled policy: its text, its service, and the strength that its strongest term usually has. */
export interface ListedIdentity {
  readonly text: string;
  readonly service: string;
  readonly strength: Strength;
}

/**
 * Lists the identities whose text, or whose service, is `name`, in the order of compilation. Reads every identity: for commands,
 * not for traffic. A SPIFFE ID counts as certificate, though a token may carry it as well.
 */
export function listIdentities(policy: CompiledPolicy, name: string): readonly ListedIdentity[] {
  return listWhere(policy, (text, service) => text === name || service === name);
}

/** Lists every identity, in the order of compilation: for who asks about many services and would not read all for each. */
export function listEveryIdentity(policy: CompiledPolicy): readonly ListedIdentity[] {
  return listWhere(policy, () => true);
}

function listWhere(
  policy: CompiledPolicy,
  isWanted: (text: string, service: string) => boolean,
): readonly ListedIdentity[] {
  if (!(policy instanceof OpenedPolicy)) return [];
  const { view } = policy;
  const listed: ListedIdentity[] = [];
  for (let row = 0; row < view.identities.length / 4; row += 1) {
    const at = view.identities.at + row * 4;
    const word = (index: number): number => view.words[at + index] as number;
    const text = readText(view, word(identityWord.text));
    const serviceAt = view.services.at + word(identityWord.service) * 12;
    const service = readText(view, view.words[serviceAt + serviceWord.name] as number);
    if (!isWanted(text, service)) continue;
    listed.push({ text, service, strength: strongest(policy, word(identityWord.terms), word(identityWord.termCount)) });
  }
  return listed;
}

/** The strength of a term by its kind. */
const strengthOfKind: Readonly<Record<number, Strength>> = {
  [termKind.spiffe]: 'certificate',
  [termKind.credential]: 'shared-secret',
  [termKind.token]: 'token',
  [termKind.source]: 'network',
  [termKind.local]: 'shared-secret',
};

function strongest({ view }: OpenedPolicy, first: number, count: number): Strength {
  let best = 0;
  for (let term = first; term < first + count; term += 1) {
    const kind = view.words[view.terms.at + term * 10 + termWord.kind] as number;
    best = Math.max(best, strengths.indexOf(strengthOfKind[kind] ?? 'network'));
  }
  return strengths[best] ?? 'network';
}
