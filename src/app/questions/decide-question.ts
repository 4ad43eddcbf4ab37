import { failed, fault, ok, type Result } from '../../base/index.ts';
import { hostText, parseIpAddress, parseUserDestination } from '../../destination/index.ts';
import type { Resolver } from '../../enforcement/index.ts';
import type { Principal, Strength } from '../../identity/index.ts';
import {
  approveAddresses,
  type CompiledPolicy,
  type DecisionFacts,
  type DecisionRequest,
  decide,
  listIdentities,
  type NetworkFacts,
  type Reason,
  reasons,
  type Verdict,
} from '../../policy/index.ts';
import { type ToldExplanation, tellExplanation } from './told-explanation.ts';

/** What `exeat decide` asks. `as` is a service or an identity text; `atMs` is epoch milliseconds, null for now. */
export interface DecideAsk {
  readonly as: string;
  readonly to: string;
  readonly atMs: number | null;
  readonly strength: Strength | null;
  readonly source: string | null;
  readonly isResolving: boolean;
}

/** What the proxy would answer, and why. `addresses` is null where nothing was resolved. */
export interface DecideAnswer {
  readonly verdict: 'allow' | 'deny';
  readonly reason: Reason;
  readonly says: string;
  readonly mend: string;
  readonly wouldDeny: boolean;
  readonly wouldDenyReason: Reason | null;
  readonly mode: string | null;
  readonly class: string | null;
  readonly ruleIds: readonly string[];
  readonly policyVersion: string | null;
  readonly principal: Pick<Principal, 'service' | 'identity' | 'strength'> | null;
  readonly destination: string;
  readonly addresses: { readonly approved: readonly string[]; readonly refused: readonly string[] } | null;
  readonly failure: string | null;
  readonly explanation: ToldExplanation | null;
}

/** What deciding needs. The same parts that the listener has. */
export interface DecideParts {
  readonly policy: CompiledPolicy | null;
  readonly facts: DecisionFacts;
  readonly network: NetworkFacts;
  readonly resolver: Resolver;
  readonly now: () => number;
}

/**
 * Answers what the wire would answer: by name first, and only an allowed name is resolved and its addresses judged.
 * Faults: the spelling of `to`, `source` or `as`.
 */
export async function answerDecide(ask: DecideAsk, parts: DecideParts): Promise<Result<DecideAnswer>> {
  const destination = parseUserDestination(ask.to);
  if (!destination.ok) return destination;
  const to = `${hostText(destination.value.host)}:${destination.value.port}`;
  if (parts.policy === null) return ok(plainDenial('no_policy', to, null));
  const source = readSource(ask.source);
  if (!source.ok) return source;
  const principal = findPrincipal(parts.policy, ask, source.value);
  if (principal === null)
    return ok({ ...plainDenial('identity_unknown', to, parts.policy.version), ...notFound(ask.as) });
  const request = { principal, destination: destination.value, facts: parts.facts, now: ask.atMs ?? parts.now() };
  const verdict = decide(parts.policy, request);
  const answer = { ...base(verdict, principal, to), explanation: tellExplanation(parts.policy, request) };
  return ok(verdict.verdict === 'deny' || !ask.isResolving ? answer : await approve(answer, request, verdict, parts));
}

// A name without a colon was meant to be a service: nothing was proven that a service could list.
function notFound(as: string): Partial<DecideAnswer> {
  if (as.includes(':')) return {};
  return {
    says: `\`${as}\` is no service of the policy`,
    mend: `write a service, or an identity as the policy spells it, such as \`credential:${as}\``,
  };
}

function base(verdict: Verdict, principal: Principal, destination: string): DecideAnswer {
  const { service, identity, strength } = principal;
  return {
    ...plainDenial(verdict.reason, destination, verdict.policyVersion),
    verdict: verdict.verdict,
    wouldDeny: verdict.wouldDeny,
    wouldDenyReason: verdict.wouldDenyReason,
    mode: verdict.mode,
    class: verdict.class,
    ruleIds: verdict.ruleIds,
    principal: { service, identity, strength },
  };
}

function plainDenial(reason: Reason, destination: string, policyVersion: string | null): DecideAnswer {
  return {
    verdict: 'deny',
    reason,
    says: reasons[reason].says,
    mend: reasons[reason].mend,
    wouldDeny: false,
    wouldDenyReason: null,
    mode: null,
    class: null,
    ruleIds: [],
    policyVersion,
    principal: null,
    destination,
    addresses: null,
    failure: null,
    explanation: null,
  };
}

function readSource(text: string | null): Result<string | null> {
  if (text === null) return ok(null);
  const parsed = parseIpAddress(text);
  return parsed.ok ? ok(parsed.value.text) : failed(fault('source_malformed', parsed.fault.message));
}

/** The first identity of a service stands for it, as in the tests of policy documents; `--strength` says otherwise. */
export function findPrincipal(
  policy: CompiledPolicy,
  ask: Pick<DecideAsk, 'as' | 'strength'>,
  source: string | null,
): Principal | null {
  const [listed] = listIdentities(policy, ask.as);
  if (listed === undefined) return null;
  return {
    service: listed.service,
    identity: listed.text,
    strength: ask.strength ?? listed.strength,
    source,
    expiresAt: null,
  };
}

async function approve(
  answer: DecideAnswer,
  request: DecisionRequest,
  verdict: Verdict,
  parts: DecideParts,
): Promise<DecideAnswer> {
  const { host } = request.destination;
  if (parts.policy === null) return answer;
  const resolved =
    host.kind === 'address' ? ok({ addresses: [host.address] }) : await parts.resolver.resolve(host.name);
  if (!resolved.ok) return { ...answer, failure: `resolver_failed: ${resolved.fault.message}` };
  const { addresses } = resolved.value;
  const approval = approveAddresses(parts.policy, request, verdict, { addresses, network: parts.network });
  const seen = {
    approved: approval.approved.map((one) => one.address.text),
    refused: approval.refused.map((one) => `${one.address.text} (${one.reason})`),
  };
  // As on the wire: an allow by way of `localOrigins` says so.
  const { says, mend } = reasons[approval.reason];
  const told = { ...answer, reason: approval.reason, says, mend, addresses: seen };
  return approval.approved.length > 0 ? told : { ...told, verdict: 'deny' };
}
