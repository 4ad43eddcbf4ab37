import assert from 'node:assert/strict';
import { test } from 'node:test';
import { routeTables } from './kernel-names.ts';
import { readMessages, writeAttribute, writeMessage } from './netlink-messages.ts';
import { type RoutingKind, routingParts } from './netlink-routes.ts';

const number = (value: number): Buffer => {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
};
const parts = (kind: RoutingKind, own: readonly number[], head: Buffer, attributes: readonly Buffer[]): string =>
  routingParts(
    kind,
    readMessages(writeMessage({ type: 24, flags: 2, sequence: 1, own }, Buffer.concat([head, ...attributes]))),
  ).join('|');
const route = (bits: number, table: number, more: readonly Buffer[] = [], flags = 0): string =>
  parts('route', [2, bits, 0, 0], Buffer.concat([Buffer.from([table, 3, 0, 1]), number(flags)]), [
    writeAttribute(15, number(table)),
    ...more,
  ]);
const neighbour = (state: number, more: readonly Buffer[] = []): string => {
  const head = Buffer.alloc(8);
  head.writeUInt32LE(7, 0);
  head.writeUInt16LE(state, 4);
  return parts('neighbour', [2, 0, 0, 0], head, [writeAttribute(1, Buffer.from([10, 9, 0, 2])), ...more]);
};

test('a route is another by its length, its table and its way, and the same in whatever moves', () => {
  const way = (octet: number): Buffer => writeAttribute(5, Buffer.from([192, 0, 2, octet]));
  const one = route(0, 254, [way(1)]);
  assert.notEqual(one, '');
  for (const other of [route(1, 254, [way(1)]), route(0, routeTables.uplink, [way(1)]), route(0, 254, [way(2)])])
    assert.notEqual(other, one);
  assert.equal(route(0, 254, [way(1), writeAttribute(12, Buffer.alloc(32, 5))], 0x10), one);
  assert.equal(route(0, 255, [way(1)]), '', 'a table that is not looked at');
});

test('a neighbour counts where it is pinned, by its hardware address and whose it is', () => {
  const mac = (last: number): Buffer => writeAttribute(2, Buffer.from([2, 0, 0, 0, 9, last]));
  assert.equal(neighbour(0x02, [mac(1)]), '');
  assert.notEqual(neighbour(0x80, [mac(1)]), neighbour(0x80, [mac(2)]));
  assert.notEqual(neighbour(0x80, [mac(1)]), neighbour(0x80, [mac(1), writeAttribute(12, Buffer.from([47]))]));
  assert.equal(neighbour(0x80, [mac(1), writeAttribute(3, Buffer.alloc(16, 4))]), neighbour(0x80, [mac(1)]));
});

test('a message that is cut off tells nothing', () => {
  for (const kind of ['link', 'route', 'rule', 'neighbour'] as const)
    assert.equal(parts(kind, [2, 0, 0, 0], Buffer.alloc(2), []), '');
});
