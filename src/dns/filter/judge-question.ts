import { denied, wouldBeDenied } from '../../enforcement/index.ts';
import type { Principal } from '../../identity/index.ts';
import type { CompiledPolicy, DecisionRequest, Reason, Verdict } from '../../policy/index.ts';
import { dnsTypes, typeName } from '../../wire/index.ts';
import type { FilterOptions } from './filter-options.ts';

/** A question by name, as policy is asked about it. */
export interface AskedQuestion {
  readonly name: string;
  readonly type: number;
  /** When it is judged (epoch milliseconds). */
  readonly nowMs: number;
}

/** What the policy says of a question; `request` is what it was asked. */
export interface JudgedQuestion {
  readonly policy: CompiledPolicy;
  readonly request: DecisionRequest;
  readonly verdict: Verdict;
}

/** What every name that may be reached is asked for. Everything else can carry data, and a rule must name it. */
const usualTypes: ReadonlySet<number> = new Set([
  dnsTypes.a,
  dnsTypes.aaaa,
  dnsTypes.https,
  dnsTypes.svcb,
  dnsTypes.srv,
  dnsTypes.cname,
]);

/** A service on another port asks for `_8443._https.host` (RFC 9460 section 2.3): what is judged is the host. */
const portPrefix = /^_\d{1,5}\._https\./;
/** A service is asked for by `_imaps._tcp.host` (RFC 2782, names by RFC 6335 section 5.1). */
const servicePrefix = /^_[a-z0-9]([a-z0-9-]{0,13}[a-z0-9])?\._(tcp|udp|tls|sctp)\./;

/**
 * Judges a question before anybody is asked: the name as a destination without a port, then what is asked of it. INVARIANT: what is denied
 * here causes no query. Under observe a type that no rule names is let through and told.
 */
export function judgeQuestion(
  { policy: holder, judge, queryTypes }: FilterOptions,
  policy: CompiledPolicy,
  principal: Principal,
  { name, type, nowMs }: AskedQuestion,
): JudgedQuestion {
  const host = hostOf(name, type);
  const request: DecisionRequest = {
    principal,
    destination: { host: { kind: 'name', name: host }, port: null, protocol: null },
    facts: holder.facts(),
    now: nowMs,
  };
  const verdict = judge.decide(policy, request);
  if (verdict.verdict === 'deny' || usualTypes.has(type)) return { policy, request, verdict };
  const bit = queryTypes.indexOf(typeName(type) as (typeof queryTypes)[number]);
  const isNamed = bit >= 0 && ((verdict.admission.queries >> bit) & 1) === 1;
  if (isNamed) return { policy, request, verdict };
  const reason: Reason = 'query_type_denied';
  return {
    policy,
    request,
    verdict: verdict.mode === 'observe' ? wouldBeDenied(verdict, reason) : denied(verdict, reason),
  };
}

// Whether the name has a prefix is looked at only where a type has one.
function hostOf(name: string, type: number): string {
  const isOther = type === dnsTypes.https || type === dnsTypes.svcb;
  const isPrefixed = isOther ? portPrefix.test(name) : type === dnsTypes.srv && servicePrefix.test(name);
  return isPrefixed ? name.slice(name.indexOf('.', name.indexOf('.') + 1) + 1) : name;
}

/** Denies of the policy that hold on every name of a chain: an allow is for the question only, a deny is not led around by an alias. */
export function findDeniedLink(
  { judge }: Pick<FilterOptions, 'judge'>,
  { policy, request }: JudgedQuestion,
  links: readonly string[],
): { readonly link: string; readonly verdict: Verdict } | null {
  for (const link of links) {
    const destination = { host: { kind: 'name', name: link } as const, port: null, protocol: null };
    const verdict = judge.decide(policy, { ...request, destination });
    if (linkDenials.has(verdict.reason)) return { link, verdict };
  }
  return null;
}

const linkDenials: ReadonlySet<Reason> = new Set(['boundary_denied', 'rule_denied', 'decision_failed']);
