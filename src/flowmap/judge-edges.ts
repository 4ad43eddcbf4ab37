import {
  type DestinationClass,
  type IpAddress,
  type Protocol,
  parseIpAddress,
  registrableDomain,
} from '../destination/index.ts';
import type { Principal } from '../identity/index.ts';
import {
  approveAddresses,
  type CompiledPolicy,
  type DecisionRequest,
  decide,
  listIdentities,
  type Reason,
  type Verdict,
} from '../policy/index.ts';
import type { Edge } from './edge.ts';

/**
 * What a policy says of an edge. `uncertain`: the address may have had several names, and some of them are allowed; `not-judged`: traffic
 * that no rule speaks of (ICMP). A principal that no service is is denied as everybody unknown is.
 */
export interface EdgeJudgement {
  readonly verdict: 'allow' | 'deny' | 'uncertain' | 'not-judged';
  readonly reason: Reason | null;
  readonly class: DestinationClass;
  readonly wouldDeny: boolean;
  readonly ruleIds: readonly string[];
}

/** An edge with what the policy says of it; null without a policy. */
export interface JudgedEdge {
  readonly edge: Edge;
  readonly judgement: EdgeJudgement | null;
}

/** Asks the one evaluator about edges; remembers what a service proves itself with. */
export interface EdgeJudge {
  judge(edge: Edge): EdgeJudgement;
}

const facts = { revokedIdentities: new Set<string>() };
const tcp = 6;
const udp = 17;

/**
 * Makes a judge for a policy and an instant (epoch milliseconds). A flow of the past does not say how its principal was proven, so it is
 * judged with the strongest identity that the policy has for the service.
 */
export function createEdgeJudge(policy: CompiledPolicy, nowMs: number): EdgeJudge {
  const principals = new Map<string, Principal | null>();
  const principalOf = (service: string): Principal | null => {
    const known = principals.get(service);
    if (known !== undefined) return known;
    const found = strongestPrincipal(policy, service);
    principals.set(service, found);
    return found;
  };
  return {
    judge: (edge) => {
      const principal = principalOf(edge.principal);
      if (principal === null) return notJudged('identity_unknown');
      if (edge.protocol !== tcp && edge.protocol !== udp && edge.protocol !== 0) return notJudged(null);
      const from = { ...principal, source: edge.clients[0] ?? null };
      return judgeHosts(edge, (host) => judgeHost(policy, { principal: from, edge, host, nowMs }));
    },
  };
}

function strongestPrincipal(policy: CompiledPolicy, service: string): Principal | null {
  if (policy.service(service) === null) return null;
  const identities = listIdentities(policy, service).filter((one) => one.service === service);
  const best = identities.reduce<(typeof identities)[number] | null>(
    (found, one) => (found === null || order(one.strength) > order(found.strength) ? one : found),
    null,
  );
  return {
    service,
    identity: best?.text ?? `source:${service}`,
    strength: best?.strength ?? 'network',
    source: null,
    expiresAt: null,
  };
}

function order(strength: Principal['strength']): number {
  return ['network', 'shared-secret', 'token', 'certificate', 'step-up'].indexOf(strength);
}

function notJudged(reason: Reason | null): EdgeJudgement {
  return { verdict: reason === null ? 'not-judged' : 'deny', reason, class: 'ordinary', wouldDeny: false, ruleIds: [] };
}

// An address whose name is one of several is allowed for sure only when each of them is.
function judgeHosts(edge: Edge, judge: (host: string) => EdgeJudgement): EdgeJudgement {
  if (edge.isName || edge.candidates.length === 0) return judge(edge.destination);
  const judgements = edge.candidates.map(judge);
  const [first = judge(edge.destination)] = judgements;
  const allowed = judgements.filter(({ verdict }) => verdict === 'allow').length;
  if (allowed === judgements.length || allowed === 0) return first;
  return { ...first, verdict: 'uncertain', ruleIds: [...new Set(judgements.flatMap(({ ruleIds }) => ruleIds))].sort() };
}

interface HostQuestion {
  readonly principal: Principal;
  readonly edge: Edge;
  readonly host: string;
  readonly nowMs: number;
}

function judgeHost(policy: CompiledPolicy, { principal, edge, host, nowMs }: HostQuestion): EdgeJudgement {
  const address = parseIpAddress(host);
  const request: DecisionRequest = {
    principal,
    destination: {
      host: address.ok ? { kind: 'address', address: address.value } : { kind: 'name', name: host },
      port: edge.port > 0 ? edge.port : null,
      protocol: protocolOf(edge),
    },
    facts,
    now: nowMs,
  };
  const verdict = decide(policy, request);
  if (verdict.verdict === 'deny') return judgement(verdict, verdict.reason);
  if (!admits(verdict, edge)) return { ...judgement(verdict, 'no_rule_matched'), verdict: 'deny' };
  const addresses = address.ok ? [address.value] : addressesOf(edge);
  if (addresses.length === 0 || request.destination.port === null) return judgement(verdict, verdict.reason);
  const approval = approveAddresses(policy, request, verdict, { addresses, network: noNetwork });
  if (approval.approved.length > 0) return judgement(verdict, verdict.reason);
  return { ...judgement(verdict, approval.reason), verdict: 'deny' };
}

const noNetwork = { ownAddresses: [], localOrigins: [] };

/** Through the proxy all but plain requests and datagrams are tunnels. */
function protocolOf(edge: Edge): Protocol | null {
  if (edge.protocol === udp) return 'udp';
  return edge.application === 'http' ? 'http' : null;
}

// A tunnel is judged again by its first bytes; what was seen says what they would have been.
function admits({ admission, wouldDeny }: Verdict, edge: Edge): boolean {
  if (wouldDeny || edge.protocol === udp) return true;
  if (edge.application === 'tls') return admission.tls || admission.tcp;
  if (edge.application === 'http') return admission.http || admission.tcp;
  return edge.application === 'other' ? admission.tcp || admission.tls : true;
}

function addressesOf(edge: Edge): readonly IpAddress[] {
  return edge.addresses.flatMap((text) => {
    const parsed = parseIpAddress(text);
    return parsed.ok ? [parsed.value] : [];
  });
}

function judgement(verdict: Verdict, reason: Reason): EdgeJudgement {
  const { class: destinationClass, wouldDeny, ruleIds } = verdict;
  return { verdict: verdict.verdict, reason, class: destinationClass, wouldDeny, ruleIds };
}

/** What edges are grouped by: the registrable domain of a name, else the destination as it is. */
export function domainOf(edge: Pick<Edge, 'destination' | 'isName'>): string {
  return edge.isName ? (registrableDomain(edge.destination) ?? edge.destination) : edge.destination;
}
