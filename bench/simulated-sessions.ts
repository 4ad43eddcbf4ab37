import {
  type CompiledPolicy,
  type DecisionFacts,
  type DecisionRecord,
  noFacts,
  openGrants,
  withEnded,
} from '../src/policy/index.ts';
import { LiveFlows, type LiveLink } from '../src/transport/index.ts';
import { grantOf } from '../test/support/grant-fixture.ts';
import { helloBytes } from '../test/support/hello-bytes.ts';
import { playPorts, type StandingSession, standSession } from '../test/support/play-session.ts';
import { type PolicySize, serviceName } from './decide-policy.ts';
import { type BenchResult, figure } from './harness.ts';

/** How many sessions stand beside each other, and how many of them live by the one grant that is revoked. */
export interface SessionSizes {
  readonly grants: number;
  readonly sessions: number;
  readonly cut: number;
}

const nowMs = 1_800_000_000_000;

/**
 * Plays conversations of the product up to their relay, without sockets, each let out by a grant, and revokes a grant: from the end being
 * known to the last of the sessions that lived by it being recorded and cut, by the room that does so at a point.
 */
export async function measureSessions(
  policy: CompiledPolicy,
  size: PolicySize,
  { grants, sessions, cut }: SessionSizes,
): Promise<readonly BenchResult[]> {
  const all = Array.from({ length: grants }, (_, at) =>
    grantOf(`g${at}`, `${hostOf(at)}:443`, {
      service: serviceName(at % size.services),
      notBefore: 0,
      notAfter: 2 * nowMs,
    }),
  );
  const index = openGrants(all, []);
  let facts: DecisionFacts = { ...noFacts, grants: index };
  const ports = playPorts({ policy, nowMs });
  const live = { ...ports, policy: { ...ports.policy, facts: () => facts } };
  const links = new Set<LiveLink>();
  const records: DecisionRecord[] = [];
  const lastCut = { at: 0 };
  // Spread among the others, as the sessions of a grant are.
  const isCut = (at: number): boolean => Math.floor((at * cut) / sessions) !== Math.floor(((at + 1) * cut) / sessions);
  for (let at = 0; at < sessions; at++) {
    const grant = isCut(at) ? 0 : 1 + (at % (grants - 1));
    const parts = [headOf(grant, size), helloBytes({ serverName: hostOf(grant) })];
    links.add(linkOf(standSession(live, parts), { links, records, lastCut }));
  }
  const flows = new LiveFlows({ ports: live, links: () => links, record: (record) => records.push(record) });
  for (const link of links) flows.changed(link);
  const revoke = async (ids: readonly string[], wanted: number): Promise<number> => {
    const began = performance.now();
    facts = {
      ...noFacts,
      grants: withEnded(
        facts.grants,
        ids.map((id) => ({ id, why: 'revoked' })),
      ),
    };
    const count = await flows.recheckAll();
    if (count !== wanted) throw new Error(`${count} sessions were cut, not ${wanted}`);
    return (lastCut.at - began) / 1_000;
  };
  const one = await revoke(['g0'], cut);
  const others = await revoke(
    all.slice(1).map(({ id }) => id),
    sessions - cut,
  );
  if (links.size > 0 || records.length !== 2 * sessions) throw new Error('not every session was cut and recorded');
  const name = (what: string): string => `${sessions} simulated sessions: ${what}`;
  return [
    figure({
      bench: 'control',
      figure: name(`revocation of one grant to the last of its ${cut} cuts`),
      value: one,
      unit: 's',
      atMost: 1,
    }),
    figure({
      bench: 'control',
      figure: name(`end of all others to the last of ${sessions - cut} cuts`),
      value: others,
      unit: 's',
    }),
  ];
}

interface Ends {
  readonly links: Set<LiveLink>;
  readonly records: DecisionRecord[];
  readonly lastCut: { at: number };
}

function linkOf(session: StandingSession, { links, records, lastCut }: Ends): LiveLink {
  const link: LiveLink = {
    get flow() {
      return session.facts.flow;
    },
    sourceAddress: session.facts.sourceAddress,
    bytesUp: 0,
    bytesDown: 0,
    reset: () => undefined,
    cut: (by) => {
      links.delete(link);
      records.push(...session.end(by));
      lastCut.at = performance.now();
    },
  };
  return link;
}

function hostOf(grant: number): string {
  return `granted-${grant}.example.org`;
}

function headOf(grant: number, { services }: PolicySize): Buffer {
  const proof = Buffer.from(`${serviceName(grant % services)}:secret`).toString('base64');
  return Buffer.from(`CONNECT ${hostOf(grant)}:443 HTTP/1.1\r\nProxy-Authorization: Basic ${proof}\r\n\r\n`);
}
