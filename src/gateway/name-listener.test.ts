import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer as createHttpServer } from 'node:http';
import { type AddressInfo, connect, type Server, type Socket } from 'node:net';
import { after, before, test } from 'node:test';
import { connect as connectTls, createServer as createTlsServer, type TLSSocket } from 'node:tls';
import { driverForTest } from '../../test/support/driver.ts';
import { helloBytes } from '../../test/support/hello-bytes.ts';
import { createAuthority, type TestAuthority } from '../../test/support/pki.ts';
import { addressOf, identityNode, policyOf, ruleNode, serviceNode } from '../../test/support/policy-fixture.ts';
import { waitFor } from '../../test/support/product.ts';
import { noBudgets } from '../enforcement/index.ts';
import { identify } from '../identity/index.ts';
import type { CompiledPolicy, DecisionRecord, VerdictRecord } from '../policy/index.ts';
import { approveAddresses, decide, noFacts } from '../policy/index.ts';
import { createNameListener, type NameListener, type NameListenerOptions } from './index.ts';

// No kernel brings connections here: clients aim at the listener itself, whose port is that of the origins on other addresses of loopback.
const here = '127.0.0.1';
const tlsAddress = '127.0.0.2';
const httpAddress = '127.0.0.3';
const names: Readonly<Record<string, readonly string[]>> = {
  'bank.example.com': [tlsAddress],
  'shared.example.com': [here, tlsAddress],
  'other.example.com': [tlsAddress],
  'plain.example.com': [httpAddress],
};
const records: DecisionRecord[] = [];
let root: TestAuthority;
let tls: Server;
let http: Server;
let listener: NameListener;
let policy: CompiledPolicy;
let port = 0;

before(async () => {
  root = await createAuthority('Name Plane Root');
  const issued = await root.issueServer({ names: Object.keys(names) });
  tls = createTlsServer({ cert: issued.chainPem, key: issued.keyPem }, echo);
  tls.on('tlsClientError', (_error, socket) => socket.destroy());
  http = createHttpServer((request, response) => void response.end(`${request.headers.host} ${request.url}`));
  port = await listenTogether();
  policy = policyFor(['bank.example.com', 'shared.example.com', 'http://plain.example.com']);
  listener = createNameListener(options());
  assert.ok((await listener.listen([{ host: here, port }])).ok);
});
after(async () => {
  await listener?.close({ drainMs: 0 });
  tls?.close();
  http?.close();
});

function options(): NameListenerOptions {
  return {
    judge: { identify, decide, approve: approveAddresses },
    policy: {
      current: () => policy,
      facts: () => noFacts,
      network: () => ({
        ownAddresses: [addressOf(here)],
        localOrigins: [tlsAddress, httpAddress].map((each) => ({ address: addressOf(each), port })),
      }),
    },
    resolver: { holds: () => false, resolve: async (name) => ({ ok: true, value: answerFor(name) }) },
    records: { isKeeping: true, write: (record) => records.push(record) > 0 },
    budgets: noBudgets,
    clock: { now: Date.now },
    newId: () => `id-${Math.random()}`,
    httpPorts: new Set([80]),
    // Clients are of this very process: what stalls it counts against them, and where a thread keeps the time it goes on meanwhile.
    limits: { headTimeoutMs: 2_000, helloTimeoutMs: 1_000 },
    driver: driverForTest(),
  };
}

function policyFor(allowed: readonly string[]): CompiledPolicy {
  const allow = allowed.map((name) => ruleNode(`${name}:${port}`));
  return policyOf([serviceNode('workload', { identities: [identityNode('source:127.0.0.0/8')], allow })]);
}

function answerFor(name: string): { addresses: ReturnType<typeof addressOf>[]; ttlSeconds: number } {
  return { addresses: (names[name] ?? ['198.51.100.1']).map(addressOf), ttlSeconds: 60 };
}

function echo(socket: TLSSocket): void {
  socket.on('error', () => socket.destroy());
  socket.pipe(socket);
}

// The origins take the same port, and so can the listener: each has its own address.
async function listenTogether(): Promise<number> {
  tls.listen(0, tlsAddress);
  await once(tls, 'listening');
  const { port: shared } = tls.address() as AddressInfo;
  http.listen(shared, httpAddress);
  await once(http, 'listening');
  return shared;
}

async function openTls(servername: string, ca = root.certificatePem): Promise<TLSSocket> {
  const socket = connectTls({ host: here, port, servername, ca });
  socket.on('error', () => socket.destroy());
  await once(socket, 'secureConnect');
  return socket;
}

/** Sends bytes and gives what came back until the end, or `reset`. */
async function exchange(bytes: string | Uint8Array): Promise<string> {
  const socket: Socket = connect({ host: here, port });
  socket.write(bytes);
  let text = '';
  try {
    for await (const part of socket) text += String(part);
    return text;
  } catch {
    return `${text}reset`;
  }
}

async function verdictOn(host: string, reason: string): Promise<VerdictRecord> {
  const isWanted = (record: DecisionRecord): boolean =>
    record.kind === 'verdict' && record.destination?.host === host && record.reason === reason;
  await waitFor(async () => records.some(isWanted), `${reason} on ${host}`);
  return records.find(isWanted) as VerdictRecord;
}

test('TLS to a name that is allowed goes to the address of the name, end to end, and is counted', async () => {
  const socket = await openTls('bank.example.com');
  socket.write('hello');
  assert.equal(String((await once(socket, 'data'))[0]), 'hello');
  assert.deepEqual([listener.counts().connections, listener.counts().byService.get('workload')], [1, 1]);
  socket.end();
  await once(socket, 'close');
  const record = await verdictOn('bank.example.com', 'local_origin');
  assert.deepEqual(
    [record.point, record.principal?.service, record.destination?.address, record.aimedAt],
    ['gateway', 'workload', tlsAddress, here],
  );
  await waitFor(async () => records.some(({ kind }) => kind === 'close'), 'close');
  assert.deepEqual([listener.counts().connections, listener.liveByGrant().size], [0, 0]);
});

test('a name whose answer holds what the client aimed at is no sign of anything', async () => {
  (await openTls('shared.example.com')).destroy();
  assert.equal((await verdictOn('shared.example.com', 'local_origin')).aimedAt, undefined);
});

test('a name that no rule covers is reset, though it shares the address with one that is allowed', async () => {
  await assert.rejects(openTls('other.example.com'), /ECONNRESET|disconnected/);
  assert.equal((await verdictOn('other.example.com', 'no_rule_matched')).stage, 'name');
});

test('a kept HTTP connection serves one host only', async () => {
  const one = 'GET /one HTTP/1.1\r\nHost: plain.example.com\r\n\r\n';
  const two = 'GET /two HTTP/1.1\r\nHost: bank.example.com\r\n\r\n';
  const text = await exchange(`${one}${one}${two}`);
  assert.equal(text.split('plain.example.com /one').length, 3);
  assert.match(text, /HTTP\/1\.1 403 Forbidden\r\n.*Exeat-Reason: host_mismatch/s);
  assert.ok(!text.includes('/two'));
});

test('a Host that no rule covers gets a page', async () => {
  const text = await exchange('GET / HTTP/1.1\r\nHost: evil.example.com\r\n\r\n');
  assert.match(text, /^HTTP\/1\.1 403 Forbidden\r\n.*Exeat-Reason: no_rule_matched/s);
});

test('what names nobody is reset with its reason: no name, a hello that stops, silence', async () => {
  for (const [bytes, reason] of [
    [helloBytes({ serverName: null }), 'sni_missing'],
    [helloBytes({ serverName: 'bank.example.com' }).subarray(0, 30), 'hello_unreadable'],
    ['', 'hello_missing'],
  ] as const) {
    assert.equal(await exchange(bytes), 'reset');
    // Nobody may dial loopback by its address, whatever came.
    const record = await verdictOn(here, 'boundary_denied');
    records.splice(records.indexOf(record), 1);
    assert.ok(record.stage === 'name', reason);
  }
});

test('a live flow is cut when nothing justifies it any more', async () => {
  const [kept, cut] = [await openTls('shared.example.com'), await openTls('bank.example.com')];
  // It is reset, which may or may not be told as an error before the end.
  const closed = new Promise<void>((resolve) => cut.on('error', () => undefined).once('close', () => resolve()));
  policy = policyFor(['shared.example.com']);
  assert.equal(await listener.recheckAll(), 1);
  await closed;
  const record = await verdictOn('bank.example.com', 'policy_changed');
  assert.deepEqual([record.point, record.stage], ['gateway', 'recheck']);
  kept.write('still here');
  assert.equal(String((await once(kept, 'data'))[0]), 'still here');
  kept.destroy();
});

test('a plane is on all of its sockets or on none', async () => {
  const half = createNameListener(options());
  const free = await half.listen([
    { host: '127.0.0.5', port: 0 },
    { host: here, port },
  ]);
  assert.ok(!free.ok && free.fault.code === 'listen_address_in_use');
  const [first] = half.addresses;
  const left = connect({ host: '127.0.0.5', port: first?.port ?? 0 });
  await assert.rejects(once(left, 'connect'), /ECONNREFUSED/);
  const none = await createNameListener(options()).listen([]);
  assert.ok(!none.ok && none.fault.code === 'listen_nothing');
});
