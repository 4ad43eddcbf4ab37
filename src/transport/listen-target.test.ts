import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer } from 'node:net';
import { join } from 'node:path';
import { test } from 'node:test';
import { driverForTest } from '../../test/support/driver.ts';
import type { ConnectionFacts, Conversation } from '../enforcement/index.ts';
import { defaultLimits } from '../enforcement/index.ts';
import type { Transport } from './transport.ts';

// Says where the client aimed at, as the gateway asks, and closes.
// biome-ignore lint/correctness/useYield: it waits for nothing
function* sayAimed(facts: ConnectionFacts): Conversation {
  const { aimed } = facts;
  const text = aimed === null ? 'gone' : `${aimed.address.text} ${aimed.port}`;
  facts.tell({ type: 'send', side: 'client', bytes: Buffer.from(text) });
  facts.tell({ type: 'close' });
}

function transportThatSaysAimed(): Transport {
  return driverForTest().create({
    clock: { now: Date.now },
    limits: defaultLimits,
    tls: () => null,
    parent: null,
    startConversation: sayAimed,
    verify: () => ({ kind: 'failed', why: 'unknown' }),
    resolve: async () => ({ ok: false, fault: { code: 'unused', message: 'unused' } }),
    record: () => undefined,
    opened: () => undefined,
    failed: (where, error) => assert.fail(`${where}: ${error}`),
    outOfBudget: () => false,
  });
}

async function ask(host: string, port: number): Promise<string> {
  const socket = connect({ host, port });
  let text = '';
  for await (const bytes of socket) text += String(bytes);
  return text;
}

test('a conversation is told where its client aimed at, in the one spelling of each family', async () => {
  const transport = transportThatSaysAimed();
  try {
    // Of both families on one socket: IPv4 comes mapped into IPv6.
    const both = await transport.listen({ host: '::', port: 0 });
    assert.ok(both.ok);
    assert.equal(await ask('127.0.0.9', both.value.port), `127.0.0.9 ${both.value.port}`);
    assert.equal(await ask('::1', both.value.port), `::1 ${both.value.port}`);
  } finally {
    await transport.close({ drainMs: 0 });
  }
});

// Who holds the descriptor has nothing else to do with the socket, as under systemd.
const child = `
import { driverForTest } from '${join(import.meta.dirname, '../../test/support/driver.ts')}';
import { defaultLimits } from '${join(import.meta.dirname, '../enforcement/index.ts')}';
function* greet(facts) {
  const { aimed } = facts;
  facts.tell({ type: 'send', side: 'client', bytes: Buffer.from(aimed.address.text + ' ' + aimed.port) });
  facts.tell({ type: 'close' });
}
const transport = driverForTest().create({
  clock: { now: Date.now }, limits: defaultLimits, tls: () => null, parent: null, startConversation: greet,
  verify: () => null, resolve: async () => null, record() {}, opened() {}, failed() {}, outOfBudget: () => false,
});
const bound = await transport.listen({ fd: 3 });
const wrong = await transport.listen({ fd: 999 });
console.log(JSON.stringify([bound, wrong]));
process.stdin.resume().on('end', () => transport.close({ drainMs: 0 }));
`;

test('a socket that another process bound is listened on by its descriptor, and a wrong one is a fault', async () => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const { fd } = (server as unknown as { readonly _handle: { readonly fd: number } })._handle;
  const ran = spawn(process.execPath, ['--input-type=module', '-e', child], { stdio: ['pipe', 'pipe', 'inherit', fd] });
  assert.ok(ran.stdin !== null && ran.stdout !== null);
  try {
    const [said] = (await once(ran.stdout, 'data')) as [Buffer];
    server.close();
    const [bound, wrong] = JSON.parse(String(said)) as readonly [
      unknown,
      { readonly fault: { readonly code: string } },
    ];
    assert.deepEqual(bound, { ok: true, value: { host: '127.0.0.1', port } });
    assert.match(JSON.stringify(wrong), /"listen_other".*descriptor `999`/);
    assert.equal(await ask('127.0.0.1', port), `127.0.0.1 ${port}`);
  } finally {
    ran.stdin.end();
    await once(ran, 'exit');
  }
});
