import { type Fault, failed, fault, ok, quoteInput, type Result } from '../../base/index.ts';
import type { CompiledPolicy } from '../compiled-policy.ts';
import { owner } from '../format/layout.ts';
import type { OpenedGrant } from '../grant-index.ts';
import { OpenedPolicy } from '../open-policy.ts';
import {
  addCuts,
  addressAt,
  type Cuts,
  cellsOf,
  type Family,
  families,
  joinSpans,
  type Span,
  sortPlaces,
  spanOfBlock,
  wholeLine,
  witnessOf,
} from './address-line.ts';
import { keyOfPorts, type PlaneQuestion, ReachAsker, type ReachedPorts } from './ask-reach.ts';
import { SpanJoiner } from './join-spans.ts';
import { planeGrantsOf } from './plane-grants.ts';
import { isObservedAt, planeIndexOf } from './plane-index.ts';
import { PortCuts } from './port-cuts.ts';

/** Addresses and ports that a service may reach by address alone; `from` and `to` are canonical text, both included. */
export interface PlaneEntry extends ReachedPorts {
  readonly family: Family;
  readonly from: string;
  readonly to: string;
}

/** How far a plane is computed. */
export interface PlaneOptions {
  /** The most questions to the evaluator; past it the plane is a fault. Default 1,000,000, some seconds. */
  readonly mostQuestions?: number;
}

const mostQuestionsByDefault = 1_000_000;

/**
 * What a principal may reach by address, as `tcp` or `udp` that nothing reads: runs that are apart, in order of family and address. The
 * lines of addresses are cut wherever an entry, a grant, a segment or a built-in range begins or ends, and so are the ports; `decide` and
 * `approveAddresses` are asked once for each cell, and cells that are reached alike are joined. INVARIANT: an address with a port is in
 * the plane exactly when the evaluator lets it through by that address, but for two things that a packet filter cannot do:
 *
 * - a grant with a bound of bytes (every break-glass) gives no entry: nothing would count its bytes. It holds in the proxy and in listeners;
 * - addresses of `isatapForm` are never meant, though runs of whole networks span them: refuse that form before the plane is read.
 *
 * Rules for `tls` and `http` give no entry: they are read by name. What an ended grant may leave open for its `drainMs` is not here: the
 * plane says what may begin. Fault: `plane_too_large`.
 */
export function addressPlane(
  policy: CompiledPolicy,
  question: PlaneQuestion,
  { mostQuestions = mostQuestionsByDefault }: PlaneOptions = {},
): Result<readonly PlaneEntry[], Fault<'plane_too_large'>> {
  const row = policy instanceof OpenedPolicy ? policy.serviceRow(question.principal.service) : -1;
  if (!(policy instanceof OpenedPolicy) || row < 0) return ok([]);
  const plan = createPlan(policy, row, question);
  const entries: PlaneEntry[] = [];
  for (const family of families) {
    const found = entriesOf(plan, family, mostQuestions);
    if (found === null) return tooLarge(question.principal.service, mostQuestions);
    for (const entry of found) entries.push(entry);
  }
  return ok(entries);
}

/** The entries of one family; null where it takes too many questions. */
function entriesOf(plan: Plan, family: Family, mostQuestions: number): readonly PlaneEntry[] | null {
  const joiner = new SpanJoiner<ReachedPorts>();
  for (const cell of cellsOfPlan(plan, family)) {
    // A cell costs as much as a question, also where it asks none.
    plan.asker.asked += 1;
    if (plan.asker.asked > mostQuestions) return null;
    for (const reached of reachedIn(plan, family, cell)) joiner.add(cell, keyOfPorts(reached), reached);
  }
  return joiner.finish().map(({ span, value }) => {
    return { family, from: textAt(family, span.first), to: textAt(family, span.last), ...value };
  });
}

/** What the cells of one plane share. */
interface Plan {
  readonly policy: OpenedPolicy;
  readonly ownerIndex: number;
  readonly asker: ReachAsker;
  readonly grants: readonly AddressGrant[];
  readonly isObserved: boolean;
  /** Where anything may be allowed at all. */
  readonly reaches: Readonly<Record<Family, readonly Span[]>>;
  /** Where the answer may change for this service, sorted, beside what the policy shares. */
  readonly own: Readonly<Record<Family, readonly bigint[]>>;
  readonly ports: PortCuts;
}

interface AddressGrant extends Span {
  readonly family: Family;
  readonly opened: OpenedGrant;
}

function createPlan(policy: OpenedPolicy, row: number, question: PlaneQuestion): Plan {
  const { principal, facts, network, now } = question;
  const ownerIndex = owner.firstService + row;
  const index = planeIndexOf(policy);
  const grants = addressGrants(planeGrantsOf(facts.grants, principal.service));
  const cuts: Cuts = { 4: [], 6: [] };
  const blocks = index.blocksOf(ownerIndex);
  for (const each of [...blocks, ...grants]) addCuts(cuts, each.family, each);
  for (const { family, words } of network.ownAddresses) {
    addCuts(cuts, family, spanOfBlock(family, family === 4 ? 32 : 128, words));
  }
  const isObserved = isObservedAt(policy, row, now);
  const openings = [...blocks, ...index.memberBlocksOf(ownerIndex)].filter(({ isOpen }) => isOpen);
  const reachesOf = (family: Family): readonly Span[] =>
    isObserved ? [wholeLine[family]] : joinSpans([...openings, ...grants].filter((each) => each.family === family));
  return {
    policy,
    ownerIndex,
    asker: new ReachAsker(policy, question),
    grants,
    isObserved,
    reaches: { 4: reachesOf(4), 6: reachesOf(6) },
    own: { 4: sortPlaces(cuts[4]), 6: sortPlaces(cuts[6]) },
    ports: new PortCuts(policy.view),
  };
}

function addressGrants(grants: readonly OpenedGrant[]): readonly AddressGrant[] {
  return grants.flatMap((opened) => {
    const { host, protocol } = opened.target;
    if (host.kind !== 'prefix' || (protocol !== 'tcp' && protocol !== 'udp')) return [];
    const { family, words } = host.prefix.first;
    return [{ family, opened, ...spanOfBlock(family, host.prefix.length, words) }];
  });
}

function cellsOfPlan({ policy, reaches, own }: Plan, family: Family): readonly Span[] {
  const shared = planeIndexOf(policy).shared[family];
  return reaches[family].flatMap((span) => [...cellsOf(span, shared, own[family])]);
}

function reachedIn(plan: Plan, family: Family, cell: Span): readonly ReachedPorts[] {
  const address = witnessOf(family, cell);
  if (address === null) return [];
  const { asker, ports } = plan;
  ports.clear();
  if (plan.isObserved) ports.openAll();
  ports.addAddress(address, plan.ownerIndex);
  for (const grant of plan.grants) {
    if (grant.family === family && grant.first <= cell.first && cell.last <= grant.last) ports.addGrant(grant.opened);
  }
  const [runs = []] = asker.reachedPorts({ kind: 'address', address }, [address], ports);
  return runs;
}

function textAt(family: Family, place: bigint): string {
  return addressAt(family, place).text;
}

function tooLarge(service: string, most: number): Result<never, Fault<'plane_too_large'>> {
  const message = `what ${quoteInput(service)} reaches by address takes more than ${most} questions: name fewer blocks and ports in its entries, or in the boundary and the documents that its blocks meet`;
  return failed(fault('plane_too_large', message));
}
