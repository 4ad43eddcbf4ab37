import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { renameSync, writeFileSync } from 'node:fs';
import { createConnection } from 'node:net';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { type LeaseSourceStatus, type PointStatus, statePaths } from '../../src/app/index.ts';
import type { DecisionRecord } from '../../src/policy/index.ts';
import {
  at,
  type GatewayBed,
  isIdleEnough,
  openGatewayBed,
  pause,
  until,
  workloadMac,
} from '../support/gateway-bed.ts';
import { childOf } from '../support/kill-child.ts';
import { createAuthority } from '../support/pki.ts';
import { type RunningProduct, startProduct } from '../support/product.ts';
import { skipUnless } from '../support/requires.ts';

// workload -> the whole product as a gateway -> origin. No address of the workload is in the policy: whose it is says a file.

const web = 'web.example.com';
const db = 'db.example.com';
const leased = at.second;
const hour = 3_600_000;

interface Entry {
  readonly address: string;
  readonly service: string;
  readonly from?: number;
  readonly until?: number;
  readonly mac?: string;
}

describe('leases of addresses', { skip: skipUnless('root', 'ip', 'nft', 'perl', 'dig', 'openssl') }, () => {
  let bed: GatewayBed;
  let product: RunningProduct;
  let tls: ChildProcess;

  before(async () => {
    bed = await openGatewayBed();
    for (const host of [at.origin, at.far].flatMap((both) => [both[4], both[6]])) {
      for (const port of [123, 5432, 9000]) {
        assert.equal((await bed.origin.tell({ does: 'listen', host, port })).result, 'listens');
      }
    }
    tls = await startTls(bed);
    product = await startProduct({
      namespace: bed.names.gateway,
      policy: { 'services.yaml': policy },
      files: { 'leases.json': documentOf([]) },
      config: {
        listen: { proxy: '127.0.0.1:3128', console: '127.0.0.1:8440', dns: '[::]:5353' },
        hosts: { [web]: at.origin[4], [db]: [at.origin[4], at.origin[6]] },
        gateway: { inside: ['gi'] },
        leases: [{ name: 'ipam', file: './leases.json', ranges: ['10.9.0.0/16', 'fd09::/64'] }],
      },
    });
    await until(
      async () => (await bed.exec('gateway', ['nft', 'list', 'map', 'inet', 'exeat', 'who4'])).includes('10.9.0.9'),
      'the policy in the kernel',
      20_000,
    );
  });
  after(async () => {
    await product?.stop();
    tls?.kill('SIGKILL');
    await bed?.close();
  });

  const write = (text: string): void => {
    writeFileSync(join(product.folder, 'leases.new'), text, { mode: 0o600 });
    renameSync(join(product.folder, 'leases.new'), join(product.folder, 'leases.json'));
  };
  const say = (...entries: readonly Entry[]): void => write(documentOf(entries));
  const statusOf = (): Promise<PointStatus> => askStatus(statePaths(product.state).pointSocket);
  const source = async (): Promise<LeaseSourceStatus> => (await statusOf()).leases[0] ?? assert.fail('no source');
  const open = (host: string, port: number, more = {}): Promise<{ result: string; id: number }> =>
    bed.workload.tell({
      does: 'open',
      host,
      port,
      from: host.includes(':') ? leased[6] : leased[4],
      timeoutMs: 400,
      ...more,
    });
  const datagram = async (host: string): Promise<string> => {
    const from = host.includes(':') ? leased[6] : leased[4];
    return (await bed.workload.tell({ does: 'datagram', host, port: 123, from, timeoutMs: 400 })).result;
  };
  const opens = (host: string, port: number): Promise<void> =>
    until(async () => (await open(host, port)).result.startsWith(host), `${host} ${port}`, 30_000);
  const closes = (host: string, port: number): Promise<void> =>
    until(async () => !(await open(host, port)).result.startsWith(host), `the end of ${host} ${port}`, 15_000);
  const asksForDb = (type: string): Promise<void> =>
    until(async () => {
      const words = ['dig', '-b', leased[4], `@${at.gateway[4]}`, '+tries=1', '+time=3', '+short', db, type];
      return /^[0-9a-f.:]+$/m.test(await bed.exec('workload', words));
    }, 'an answer');

  // What had come before the end may still be read.
  const isSilent = (connection: number): Promise<void> =>
    until(
      async () => (await bed.workload.tell({ does: 'flow', connection, timeoutMs: 150 })).result === '0',
      'silence',
      5_000,
    );

  /** Waits until the kernel has an end of a lease that is seconds away, or past. */
  const endsInKernel = (address: string): Promise<void> => {
    const map = `lease${address.includes(':') ? 6 : 4}`;
    const isFar = new RegExp(`${address} timeout \\d+[hm]`);
    const holds = async (): Promise<boolean> =>
      !isFar.test(await bed.exec('gateway', ['nft', 'list', 'map', 'inet', 'exeat', map]));
    return until(holds, 'the end in the kernel', 15_000);
  };

  /** A connection that the other end writes to without end. */
  const pours = async (host: string, port: number): Promise<number> => {
    const { id, result } = await open(host, port);
    assert.ok(result.startsWith(`${host} ${port}`), result);
    await bed.workload.tell({ does: 'echo', connection: id, text: 'pour' });
    return id;
  };

  for (const family of [4, 6] as const) {
    const [far, origin] = [at.far[family], at.origin[family]];
    const one = (service: string, more: Partial<Entry> = {}): Entry => ({
      ...{ address: leased[family], service, mac: workloadMac },
      ...more,
    });
    /** Questions come by IPv4, from whom they are asked decides. */
    const both = (service: string): readonly Entry[] =>
      [...new Set([leased[family], leased[4]])].map((address) => one(service, { address }));

    test(`a move takes everything of the first service before the second counts, by IPv${family}`, async () => {
      assert.notEqual((await open(far, 5432)).result, `${far} 5432 ${leased[family]}`);
      say(...both('first'));
      await opens(far, 5432);
      await asksForDb(family === 4 ? 'A' : 'AAAA');
      // What lives: in the address plane by TCP and UDP, by an answer of DNS, and in the name plane.
      const talking = await open(far, 5432);
      const pouring = [await pours(far, 5432), await pours(origin, 5432)];
      assert.equal(await datagram(far), 'x');
      const named = await keepTls(bed);
      const told = `told${family}`;
      assert.match(await bed.exec('gateway', ['nft', 'list', 'set', 'inet', 'exeat', told]), new RegExp(`${origin} `));

      say(...both('second'));
      await opens(far, 9000);
      const left = await bed.exec('gateway', ['nft', 'list', 'set', 'inet', 'exeat', told]);
      assert.doesNotMatch(left, new RegExp(`${origin} `), 'what DNS told the first is gone');
      // The kernel knows at once; the process of the client when it has its turn.
      const established = ['ss', '-Htn', 'state', 'established', '( dport = :443 )'];
      assert.equal(await bed.exec('workload', established), '', 'the name plane');
      await named.ended;
      await Promise.all(pouring.map(isSilent));
      // The second may reach this address and port too, but not by the connection of the first.
      assert.match((await bed.workload.tell({ does: 'echo', connection: talking.id })).result, /ECONNRESET|gone/);
      assert.equal((await open(far, 5432)).result, `${far} 5432 ${leased[family]}`);
      assert.equal(await datagram(far), 'ECONNREFUSED');
      assert.notEqual((await open(origin, 5432)).result, `${origin} 5432 ${leased[family]}`);
      say();
      await closes(far, 9000);
    });

    test(`a lease begins and ends by the clock, by IPv${family}`, async () => {
      const now = Date.now();
      const from = now + 2_500;
      say(one('first', { from }));
      await until(async () => (await source()).addresses === 1, 'the lease');
      if (Date.now() < now + 2_400) assert.notEqual((await open(far, 5432)).result, `${far} 5432 ${leased[family]}`);
      await opens(far, 5432);
      assert.ok(Date.now() >= now + 2_500);
      const id = await pours(far, 5432);
      const end = Date.now() + 2_500;
      say(one('first', { from, until: end }));
      await endsInKernel(leased[family]);
      await pause(Math.max(0, end + 100 - Date.now()));
      await isSilent(id);
      assert.notEqual((await open(far, 5432)).result, `${far} 5432 ${leased[family]}`);
      say();
    });
  }

  const one = (service: string, more: Partial<Entry> = {}): Entry => ({
    ...{ address: leased[4], service, mac: workloadMac },
    ...more,
  });

  test('two services at once, a service that does not take leases, and one that there is not are nobody', async () => {
    say(one('first'), one('second'));
    await until(async () => (await source()).conflicts === 1, 'the conflict');
    assert.match((await statusOf()).problems.join('\n'), /leased to two at once/);
    assert.notEqual((await open(at.far[4], 5432)).result, `${at.far[4]} 5432 ${leased[4]}`);
    for (const service of ['silent', 'nobody']) {
      say(one(service));
      await until(async () => (await source()).unclaimed.join() === service, 'the lease');
      assert.match((await statusOf()).problems.join('\n'), /write `leased:ipam` in their `identities`/);
      assert.notEqual((await open(at.far[4], 5432)).result, `${at.far[4]} 5432 ${leased[4]}`);
    }
    // The hardware address is bound by the lease and by nothing else.
    say(one('first', { mac: '02:00:00:00:09:77' }));
    const isRead = ({ live, unclaimed }: LeaseSourceStatus): boolean => live === 1 && unclaimed.length === 0;
    await until(async () => isRead(await source()), 'the lease');
    assert.equal((await open(at.far[4], 5432)).result, 'timeout');
    say();
  });

  test('a broken file keeps what was good until it ends, and addresses that nobody may lease are left out', async () => {
    const end = Date.now() + 6_000;
    say(
      one('first', { until: end }),
      { address: at.gateway[4], service: 'first' },
      { address: '127.0.0.1', service: 'first' },
    );
    await opens(at.far[4], 5432);
    const { refused, live } = await source();
    assert.deepEqual([refused, live], [2, 1]);
    write('{ "version": 1, "leases": [ { "address": 7 } ] }');
    await until(async () => /line 1, `leases.0`: `address` must/.test((await source()).problem ?? ''), 'the problem');
    const metrics = await bed.exec('gateway', ['curl', '-sS', 'http://127.0.0.1:8440/metrics']);
    assert.match(metrics, /exeat_gateway_leases_ok\{source="ipam"\} 0/);
    if (Date.now() < end - 500) assert.equal((await open(at.far[4], 5432)).result, `${at.far[4]} 5432 ${leased[4]}`);
    await pause(Math.max(0, end + 100 - Date.now()));
    assert.notEqual((await open(at.far[4], 5432)).result, `${at.far[4]} 5432 ${leased[4]}`);
    say();
  });

  test('a lease ends though the point is killed, and counts again with the next one until then', async () => {
    const from = Date.now() - 1_000;
    say(one('first', { from }));
    await opens(at.far[4], 5432);
    const killed = childOf(product, 'point') ?? assert.fail('no point');
    process.kill(killed, 'SIGKILL');
    const isAnother = (): boolean => (childOf(product, 'point') ?? killed) !== killed;
    await until(isAnother, 'the point', 30_000);
    const point = childOf(product, 'point') ?? assert.fail('no point');
    await opens(at.far[4], 5432);
    const end = Date.now() + 3_000;
    say(one('first', { from, until: end }));
    await endsInKernel(leased[4]);
    const { supervisor } = product.report.pids;
    // Neither the supervisor nor the point is there when it ends; both go on afterwards.
    process.kill(supervisor, 'SIGSTOP');
    process.kill(point, 'SIGSTOP');
    await pause(Math.max(0, end + 100 - Date.now()));
    const after_ = (await open(at.far[4], 5432)).result;
    process.kill(point, 'SIGCONT');
    process.kill(supervisor, 'SIGCONT');
    assert.notEqual(after_, `${at.far[4]} 5432 ${leased[4]}`);
    say();
  });

  test('records say by which lease a service was known', async () => {
    say(one('first'));
    await opens(at.far[4], 5432);
    const isIt = (record: DecisionRecord): boolean =>
      record.kind === 'verdict' && record.destination?.port === 5432 && record.principal?.service === 'first';
    const record = await product.waitForRecord(isIt);
    assert.deepEqual(record.kind === 'verdict' && record.principal, {
      ...{ service: 'first', identity: 'leased:ipam', strength: 'network' },
    });
  });

  test('ten thousand leases and a thousand moves are a matter of seconds', async () => {
    const many = (moved: number): readonly Entry[] =>
      Array.from({ length: 10_000 }, (_, index) => ({
        address: `10.9.${16 + (index >> 8)}.${index & 255}`,
        service: index < moved ? 'second' : 'first',
      }));
    const kernelHolds = async (): Promise<string> =>
      bed.exec('gateway', ['nft', 'list', 'map', 'inet', 'exeat', 'lease4']);
    let began = performance.now();
    say(one('first'), ...many(0));
    await until(async () => (await source()).live === 10_001, 'ten thousand leases', 60_000);
    const [all, before_] = [performance.now() - began, (await kernelHolds()).length];
    began = performance.now();
    say(one('second'), ...many(1_000));
    await opens(at.far[4], 9000);
    const moved = performance.now() - began;
    assert.ok(before_ > 100_000, 'the kernel held them');
    await until(async () => (await source()).live === 10_001, 'the moved ones');
    assert.ok(
      (all < 12_000 && moved < 6_000) || !isIdleEnough(),
      `${Math.round(all)} ms, moved ${Math.round(moved)} ms`,
    );
  });
});

/** As `exeat status` asks, without a process for each question. */
async function askStatus(path: string): Promise<PointStatus> {
  const socket = createConnection(path);
  socket.setTimeout(5_000, () => socket.destroy());
  socket.write(`${JSON.stringify({ ask: 'status', body: null })}\n`);
  let text = '';
  for await (const chunk of socket) {
    text += String(chunk);
    if (text.endsWith('\n')) break;
  }
  const answer = JSON.parse(text) as { readonly ok: boolean; readonly value: PointStatus };
  return answer.ok ? answer.value : assert.fail(text);
}

function documentOf(entries: readonly Entry[]): string {
  const now = Date.now();
  const leases = entries.map(({ from = now - 1_000, until: end = now + hour, ...rest }) => ({
    ...rest,
    from: new Date(from).toISOString(),
    until: new Date(end).toISOString(),
  }));
  return JSON.stringify({ version: 1, leases }, null, 1);
}

const policy = `apiVersion: exeat/v1
service: first
owner: team-first
kind: app
mode: enforce
identities: [ "leased:ipam" ]
allow:
  - { to: "${web}:443", reason: the site }
  - { to: "tcp://${at.far[4]}:5432", reason: shared }
  - { to: "tcp://[${at.far[6]}]:5432", reason: shared }
  - { to: "udp://${at.far[4]}:123", reason: the time }
  - { to: "udp://[${at.far[6]}]:123", reason: the time }
  - { to: "tcp://${db}:5432", reason: the database }
---
apiVersion: exeat/v1
service: second
owner: team-second
kind: app
mode: enforce
identities: [ { leased: ipam } ]
allow:
  - { to: "tcp://${at.far[4]}:5432", reason: shared }
  - { to: "tcp://[${at.far[6]}]:5432", reason: shared }
  - { to: "tcp://${at.far[4]}:9000", reason: its own }
  - { to: "tcp://[${at.far[6]}]:9000", reason: its own }
---
apiVersion: exeat/v1
service: silent
owner: team-silent
kind: app
mode: enforce
identities: [ "source:10.9.0.9/32" ]
allow:
  - { to: "tcp://${at.far[4]}:5432", reason: never by a lease }
`;

/** A connection of the name plane that lives until it is cut. */
async function keepTls(bed: GatewayBed): Promise<{ readonly ended: Promise<void> }> {
  const words = [
    'openssl',
    's_client',
    '-quiet',
    '-bind',
    leased[4],
    '-connect',
    `${at.origin[4]}:443`,
    '-servername',
    web,
  ];
  const child = spawn('ip', ['netns', 'exec', bed.names.workload, ...words], { stdio: ['pipe', 'ignore', 'pipe'] });
  let said = '';
  child.stderr.on('data', (chunk: Buffer) => {
    said += chunk.toString();
  });
  const ended = new Promise<void>((resolve) => void child.once('exit', () => resolve()));
  await until(() => said.includes('verify'), 'the handshake');
  return { ended };
}

async function startTls(bed: GatewayBed): Promise<ChildProcess> {
  const authority = await createAuthority('Gateway Test Root');
  const issued = await authority.issueServer({ names: [web] });
  writeFileSync(join(bed.folder, 'tls.crt'), issued.chainPem);
  writeFileSync(join(bed.folder, 'tls.key'), issued.keyPem);
  const files = ['-cert', join(bed.folder, 'tls.crt'), '-key', join(bed.folder, 'tls.key')];
  const words = ['openssl', 's_server', '-quiet', '-www', '-accept', '443', ...files];
  const child = spawn('ip', ['netns', 'exec', bed.names.origin, ...words], { stdio: 'ignore' });
  await until(async () => (await bed.exec('origin', ['ss', '-ltn'])).includes(':443'), 'the TLS server');
  return child;
}
