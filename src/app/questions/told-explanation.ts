import { type CompiledPolicy, type DecisionRequest, type Explanation, explainDecision } from '../../policy/index.ts';

/** An explanation as plain data that can cross a socket: without the verdict, which holds on to its policy. */
export type ToldExplanation = Omit<Explanation, 'verdict'>;

/** Explains a decision in plain data: the rules that decided, the nearest misses, what to do. */
export function tellExplanation(policy: CompiledPolicy, request: DecisionRequest): ToldExplanation {
  const { says, matched, looked, misses, mend } = explainDecision(policy, request);
  return { says, matched, looked, misses, mend };
}
