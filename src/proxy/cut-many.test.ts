import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { after, before, test } from 'node:test';
import { startBareListener } from '../../test/support/bare-listener.ts';
import { identityNode, policyOf, ruleNode, serviceNode } from '../../test/support/policy-fixture.ts';
import { waitFor } from '../../test/support/product.ts';
import type { CompiledPolicy, DecisionRecord } from '../policy/index.ts';
import type { ProxyListener } from './index.ts';

// More than three slices of those that are cut, with the ones that stay spread among them.
const cutCount = 200;
const keptCount = 20;
const records: DecisionRecord[] = [];
const origin = createServer((socket) => {
  socket.on('error', () => socket.destroy());
  socket.pipe(socket);
});
let listener: ProxyListener;
let policy: CompiledPolicy;

before(async () => {
  origin.listen(0, '127.0.0.1');
  await once(origin, 'listening');
  policy = policyFor('cut.example', 'kept.example');
  const write = (record: DecisionRecord): boolean => records.push(record) > 0;
  listener = await startBareListener({ policy: () => policy, port: originPort(), write });
});

after(async () => {
  await listener.close({ drainMs: 0 });
  origin.close();
});

function originPort(): number {
  return (origin.address() as AddressInfo).port;
}

function policyFor(...names: readonly string[]): CompiledPolicy {
  const allow = names.map((name) => ruleNode(`tcp://${name}:${originPort()}`));
  return policyOf([serviceNode('many', { identities: [identityNode('source:127.0.0.0/8')], allow })]);
}

async function openTunnel(name: string): Promise<Socket> {
  const socket = connect({ host: '127.0.0.1', port: listener.addresses[0]?.port ?? 0 });
  socket.on('error', () => socket.destroy());
  socket.write(`CONNECT ${name}:${originPort()} HTTP/1.1\r\n\r\n`);
  const [head] = (await once(socket, 'data')) as [Buffer];
  assert.match(head.toString(), /^HTTP\/1\.1 200 /);
  return socket;
}

test('of many tunnels those that nothing justifies are all cut and recorded in order, and the others go on', {
  timeout: 30_000,
}, async () => {
  const every = (cutCount + keptCount) / keptCount;
  const names = Array.from({ length: cutCount + keptCount }, (_, at) =>
    at % every === 0 ? 'kept.example' : 'cut.example',
  );
  const tunnels = await Promise.all(names.map(async (name) => ({ name, socket: await openTunnel(name) })));
  policy = policyFor('kept.example');

  assert.equal(await listener.recheckAll(), cutCount);

  const cut = tunnels.filter(({ name }) => name === 'cut.example').map(({ socket }) => socket);
  const kept = tunnels.filter(({ name }) => name === 'kept.example').map(({ socket }) => socket);
  await waitFor(async () => cut.every((socket) => socket.closed), 'the last cut');
  const wrong = records.filter((record) => record.kind === 'verdict' && record.stage === 'recheck');
  assert.equal(wrong.length, cutCount);
  for (const denied of wrong) {
    assert.ok(denied.kind === 'verdict' && denied.verdict === 'deny' && denied.reason === 'policy_changed');
    const [, first, second, ...more] = records.filter(
      (record) => record.kind !== 'first-seen' && 'flow' in record && record.flow === denied.flow,
    );
    assert.equal(first, denied);
    assert.ok(second?.kind === 'close' && second.endedBy === 'policy_changed');
    assert.deepEqual(more, []);
  }
  for (const socket of kept) {
    socket.write('still here');
    assert.equal(String((await once(socket, 'data'))[0]), 'still here');
    socket.destroy();
  }
});
