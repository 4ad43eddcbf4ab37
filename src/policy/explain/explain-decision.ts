import { type Destination, hostText } from '../../destination/index.ts';
import type { CompiledPolicy } from '../compiled-policy.ts';
import { decide } from '../decide.ts';
import { owner } from '../format/layout.ts';
import { OpenedPolicy } from '../open-policy.ts';
import { PolicyVerdict } from '../policy-verdict.ts';
import { reasons } from '../reasons.ts';
import type { DecisionRequest, Verdict } from '../verdict.ts';
import { nearMiss } from './near-miss.ts';
import { type ExplainedRule, explainedRule, rulesOfOwner } from './read-rules.ts';

/** A rule that came near and did not cover the destination, with why. */
export interface ExplainedMiss extends ExplainedRule {
  readonly why: string;
}

/**
 * The long answer to a decision, for operators and service owners; never for the refused side. `matched` are the rules that
 * decided, `looked` the number of rules of the service, `misses` its nearest ones that did not cover the destination (the nearest
 * first, at most five), `mend` what to do and who can.
 */
export interface Explanation {
  readonly verdict: Verdict;
  readonly says: string;
  readonly matched: readonly ExplainedRule[];
  readonly looked: number;
  readonly misses: readonly ExplainedMiss[];
  readonly mend: string;
}

const mostMisses = 5;
/** Misses farther than this have nothing to do with what was asked. */
const farthestMiss = 90;

/** Decides again and says why: the rules that decided, the nearest misses in words, what to do. Never throws. */
export function explainDecision(policy: CompiledPolicy, request: DecisionRequest): Explanation {
  const verdict = decide(policy, request);
  const reason = verdict.wouldDenyReason ?? verdict.reason;
  const none = { verdict, says: reasons[reason].says, matched: [], looked: 0, misses: [], mend: reasons[reason].mend };
  if (!(policy instanceof OpenedPolicy && verdict instanceof PolicyVerdict)) return none;
  const matched = matchedRules(policy, verdict);
  const row = policy.serviceRow(request.principal.service);
  if (row < 0) return { ...none, says: `no service \`${request.principal.service}\` is in this policy` };
  const rules = rulesOfOwner(policy, owner.firstService + row);
  const misses = rules
    .map(({ target, rule }) => ({ ...rule, ...nearMiss(target, request.destination) }))
    .filter(({ distance, list }) => list === 'allow' && distance > 0 && distance < farthestMiss)
    .sort((a, b) => a.distance - b.distance || (a.id < b.id ? -1 : 1))
    .slice(0, mostMisses)
    .map(({ distance: _, ...miss }): ExplainedMiss => miss);
  const mend = reason === 'no_rule_matched' ? mendMiss(request, misses[0]) : reasons[reason].mend;
  return { ...none, matched, looked: rules.length, misses, mend };
}

function matchedRules(policy: OpenedPolicy, { pairs }: PolicyVerdict): readonly ExplainedRule[] {
  const rules: ExplainedRule[] = [];
  for (let i = 0; i < pairs.length; i += 2)
    rules.push(explainedRule(policy, pairs[i] as number, pairs[i + 1] as number));
  return rules;
}

function mendMiss({ principal, destination }: DecisionRequest, nearest: ExplainedMiss | undefined): string {
  const add = `add \`- { to: "${wantedTarget(destination)}", reason: … }\` to \`allow\` of \`${principal.service}\``;
  return nearest === undefined ? add : `${add}, or widen \`${nearest.to}\` in ${nearest.file}:${nearest.line}`;
}

function wantedTarget({ host, port, protocol }: Destination): string {
  const scheme = protocol === null || protocol === 'tls' ? '' : `${protocol}://`;
  const text = host.kind === 'address' && host.address.family === 6 ? `[${hostText(host)}]` : hostText(host);
  return `${scheme}${text}:${port ?? 443}`;
}
