import type { KeyObject } from 'node:crypto';
import { existsSync } from 'node:fs';
import type { Result } from '../../base/index.ts';
import type { ExceptionSpec } from '../../exceptions/index.ts';
import { defaultTiers, type ExceptionFacts } from '../../policy/index.ts';
import { loadGrants } from '../../snapshot/index.ts';

/** How many people sign an offline break-glass, as the policy said last. */
export interface OfflineQuorum {
  current(): Promise<number>;
  /** Asks the policy anew, and tells when its answer is what counts. */
  renew(done: () => void): void;
}

/** What it is kept with: the file of the last list of grants, the key that checks it, and what the policy says of a spec. */
export interface OfflineQuorumOptions {
  readonly grantsPath: string;
  readonly publicKey: KeyObject;
  readonly factsOf: (spec: Pick<ExceptionSpec, 'service' | 'to' | 'via'>) => Promise<Result<ExceptionFacts>>;
}

/**
 * Keeps the number at hand, from a start on as the last list has it: a list of grants with a revocation in it does not wait for a policy
 * that is being compiled.
 */
export async function keepOfflineQuorum({
  grantsPath,
  publicKey,
  factsOf,
}: OfflineQuorumOptions): Promise<OfflineQuorum> {
  const before = existsSync(grantsPath) ? await loadGrants(grantsPath, publicKey) : null;
  let known = before?.ok ? before.value.offline.quorum : null;
  const read = async (): Promise<number> => {
    known = (await askPolicy(factsOf)) ?? known ?? defaultTiers.breakGlass.signatures;
    return known;
  };
  return {
    current: async () => known ?? (await read()),
    renew: (done) => void read().then(done),
  };
}

// Any question tells the tiers; without a policy nobody is let out, and the defaults say who may sign. Null where it does not answer.
async function askPolicy(factsOf: OfflineQuorumOptions['factsOf']): Promise<number | null> {
  const facts = await factsOf({ service: '', to: 'tiers.example:443', via: [] });
  if (facts.ok) return facts.value.tiers.breakGlass.signatures;
  return facts.fault.code === 'no_policy' ? defaultTiers.breakGlass.signatures : null;
}
