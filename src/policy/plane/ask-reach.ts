import type { Destination, IpAddress } from '../../destination/index.ts';
import type { Principal } from '../../identity/index.ts';
import { approveAddresses } from '../approve-address.ts';
import type { NetworkFacts } from '../compiled-policy.ts';
import { decide } from '../decide.ts';
import type { OpenedPolicy } from '../open-policy.ts';
import type { DecisionFacts, DecisionRequest } from '../verdict.ts';
import { planeFacts } from './plane-grants.ts';
import { type OpaqueProtocol, opaqueProtocols, type PortCuts, type PortRun } from './port-cuts.ts';

/** What a plane is asked for: who, and what holds at this moment. `now` is epoch milliseconds. */
export interface PlaneQuestion {
  readonly principal: Principal;
  readonly facts: DecisionFacts;
  readonly network: NetworkFacts;
  readonly now: number;
}

/**
 * How something may be reached. `observe`: only because the service is observed; it would be denied. `grantIds` are the grants that
 * alone justify it: any one of them does, and nothing else; empty where a rule or observing does. At most 16, those with most time left: when
 * one of them is over, ask again.
 */
export interface Reach {
  readonly verdict: 'allow' | 'observe';
  readonly grantIds: readonly string[];
}

/** A destination as packets show it. */
interface OpaqueDestination {
  readonly host: Destination['host'];
  readonly port: number;
  readonly protocol: OpaqueProtocol;
}

/** Asks the one evaluator, and counts how often. */
export class ReachAsker {
  /** Questions so far. */
  asked = 0;
  readonly #policy: OpenedPolicy;
  readonly #question: PlaneQuestion;
  readonly #facts: DecisionFacts;

  constructor(policy: OpenedPolicy, question: PlaneQuestion) {
    this.#policy = policy;
    this.#question = question;
    this.#facts = planeFacts(question.facts, question.principal.service);
  }

  /** At which ports each address may be reached for a host, in order of protocol and port. Asks once for each stretch of ports. */
  reachedPorts(
    host: Destination['host'],
    addresses: readonly IpAddress[],
    ports: PortCuts,
  ): readonly (readonly ReachedPorts[])[] {
    const runs = addresses.map((): ReachedPorts[] => []);
    for (const protocol of opaqueProtocols) {
      for (const run of ports.cells(protocol)) {
        const reaches = this.#ask({ host, port: run.from, protocol }, addresses);
        addReaches(runs, reaches, { protocol, ports: run });
      }
    }
    return runs;
  }

  /** How each address may be reached for a destination, null where it may not. */
  #ask(destination: OpaqueDestination, addresses: readonly IpAddress[]): readonly (Reach | null)[] {
    return this.#judge(destination, addresses, this.#facts).map((judged, index) => {
      if (judged === null || judged.grantId === null) return judged === null ? null : reachOf[judged.verdict];
      const grantIds = this.#grantsOf(destination, addresses[index] as IpAddress, judged.grantId);
      return { verdict: judged.verdict, grantIds };
    });
  }

  #judge(
    destination: OpaqueDestination,
    addresses: readonly IpAddress[],
    facts: DecisionFacts,
  ): readonly (Judged | null)[] {
    this.asked += 1;
    const { principal, network, now } = this.#question;
    const request: DecisionRequest = { principal, destination, facts, now };
    const decided = decide(this.#policy, request);
    if (decided.verdict === 'deny') return addresses.map(() => null);
    const { approved, admissions, grantIds } = approveAddresses(this.#policy, request, decided, { addresses, network });
    const verdict = decided.wouldDeny ? 'observe' : 'allow';
    let next = 0;
    return addresses.map((address) => {
      // What is approved comes in the order of what was asked.
      if (approved[next]?.address !== address) return null;
      const at = next;
      next += 1;
      return admissions[at]?.[destination.protocol] === true ? { verdict, grantId: grantIds[at] ?? null } : null;
    });
  }

  /** Every grant that would justify the same if those before it did not. */
  #grantsOf(destination: OpaqueDestination, address: IpAddress, first: string): readonly string[] {
    const found = new Set([first]);
    while (found.size < mostGrantIds) {
      const facts = { ...this.#facts, spent: new Set([...this.#facts.spent, ...found]) };
      const grantId = this.#judge(destination, [address], facts)[0]?.grantId ?? null;
      if (grantId === null) break;
      found.add(grantId);
    }
    return [...found].sort();
  }
}

/** What one question gives for one address. */
interface Judged {
  readonly verdict: Reach['verdict'];
  readonly grantId: string | null;
}

/** More grants than these for one place are many hands on one door: a list of them all would cost a question each. */
const mostGrantIds = 16;

const reachOf: Readonly<Record<Reach['verdict'], Reach>> = {
  allow: { verdict: 'allow', grantIds: [] },
  observe: { verdict: 'observe', grantIds: [] },
};

/** A run of ports with how it is reached. */
export interface ReachedPorts extends Reach {
  readonly protocol: OpaqueProtocol;
  readonly ports: PortRun;
}

function addReaches(
  runs: readonly ReachedPorts[][],
  reaches: readonly (Reach | null)[],
  at: Pick<ReachedPorts, 'protocol' | 'ports'>,
): void {
  for (const [index, reach] of reaches.entries()) {
    if (reach !== null) joinPorts(runs[index] ?? [], { ...at, ...reach });
  }
}

/** Adds ports to runs that rise: to the last one where it is reached alike and touches. */
function joinPorts(runs: ReachedPorts[], next: ReachedPorts): void {
  const before = runs.at(-1);
  if (before === undefined || before.ports.to + 1 !== next.ports.from || keyOfReach(before) !== keyOfReach(next)) {
    runs.push(next);
  } else runs[runs.length - 1] = { ...before, ports: { from: before.ports.from, to: next.ports.to } };
}

/** Equal for the same ports that are reached alike. */
export function keyOfPorts(reached: ReachedPorts): string {
  return `${keyOfReach(reached)} ${reached.ports.from}-${reached.ports.to}`;
}

function keyOfReach({ protocol, verdict, grantIds }: ReachedPorts): string {
  return grantIds.length === 0 ? `${protocol} ${verdict}` : `${protocol} ${verdict} ${JSON.stringify(grantIds)}`;
}
