import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import type { KernelClient, LeaseEntry } from '../../src/gateway/index.ts';
import {
  at,
  type GatewayBed,
  openAt,
  openGatewayBed,
  pause,
  place,
  planOf,
  services,
  toldAt,
  until,
  workloadMac,
} from '../support/gateway-bed.ts';
import { skipUnless } from '../support/requires.ts';

// What the kernel makes of leases by itself: workload -> gateway -> origin. The second address of the workload belongs to nobody but by lease;
// both services may reach the origin, so that only the lease says whose a connection is.

const nobody = 0x8000_0000;
let lastTenure = nobody;
const poured = 100;
// Answers the first datagram with many; and asks until it is answered, then only hears.
const pourer = `const [family, host] = process.argv.slice(1);
  const s = require('node:dgram').createSocket('udp' + family).bind(5434, host);
  s.once('message', (_, to) => {
    let sent = 0;
    setInterval(() => (sent++ < ${poured} ? s.send('x', to.port, to.address) : process.exit()), 15);
  });
  setTimeout(() => process.exit(), 8000);`;
const hearer = `const [family, from, host, mark] = process.argv.slice(1);
  const s = require('node:dgram').createSocket('udp' + family).bind(0, from);
  let heard = 0;
  const asking = setInterval(() => s.send('x', 5434, host), 20);
  s.on('error', () => {});
  s.on('message', () => { clearInterval(asking); if (heard++ === 0) require('node:fs').writeFileSync(mark, ''); });
  setTimeout(() => { console.log(heard); process.exit(); }, 2500);`;

describe('leases in the kernel', { skip: skipUnless('root', 'ip', 'nft') }, () => {
  let bed: GatewayBed;
  let client: KernelClient;
  let held: LeaseEntry | null = null;
  const open = async (host: string, from: string, port = 5432): Promise<{ result: string; id: number }> =>
    bed.workload.tell({ does: 'open', host, port, from, timeoutMs: 700 });
  /** The address has this lease, and no other, from now on. */
  const lease = async (address: string, more: Partial<LeaseEntry> = {}): Promise<LeaseEntry> => {
    lastTenure += 1;
    const family = address.includes(':') ? 6 : 4;
    const next: LeaseEntry = {
      ...{ family, address, tenure: lastTenure, serviceId: services.workload, milliseconds: 60_000, mac: null },
      ...more,
    };
    assert.equal(await client.lease({ isReset: false, gone: held === null ? [] : [held], held: [next] }), true);
    held = next;
    return next;
  };
  const clear = async (): Promise<void> => {
    assert.equal(await client.lease({ isReset: true, gone: [], held: [] }), true);
    held = null;
  };

  before(async () => {
    bed = await openGatewayBed();
    for (const host of [at.far, at.origin].flatMap((both) => [both[4], both[6]])) {
      for (const port of [5432, 5433]) {
        assert.equal((await bed.origin.tell({ does: 'listen', host, port })).result, 'listens');
      }
    }
    await bed.startHelper();
    client = bed.connect();
    await until(() => client.isConnected(), 'the helper');
    assert.equal(await client.lease({ isReset: true, gone: [], held: [] }), false, 'before the first plan');
    const plan = planOf(
      [at.far[4], at.far[6]].flatMap((address) => [
        ...[services.workload, services.second].map((serviceId) => openAt(address, 5432, { serviceId })),
        ...[services.workload, services.second].map((serviceId) =>
          openAt(address, 5432, { serviceId, protocol: 'udp' }),
        ),
      ]),
    );
    const sources = plan.sources.filter(({ serviceId }) => serviceId === services.workload);
    assert.ok((await client.apply({ ...plan, sources, place: { ...place, tracksFlows: true } })).ok);
  });
  after(() => bed?.close());

  for (const family of [4, 6] as const) {
    const [leased, to] = [at.second[family], at.far[family]];
    describe(`by IPv${family}`, () => {
      test('an address is whose lease it is, and nobody without one', async () => {
        assert.equal((await open(to, leased)).result, 'ECONNREFUSED');
        await lease(leased);
        assert.equal((await open(to, leased)).result, `${to} 5432 ${leased}`);
        assert.equal((await open(to, leased, 5433)).result, 'ECONNREFUSED');
        await lease(leased, { tenure: nobody, serviceId: 0 });
        assert.equal((await open(to, leased)).result, 'ECONNREFUSED');
        await clear();
        assert.equal((await open(to, leased)).result, 'ECONNREFUSED');
      });

      test('a connection of the lease before is over both ways, though the new service may reach the same', async () => {
        await lease(leased);
        const [talking, listening] = [await open(to, leased), await open(to, leased)];
        assert.match(
          (await bed.workload.tell({ does: 'echo', connection: listening.id, text: 'pour' })).result,
          /drop|pour/,
        );
        assert.notEqual((await bed.workload.tell({ does: 'flow', connection: listening.id })).result, '0');
        await lease(leased, { serviceId: services.second });
        assert.equal((await bed.workload.tell({ does: 'flow', connection: listening.id })).result, '0');
        assert.equal((await bed.workload.tell({ does: 'echo', connection: talking.id })).result, 'ECONNRESET');
        assert.equal((await open(to, leased)).result, `${to} 5432 ${leased}`);
        await clear();
      });

      test('a connection does not come back with a later lease of its own service', async () => {
        await lease(leased);
        const { id } = await open(to, leased);
        await lease(leased, { tenure: nobody, serviceId: 0 });
        await lease(leased);
        assert.equal((await bed.workload.tell({ does: 'echo', connection: id })).result, 'ECONNRESET');
        await clear();
      });

      test('datagrams from the same port are those of whose lease it is now', async () => {
        const send = async (): Promise<string> =>
          (await bed.workload.tell({ does: 'datagram', host: to, port: 5432, from: leased })).result;
        await lease(leased);
        assert.equal(await send(), 'x');
        await lease(leased, { tenure: nobody, serviceId: 0 });
        assert.equal(await send(), 'ECONNREFUSED');
        await lease(leased, { serviceId: services.second });
        assert.equal(await send(), 'x');
        await clear();
      });

      test('a lease ends by its time, both ways, with nobody there to end it', async () => {
        await lease(leased, { milliseconds: 1_200 });
        const { id } = await open(to, leased);
        await bed.workload.tell({ does: 'echo', connection: id, text: 'pour' });
        await pause(1_300);
        assert.equal((await bed.workload.tell({ does: 'flow', connection: id })).result, '0');
        assert.equal((await open(to, leased)).result, 'ECONNREFUSED');
        await clear();
      });

      test('a lease binds the hardware address that it names', async () => {
        const unbound = at.spoofed[family];
        await lease(unbound);
        assert.equal((await open(to, unbound)).result, 'timeout');
        await lease(unbound, { mac: '02:00:00:00:09:77' });
        assert.equal((await open(to, unbound)).result, 'timeout');
        await lease(unbound, { mac: workloadMac });
        assert.equal((await open(to, unbound)).result, `${to} 5432 ${unbound}`);
        await clear();
        assert.equal((await open(to, unbound)).result, 'timeout');
      });

      test('a connection that lives by what was told is not carried into a lease, nor out of one', async () => {
        for (const serviceId of [services.workload, services.second]) {
          assert.ok(await client.learn([{ ...toldAt(to, 5433, { serviceId }), seconds: 60 }]));
        }
        const [talking, listening] = [
          await open(to, at.workload[family], 5433),
          await open(to, at.workload[family], 5433),
        ];
        assert.equal(talking.result, `${to} 5433 ${at.workload[family]}`);
        await bed.workload.tell({ does: 'echo', connection: listening.id, text: 'pour' });
        assert.equal((await bed.workload.tell({ does: 'echo', connection: talking.id })).result, 'x');
        await lease(at.workload[family], { serviceId: services.second });
        assert.equal((await bed.workload.tell({ does: 'flow', connection: listening.id })).result, '0');
        assert.match((await bed.workload.tell({ does: 'echo', connection: talking.id })).result, /ECONNRESET|gone/);
        const { id, result } = await open(to, at.workload[family], 5433);
        assert.equal(result, `${to} 5433 ${at.workload[family]}`);
        await clear();
        assert.equal((await bed.workload.tell({ does: 'echo', connection: id })).result, 'ECONNRESET');
      });

      test('what is poured at an address without a word from it ends with the lease of another', async () => {
        const plain = at.workload[family];
        assert.ok(await client.learn([{ ...toldAt(to, 5434, { protocol: 'udp' }), seconds: 60 }]));
        const mark = join(bed.folder, `poured${family}`);
        const pouring = bed.exec('origin', [process.execPath, '-e', pourer, String(family), to]);
        const hearing = bed.exec('workload', [process.execPath, '-e', hearer, String(family), plain, to, mark]);
        await until(() => existsSync(mark), 'the first datagram');
        await lease(plain, { serviceId: services.second });
        const heard = Number(await hearing);
        await pouring;
        assert.ok(heard >= 1 && heard < poured, `${heard} of ${poured}`);
        await clear();
      });

      test('a connection that began before the lease is not carried into it', async () => {
        const plain = at.workload[family];
        const { id } = await open(to, plain);
        await bed.workload.tell({ does: 'echo', connection: id, text: 'pour' });
        await lease(plain, { serviceId: services.second });
        assert.equal((await bed.workload.tell({ does: 'flow', connection: id })).result, '0');
        assert.match((await bed.workload.tell({ does: 'echo', connection: id })).result, /ECONNRESET|gone/);
        await clear();
      });
    });
  }

  test('a connection that conntrack has lost is not taken up in its midst', async () => {
    const seconds = '/proc/sys/net/netfilter/nf_conntrack_tcp_timeout_established';
    const before_ = (await bed.exec('gateway', ['cat', seconds])).trim();
    await bed.exec('gateway', ['sh', '-c', `echo 1 > ${seconds}`]);
    await lease(at.second[4]);
    const { id } = await open(at.far[4], at.second[4]);
    await lease(at.second[4], { serviceId: services.second });
    await pause(1_500);
    assert.equal((await bed.workload.tell({ does: 'echo', connection: id })).result, 'ECONNRESET');
    await bed.exec('gateway', ['sh', '-c', `echo ${before_} > ${seconds}`]);
    await clear();
  });

  test('what a foreign hand writes into the leases is taken out, and what counts is told again', async () => {
    const entry = await lease(at.second[4]);
    const told = bed.connect({ leases: () => [entry] });
    await until(() => told.isConnected(), 'the helper');
    const { id } = await open(at.far[4], at.second[4]);
    await bed.exec('gateway', [
      'nft',
      'add',
      'element',
      'inet',
      'exeat',
      'lease4',
      `{ ${at.spoofed[4]} : ${entry.tenure} }`,
    ]);
    await until(
      async () =>
        !(await bed.exec('gateway', ['nft', 'list', 'map', 'inet', 'exeat', 'lease4'])).includes(at.spoofed[4]),
      'the repair',
    );
    await until(
      async () => (await bed.exec('gateway', ['nft', 'list', 'map', 'inet', 'exeat', 'lease4'])).includes(at.second[4]),
      'the lease',
    );
    assert.equal((await bed.workload.tell({ does: 'echo', connection: id })).result, 'x');
    await clear();
  });

  test('what is no lease is refused and changes nothing', async () => {
    const entry = await lease(at.second[4]);
    for (const wrong of [
      { ...entry, tenure: 257 },
      { ...entry, address: '10.9.0.3; flush ruleset' },
      { ...entry, milliseconds: 86_400_001 },
      { ...entry, mac: '02:00:00:00:09:0g' },
      { ...entry, family: 6 as const },
    ]) {
      assert.equal(await client.lease({ isReset: false, gone: [], held: [wrong] }), false);
      await until(() => client.isConnected(), 'the helper');
    }
    held = entry;
    assert.equal((await open(at.far[4], at.second[4])).result, `${at.far[4]} 5432 ${at.second[4]}`);
    // Of a plan that knows no leases none is taken, and one that is left from before gives nobody a way.
    const plan = planOf([openAt(at.far[4], 5432)], { sources: [], place: { ...place, hasLeases: false } });
    assert.ok((await client.apply(plan)).ok);
    assert.equal(
      await client.lease({ isReset: false, gone: [], held: [{ ...entry, tenure: entry.tenure + 1 }] }),
      false,
    );
    assert.notEqual((await open(at.far[4], at.second[4])).result, `${at.far[4]} 5432 ${at.second[4]}`);
  });
});
