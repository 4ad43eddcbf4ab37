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
  type DecisionFacts,
  type DecisionRequest,
  decide,
  type ListedIdentity,
  listEveryIdentity,
  type NetworkFacts,
  noFacts,
  type Reason,
  type Verdict,
} from '../policy/index.ts';
import type { Edge, JudgeableEdge } from './edge.ts';

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
  judge(edge: JudgeableEdge): EdgeJudgement;
  /** Whether an edge that is judged with one of its addresses may be judged otherwise with all of them: any that is approved suffices. */
  hangsOnAddresses(edge: JudgeableEdge): boolean;
}

/** What is said where the name is allowed and the addresses are not approved. */
const addressReasons: ReadonlySet<Reason | null> = new Set([
  'address_forbidden',
  'environment_crossing',
  'decision_failed',
]);

const tcp = 6;
const udp = 17;

/**
 * Makes a judge for a policy and an instant (epoch milliseconds). A flow of the past does not say how its principal was proven, so it is
 * judged with the strongest identity that the policy has for the service. `localOrigins` are the loopback pairs that the configuration opens;
 * `facts` the exceptions of the instant, where they shall count: without them rules alone do.
 */
export function createEdgeJudge(
  policy: CompiledPolicy,
  nowMs: number,
  localOrigins: NetworkFacts['localOrigins'] = [],
  facts: DecisionFacts = noFacts,
): EdgeJudge {
  const network = { ownAddresses: [], localOrigins };
  const strongest = strongestIdentities(policy);
  const principals = new Map<string, Principal | null>();
  const principalOf = (service: string): Principal | null => {
    const known = principals.get(service);
    if (known !== undefined) return known;
    const made = policy.service(service) === null ? null : principalWith(service, strongest.get(service) ?? null);
    principals.set(service, made);
    return made;
  };
  const parse = createAddressCache();
  const judge: EdgeJudge['judge'] = (edge) => {
    const principal = principalOf(edge.principal);
    if (principal === null) return notJudged('identity_unknown');
    if (edge.protocol !== tcp && edge.protocol !== udp && edge.protocol !== 0) return notJudged(null);
    const from = { ...principal, source: edge.clients[0] ?? null };
    return judgeHosts(edge, (host) => judgeHost(policy, { principal: from, edge, host, nowMs, parse, network, facts }));
  };
  return { judge, hangsOnAddresses: (edge) => addressReasons.has(judge(edge).reason) };
}

type ParseAddress = (text: string) => IpAddress | null;

const mostCached = 100_000;

/** Many edges lead to few addresses: each text is parsed once, or again where there are too many to keep. */
function createAddressCache(): ParseAddress {
  const known = new Map<string, IpAddress | null>();
  return (text) => {
    const found = known.get(text);
    if (found !== undefined) return found;
    const parsed = parseIpAddress(text);
    const address = parsed.ok ? parsed.value : null;
    if (known.size >= mostCached) known.clear();
    known.set(text, address);
    return address;
  };
}

// All at once: asking service by service would read every identity as often as there are services.
function strongestIdentities(policy: CompiledPolicy): ReadonlyMap<string, ListedIdentity> {
  const strongest = new Map<string, ListedIdentity>();
  for (const identity of listEveryIdentity(policy)) {
    const found = strongest.get(identity.service);
    if (found === undefined || order(identity.strength) > order(found.strength))
      strongest.set(identity.service, identity);
  }
  return strongest;
}

function principalWith(service: string, best: ListedIdentity | null): Principal {
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
function judgeHosts(edge: JudgeableEdge, judge: (host: string) => EdgeJudgement): EdgeJudgement {
  if (edge.isName || edge.candidates.length === 0) return judge(edge.destination);
  const judgements = edge.candidates.map(judge);
  const [first = judge(edge.destination)] = judgements;
  const allowed = judgements.filter(({ verdict }) => verdict === 'allow').length;
  if (judgements.length === 1 || allowed === 0) return first;
  const ruleIds = [...new Set(judgements.flatMap((one) => one.ruleIds))].sort();
  return allowed === judgements.length ? { ...first, ruleIds } : { ...first, verdict: 'uncertain', ruleIds };
}

interface HostQuestion {
  readonly principal: Principal;
  readonly edge: JudgeableEdge;
  readonly host: string;
  readonly nowMs: number;
  readonly parse: ParseAddress;
  readonly network: NetworkFacts;
  readonly facts: DecisionFacts;
}

function judgeHost(policy: CompiledPolicy, question: HostQuestion): EdgeJudgement {
  const { principal, edge, host, nowMs, parse, network, facts } = question;
  const address = parse(host);
  const request: DecisionRequest = {
    principal,
    destination: {
      host: address === null ? { kind: 'name', name: host } : { kind: 'address', address },
      port: edge.port > 0 ? edge.port : null,
      protocol: protocolOf(edge),
    },
    facts,
    now: nowMs,
  };
  const verdict = decide(policy, request);
  if (verdict.verdict === 'deny') return judgement(verdict, verdict.reason);
  if (!admits(verdict, edge)) return { ...judgement(verdict, 'no_rule_matched'), verdict: 'deny' };
  const addresses = address === null ? addressesOf(edge, parse) : [address];
  if (addresses.length === 0 || request.destination.port === null) return judgement(verdict, verdict.reason);
  const approval = approveAddresses(policy, request, verdict, { addresses, network });
  if (approval.approved.length > 0) return judgement(verdict, verdict.reason);
  return { ...judgement(verdict, approval.reason), verdict: 'deny' };
}

/** Through the proxy all but plain requests and datagrams are tunnels. */
function protocolOf(edge: JudgeableEdge): Protocol | null {
  if (edge.protocol === udp) return 'udp';
  return edge.application === 'http' ? 'http' : null;
}

// A tunnel is judged again by its first bytes; what was seen says what they would have been.
function admits({ admission, wouldDeny }: Verdict, edge: JudgeableEdge): boolean {
  if (wouldDeny || edge.protocol === udp) return true;
  if (edge.application === 'tls') return admission.tls || admission.tcp;
  if (edge.application === 'http') return admission.http || admission.tcp;
  return edge.application === 'other' ? admission.tcp || admission.tls : true;
}

function addressesOf(edge: JudgeableEdge, parse: ParseAddress): readonly IpAddress[] {
  return edge.addresses.flatMap((text) => parse(text) ?? []);
}

function judgement(verdict: Verdict, reason: Reason): EdgeJudgement {
  const { class: destinationClass, wouldDeny, ruleIds } = verdict;
  return { verdict: verdict.verdict, reason, class: destinationClass, wouldDeny, ruleIds };
}

/** What edges are grouped by: the registrable domain of a name, else the destination as it is. */
export function domainOf(edge: Pick<Edge, 'destination' | 'isName'>): string {
  return edge.isName ? (registrableDomain(edge.destination) ?? edge.destination) : edge.destination;
}
