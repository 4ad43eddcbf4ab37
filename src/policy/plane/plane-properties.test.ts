import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  type PlaneCase,
  planeNetwork,
  someEdgeAddress,
  someEdgePort,
  someOpaque,
  somePlaneCase,
} from '../../../test/support/plane-cases.ts';
import { addressOf } from '../../../test/support/policy-fixture.ts';
import { type Destination, type IpAddress, isIsatap } from '../../destination/index.ts';
import {
  addressPlane,
  approveAddresses,
  decide,
  namePlane,
  openGrants,
  type PlaneEntry,
  type Reach,
} from '../index.ts';
import { placeOf } from './address-line.ts';

/** What the evaluator says of one packet, where grants with a bound of bytes do not exist. */
function asked(
  { policy, question, grants }: PlaneCase,
  host: Destination['host'],
  address: IpAddress,
  at: At,
): { readonly verdict: string; readonly grantId: string | null } {
  const unbounded = grants.filter(({ bytesUp, bytesDown }) => bytesUp === null && bytesDown === null);
  const facts = { ...question.facts, grants: openGrants(unbounded, [{ id: 'd', why: 'suspended' }]) };
  const request = { ...question, facts, destination: { host, ...at } };
  const verdict = decide(policy, request);
  const answer = approveAddresses(policy, request, verdict, { addresses: [address], network: planeNetwork });
  if (answer.admissions[0]?.[at.protocol] !== true) return { verdict: 'deny', grantId: null };
  return { verdict: verdict.wouldDeny ? 'observe' : 'allow', grantId: answer.grantIds[0] ?? null };
}

type At = { readonly port: number; readonly protocol: 'tcp' | 'udp' };

function isAt({ protocol, ports }: Pick<PlaneEntry, 'protocol' | 'ports'>, at: At): boolean {
  return protocol === at.protocol && at.port >= ports.from && at.port <= ports.to;
}

function holds(entry: PlaneEntry, { family, words }: IpAddress): boolean {
  const place = placeOf(words);
  const isIn = place >= placeOf(addressOf(entry.from).words) && place <= placeOf(addressOf(entry.to).words);
  return entry.family === family && isIn;
}

const someProbe = fc.record({ address: someEdgeAddress, port: someEdgePort, protocol: someOpaque });
const someProbes = fc.array(someProbe, { minLength: 60, maxLength: 60 });

/** Compares what a plane has for one packet with what the evaluator says; true where it lets the packet through. */
function compare(found: readonly Reach[], expected: ReturnType<typeof asked>, packet: string): boolean {
  assert.ok(found.length <= 1, 'entries are apart');
  const [entry] = found;
  assert.equal(entry?.verdict ?? 'deny', expected.verdict, packet);
  if (expected.grantId === null) assert.deepEqual(entry?.grantIds ?? [], [], packet);
  else assert.ok(entry?.grantIds.includes(expected.grantId), packet);
  return found.length > 0;
}

test('INVARIANT: an address with a port is in the address plane exactly when the evaluator lets it through', () => {
  let reached = 0;
  fc.assert(
    fc.property(somePlaneCase, someProbes, (each, probes) => {
      const plane = addressPlane(each.policy, each.question);
      assert.ok(plane.ok);
      for (const { address, ...packet } of probes.filter((probe) => !isIsatap(probe.address))) {
        const expected = asked(each, { kind: 'address', address }, address, packet);
        const found: readonly Reach[] = plane.value.filter((entry) => isAt(entry, packet) && holds(entry, address));
        if (compare(found, expected, `${address.text} ${JSON.stringify(packet)}`)) reached += 1;
      }
    }),
    { numRuns: 200 },
  );
  assert.ok(reached > 300, `${reached} probes were reached: the cases prove little`);
});

test('what the address plane has beside each other is reached differently', () => {
  fc.assert(
    fc.property(somePlaneCase, ({ policy, question }) => {
      const plane = addressPlane(policy, question);
      assert.ok(plane.ok);
      const ends = new Map<string, bigint>();
      for (const { family, from, to, ...reached } of plane.value) {
        const key = JSON.stringify([family, reached]);
        assert.notEqual((ends.get(key) ?? -2n) + 1n, placeOf(addressOf(from).words), key);
        ends.set(key, placeOf(addressOf(to).words));
      }
    }),
    { numRuns: 50 },
  );
});

test('INVARIANT: a told address with a port is in the name plane exactly when the evaluator lets it through', () => {
  let reached = 0;
  const someName = fc.constantFrom('example.com', 'a.example.com', 'b.a.example.com', 'example.net', 'metadata.goog');
  const someAddresses = fc.uniqueArray(someEdgeAddress, { minLength: 1, maxLength: 4, selector: ({ text }) => text });
  const somePackets = fc.array(fc.record({ port: someEdgePort, protocol: someOpaque }), { minLength: 15 });
  fc.assert(
    fc.property(somePlaneCase, someName, someAddresses, somePackets, (each, name, addresses, packets) => {
      const plane = namePlane(each.policy, { ...each.question, name, addresses });
      const pairs = addresses.flatMap((address) => packets.map((packet) => [address, packet] as const));
      for (const [address, packet] of pairs) {
        const expected = asked(each, { kind: 'name', name }, address, packet);
        const found: readonly Reach[] = plane.filter((entry) => entry.address === address.text && isAt(entry, packet));
        if (compare(found, expected, `${name} ${address.text} ${JSON.stringify(packet)}`)) reached += 1;
      }
    }),
    { numRuns: 400 },
  );
  assert.ok(reached > 300, `${reached} probes were reached: the cases prove little`);
});
