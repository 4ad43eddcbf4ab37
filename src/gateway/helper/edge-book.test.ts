import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type NetlinkMessage, nested, readMessages, writeAttribute, writeMessage } from '../kernel/netlink-messages.ts';
import { EdgeBook } from './edge-book.ts';
import type { NetlinkDumper } from './netlink-dumper.ts';

const number64 = (value: number): Buffer => {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64BE(BigInt(value));
  return bytes;
};
// Service 257, from 10.9.0.2 to 203.0.113.7, by TCP to a port.
function counted(port: number, packets: number): Buffer {
  const key = Buffer.from('010100000a090002cb007107060000000000' + '0000', 'hex');
  key.writeUInt16BE(port, 16);
  const counter = Buffer.concat([writeAttribute(1, number64(packets * 60)), writeAttribute(2, number64(packets))]);
  return writeAttribute(
    1 | nested,
    Buffer.concat([
      writeAttribute(1 | nested, writeAttribute(1, key)),
      writeAttribute(
        7 | nested,
        Buffer.concat([writeAttribute(1, Buffer.from('counter\0')), writeAttribute(2 | nested, counter)]),
      ),
    ]),
  );
}

test('only what changed since a reading is told, and what the kernel forgot', async () => {
  let held: readonly Buffer[] = [];
  const list = (write: (sequence: number) => Buffer): Promise<readonly NetlinkMessage[]> => {
    const isUp = write(1).includes('up4\0');
    const body = isUp ? writeAttribute(3 | nested, Buffer.concat(held)) : Buffer.alloc(0);
    return Promise.resolve(readMessages(writeMessage({ type: 0xa0c, flags: 2, sequence: 1, own: [1, 0, 0, 0] }, body)));
  };
  const book = new EdgeBook({ list } as unknown as NetlinkDumper);
  const changesSince = async (since: number): Promise<readonly unknown[]> => {
    const changes = (await book.changes(since)) ?? assert.fail();
    const ports = (edges: readonly { readonly port: number | null }[]): readonly (number | null)[] =>
      edges.map(({ port }) => port);
    return [changes.round, changes.isAll, ports(changes.up), ports(changes.gone.map(({ edge }) => edge))];
  };
  held = [counted(443, 1), counted(5432, 1)];
  assert.deepEqual(await changesSince(0), [1, true, [443, 5432], []]);
  assert.deepEqual(await changesSince(1), [2, false, [], []]);
  held = [counted(443, 1), counted(5432, 2)];
  assert.deepEqual(await changesSince(2), [3, false, [5432], []]);
  held = [counted(443, 1)];
  assert.deepEqual(await changesSince(3), [4, false, [], [5432]]);
  // Whoever was not there meanwhile hears of both; forgotten and counted anew is both too, first gone.
  held = [counted(443, 1), counted(5432, 2)];
  assert.deepEqual(await changesSince(2), [5, false, [5432], [5432]]);
  // One that another helper counted.
  assert.deepEqual(await changesSince(77), [6, true, [443, 5432], []]);
});
