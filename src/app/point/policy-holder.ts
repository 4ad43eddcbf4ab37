import type { KeyObject } from 'node:crypto';
import { type Fault, failed, ok, type Result } from '../../base/index.ts';
import { type CompiledPolicy, type DecisionFacts, noFacts, openPolicy } from '../../policy/index.ts';
import { loadSnapshot } from '../../snapshot/index.ts';

/** The policy that the point decides by. */
export interface PolicyHolder {
  current(): CompiledPolicy | null;
  facts(): DecisionFacts;
  /** Why the last snapshot was not taken, or null. */
  problem(): string | null;
  /**
   * Loads the snapshot and puts it in force at once for every later decision. A bad one changes nothing.
   * Gives the version in force. Faults: those of loading and opening.
   */
  apply(): Promise<Result<string>>;
}

/** Makes a holder over the snapshot at `path`. INVARIANT: a snapshot that does not verify never replaces one that did. */
export function createPolicyHolder(path: string, verifyingKey: KeyObject): PolicyHolder {
  let policy: CompiledPolicy | null = null;
  let facts: DecisionFacts = noFacts;
  let problem: string | null = null;
  let sequence = 0;
  let turn: Promise<unknown> = Promise.resolve();

  const refuse = (why: Fault): Result<string> => {
    problem = why.message;
    return failed(why);
  };
  const applyNow = async (): Promise<Result<string>> => {
    const loaded = await loadSnapshot(path, verifyingKey, { leastSequence: sequence, checksPolicy: true });
    if (!loaded.ok) return refuse(loaded.fault);
    const opened = openPolicy(loaded.value.policy, { check: 'header' });
    if (!opened.ok) return refuse(opened.fault);
    policy = opened.value;
    sequence = loaded.value.sequence;
    facts = { ...noFacts, revokedIdentities: new Set(loaded.value.revokedIdentities) };
    problem = null;
    return ok(policy.version);
  };
  return {
    current: () => policy,
    facts: () => facts,
    problem: () => problem,
    apply: () => {
      // One at a time: two loads that overtake each other would leave the older one in force.
      const mine = turn.then(applyNow);
      turn = mine;
      return mine;
    },
  };
}
