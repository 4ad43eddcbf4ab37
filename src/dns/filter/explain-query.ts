import { failed, fault, ok, type Result } from '../../base/index.ts';
import type { Principal } from '../../identity/index.ts';
import type { Reason } from '../../policy/index.ts';
import { type DnsRecord, dnsTypes, readPlainName, typeName } from '../../wire/index.ts';
import { addressOfRecord } from '../lookup/address-data.ts';
import { type Answer, ageOf } from '../lookup/answer.ts';
import type { RpzMatch } from '../rpz/open-rpz.ts';
import type { FilterOptions } from './filter-options.ts';
import { type JudgedQuestion, judgeQuestion } from './judge-question.ts';
import { type ScreenedAnswer, screenAnswer } from './screen-answer.ts';
import { wellKnownAnswer } from './well-known.ts';

/** One step of a query, and what it came to. */
export interface ExplainedStep {
  readonly step: 'name' | 'policy' | 'response-zone' | 'answer' | 'alias' | 'address' | 'reply';
  readonly says: string;
}

/** What a query would come to, step by step. `isTold`: whether anything of an answer would leave. */
export interface ExplainedQuery {
  readonly name: string;
  readonly type: string;
  readonly service: string;
  readonly isTold: boolean;
  readonly reason: Reason | null;
  readonly steps: readonly ExplainedStep[];
  readonly records: readonly string[];
}

/** What is to be explained; `name` lower-case without a last dot. */
export interface QueryToExplain {
  readonly name: string;
  readonly type: number;
  readonly principal: Principal;
}

/**
 * Walks the steps of a query by the functions that answer it, writes no record and tells no gateway. INVARIANT: what is denied by name is
 * asked of nobody here either. Fault: `no_policy`.
 */
export async function explainQuery(options: FilterOptions, asked: QueryToExplain): Promise<Result<ExplainedQuery>> {
  const trail: Trail = { asked, steps: [] };
  const known = wellKnownAnswer(asked.name);
  if (known !== null) {
    say(trail, 'name', `it is asked to find out whether to use another resolver, and answered with ${known}`);
    return ok(end(trail, null, []));
  }
  const policy = options.policy.current();
  if (policy === null) return failed(fault('no_policy', 'no policy is in force'));
  const judged = judgeQuestion(options, policy, asked.principal, { ...asked, nowMs: options.clock.now() });
  const zone = options.zones().matchQuestion(asked.name, null);
  const denied = explainQuestion(trail, judged, zone);
  return ok(denied ?? (await explainAnswer(options, trail, judged, zone)));
}

/** The steps so far. */
interface Trail {
  readonly asked: QueryToExplain;
  readonly steps: ExplainedStep[];
}

function say({ steps }: Trail, step: ExplainedStep['step'], says: string): void {
  steps.push({ step, says });
}

function end(
  { asked, steps }: Trail,
  reason: Reason | null,
  records: readonly DnsRecord[] | null = null,
): ExplainedQuery {
  const { name, type, principal } = asked;
  const head = { name, type: typeName(type), service: principal.service };
  return { ...head, isTold: records !== null, reason, steps, records: (records ?? []).map(recordText) };
}

/** What the policy and the zones say of the question; null: it is let through. */
function explainQuestion(trail: Trail, { verdict }: JudgedQuestion, zone: RpzMatch | null): ExplainedQuery | null {
  const rules = verdict.ruleIds.length === 0 ? '' : ` by ${verdict.ruleIds.join(', ')}`;
  const wouldBe = verdict.wouldDeny ? ` (enforce would say ${verdict.wouldDenyReason})` : '';
  say(trail, 'policy', `${verdict.verdict}: ${verdict.reason}${rules}${wouldBe}`);
  if (verdict.verdict === 'deny') return end(trail, verdict.reason);
  if (zone === null) return null;
  say(trail, 'response-zone', matchText(zone));
  // By TCP, as over TLS and HTTPS, `tcp_only` lets pass.
  return zone.action.kind === 'passthru' || zone.action.kind === 'tcp_only'
    ? null
    : end(trail, 'response_policy_denied');
}

async function explainAnswer(
  options: FilterOptions,
  trail: Trail,
  judged: JudgedQuestion,
  zone: RpzMatch | null,
): Promise<ExplainedQuery> {
  const { name, type } = trail.asked;
  const atHand = options.lookup.atHand(name, type, options.clock.now());
  const found = atHand === null ? await options.lookup.ask(name, type) : ok({ answer: atHand, isStale: false });
  if (!found.ok) {
    say(trail, 'answer', `nobody could say: ${found.fault.message}`);
    return end(trail, null);
  }
  const { answer, isStale } = found.value;
  const age = atHand === null ? null : ageOf(answer, options.clock.now());
  say(trail, 'answer', whence(answer, age, isStale));
  for (const link of answer.links) say(trail, 'alias', `leads to ${link}`);
  return explainScreened(trail, screenAnswer(options, judged, answer, zone));
}

function explainScreened(trail: Trail, screened: ScreenedAnswer): ExplainedQuery {
  const { removed, addresses, denied, zone, message } = screened;
  for (const { address, reason, why } of removed) say(trail, 'address', `${address} is taken out: ${reason}, ${why}`);
  for (const { text } of addresses) say(trail, 'address', `${text} may be dialled`);
  if (denied !== null) {
    say(trail, 'alias', `${denied.link} is denied: ${denied.verdict.reason}`);
    return end(trail, denied.verdict.reason);
  }
  if (zone !== null) {
    say(trail, 'response-zone', matchText(zone));
    return end(trail, 'response_policy_denied');
  }
  const [first] = removed;
  if (message.answers.length === 0 && first !== undefined) return end(trail, first.reason);
  say(trail, 'reply', countText(message.answers.length));
  return end(trail, null, message.answers);
}

function countText(records: number): string {
  if (records === 0) return 'there is nothing of this type';
  return records === 1 ? '1 record' : `${records} records`;
}

function whence({ from, server }: Answer, ageSeconds: number | null, isStale: boolean): string {
  const place = server === null ? `from ${from}` : `from ${server}`;
  if (isStale) return `${place}, past its time: nobody has a newer one`;
  return ageSeconds === null || server === null ? place : `${place}, at hand for ${ageSeconds} s`;
}

function matchText({ zone, trigger, action }: RpzMatch): string {
  return `${trigger} of ${zone}: ${action.kind}`;
}

function recordText(record: DnsRecord): string {
  const { name, type, ttl, data } = record;
  const address = addressOfRecord(record)?.text;
  const target = type === dnsTypes.cname || type === dnsTypes.ptr ? readPlainName(data, 0)?.text : undefined;
  return `${name} ${ttl} ${typeName(type)} ${address ?? target ?? `${data.length} bytes`}`;
}
