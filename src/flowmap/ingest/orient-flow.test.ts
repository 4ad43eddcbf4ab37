import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { createFlowDraft } from '../flow-draft.ts';
import type { InitiatorProof } from '../observation.ts';
import { type DirectedRecord, orientFlow } from './orient-flow.ts';

const inside = 1;
const outside = 2;

function orient(record: Partial<DirectedRecord>) {
  const draft = createFlowDraft();
  orientFlow(draft, {
    source: inside,
    sourcePort: 51_000,
    destination: outside,
    destinationPort: 443,
    bytes: 100,
    bytesBack: -1,
    opener: null,
    tcpFlags: -1,
    ...record,
  });
  const { client, address, port, bytesUp, bytesDown, isReply, initiator } = draft;
  return { client, address, port, bytesUp, bytesDown, isReply, initiator };
}

test('a record of the request direction stands as it is', () => {
  assert.deepEqual(orient({}), {
    client: inside,
    address: outside,
    port: 443,
    bytesUp: 100,
    bytesDown: -1,
    isReply: false,
    initiator: 'ports',
  });
});

test('a record of the reply direction has sides and bytes turned round', () => {
  assert.deepEqual(
    orient({ source: outside, sourcePort: 443, destination: inside, destinationPort: 51_000, bytesBack: 7 }),
    {
      client: inside,
      address: outside,
      port: 443,
      bytesUp: 7,
      bytesDown: 100,
      isReply: true,
      initiator: 'ports',
    },
  );
});

/** Stated opener, TCP flags, both ports; whether it is a reply, and how that is known. */
const rule: readonly (readonly [DirectedRecord['opener'], number, number, number, boolean, InitiatorProof])[] = [
  // What the record states comes before flags and ports.
  ['source', 18, 443, 51_000, false, 'stated'],
  ['destination', 2, 51_000, 443, true, 'stated'],
  // SYN alone is of who opened; SYN and ACK of who answered.
  [null, 2, 443, 51_000, false, 'flags'],
  [null, 3, 443, 51_000, false, 'flags'],
  [null, 18, 51_000, 443, true, 'flags'],
  [null, 19, 51_000, 443, true, 'flags'],
  // Without a SYN flags say nothing.
  [null, 16, 443, 51_000, true, 'ports'],
  [null, 1, 51_000, 443, false, 'ports'],
  [null, 0, 443, 51_000, true, 'ports'],
  // The lower port serves, where one is below 1024; else the one that is no port of clients.
  [null, -1, 51_000, 8443, false, 'ports'],
  [null, -1, 8443, 51_000, true, 'ports'],
  [null, -1, 8443, 443, false, 'ports'],
  [null, -1, 443, 8443, true, 'ports'],
  // With nothing to tell them apart the direction of the record stands.
  [null, -1, 53, 123, false, 'ports'],
  [null, -1, 5432, 8080, false, 'ports'],
  [null, -1, 50_000, 51_000, false, 'ports'],
  // Protocols without ports, and records without them.
  [null, -1, 0, 0, false, 'ports'],
  [null, -1, -1, 443, false, 'ports'],
  [null, -1, 443, -1, false, 'ports'],
];

test('who opened is what is stated, then what flags show, then what ports suggest', () => {
  for (const [opener, tcpFlags, sourcePort, destinationPort, isReply, initiator] of rule) {
    const found = orient({ opener, tcpFlags, sourcePort, destinationPort });
    assert.deepEqual(
      [found.isReply, found.initiator],
      [isReply, initiator],
      `${opener} ${tcpFlags} ${sourcePort} ${destinationPort}`,
    );
    assert.equal(found.client, isReply ? outside : inside);
    assert.equal(found.port, isReply ? sourcePort : destinationPort);
  }
});

test('the two records of a connection tell the same of it, whichever is seen first', () => {
  const port = fc.integer({ min: 1, max: 65_535 });
  fc.assert(
    fc.property(port, port, fc.nat(), fc.nat(), (low, high, up, down) => {
      // A client's port, and one of a server.
      fc.pre(low < 32_768 && high >= 32_768);
      const there = orient({ sourcePort: high, destinationPort: low, bytes: up, bytesBack: down });
      const back = orient({
        source: outside,
        sourcePort: low,
        destination: inside,
        destinationPort: high,
        bytes: down,
        bytesBack: up,
      });
      assert.deepEqual({ ...back, isReply: false }, there);
    }),
  );
});
