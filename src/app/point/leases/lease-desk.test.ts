import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { parseIpAddress } from '../../../destination/index.ts';
import type { Lease } from './lease.ts';
import { type LeaseDesk, openLeaseDesk } from './lease-desk.ts';
import { openTenures } from './tenures.ts';

const folder = mkdtempSync(join(tmpdir(), 'exeat-leases-'));
after(() => rmSync(folder, { recursive: true, force: true }));
const address = '10.20.0.7';
const own = parseIpAddress('10.20.0.1');
const lease = (more: Partial<Lease> = {}): Lease => ({
  ...{ source: 'run', address, service: 'payments', from: 0, until: 10_000, mac: null },
  ...more,
});

interface Bed {
  now: number;
  confirms: boolean;
  readonly said: string[];
  readonly desk: LeaseDesk;
}

/** A desk whose gate says what it is asked, and who has the address meanwhile. */
function bed(): Bed {
  const say = (what: string) => async (addresses: readonly string[]) => {
    await new Promise<void>((resolve) => setImmediate(resolve));
    made.said.push(`${what} ${addresses.join()} ${made.desk.view.standingOf(address, made.now).kind}`);
    return made.confirms;
  };
  const made: Bed = {
    now: 1_000,
    confirms: true,
    said: [],
    desk: openLeaseDesk({
      clock: { now: () => made.now },
      gate: { take: say('take'), give: say('give') },
      network: () => ({ ownAddresses: own.ok ? [own.value] : [], localOrigins: [] }),
    }),
  };
  after(() => made.desk.close());
  return made;
}
const standing = ({ desk, now }: Bed): string => {
  const found = desk.view.standingOf(address, now);
  return found.kind === 'leased' ? found.leases.map(({ service }) => service).join() : found.kind;
};

describe('the desk of leases', () => {
  test('a lease counts once it was given, and is over once it was taken', async () => {
    const one = bed();
    const [before, held] = [one.desk.generation(), await one.desk.hold(lease())];
    assert.deepEqual([held.ok, standing(one)], [true, 'payments']);
    assert.ok(one.desk.generation() > before);
    assert.equal(await one.desk.end('run', address), true);
    assert.equal(standing(one), 'none');
    assert.deepEqual(one.said, [`give ${address} nobody`, `take ${address} nobody`]);
  });

  test('a move takes before it gives, and the address is nobody in between', async () => {
    const one = bed();
    await one.desk.replace('ipam', [lease({ source: 'ipam' })]);
    await one.desk.replace('ipam', [lease({ source: 'ipam', service: 'orders' })]);
    assert.deepEqual(one.said.slice(1), [`take ${address} nobody`, `give ${address} nobody`]);
    assert.equal(standing(one), 'orders');
  });

  test('another end of the same lease is told, and nothing is taken for it', async () => {
    const one = bed();
    await one.desk.replace('ipam', [lease({ source: 'ipam' })]);
    await one.desk.replace('ipam', [lease({ source: 'ipam', until: 20_000 })]);
    assert.deepEqual(one.said, [`give ${address} nobody`, `give ${address} leased`]);
    await one.desk.replace('ipam', [lease({ source: 'ipam', until: 20_000 })]);
    assert.equal(one.said.length, 2);
    await one.desk.replace('ipam', []);
    assert.equal((await one.desk.hold(lease())).ok, true);
    one.confirms = false;
    // It was not told of its later end, and is still there until then.
    assert.equal((await one.desk.hold(lease({ until: 30_000 }))).ok, false);
    assert.equal(standing(one), 'payments');
  });

  test('what is not confirmed does not count, and is tried again', async () => {
    const one = bed();
    await one.desk.replace('ipam', [lease({ source: 'ipam' })]);
    one.confirms = false;
    await one.desk.replace('ipam', [lease({ source: 'ipam', service: 'orders' })]);
    assert.equal(standing(one), 'nobody');
    assert.match(one.desk.problem() ?? '', /not taken back yet/);
    assert.equal(one.said.at(-1), `take ${address} nobody`, 'nothing was given');
    one.confirms = true;
    for (let waited = 0; one.desk.problem() !== null && waited < 3_000; waited += 20) {
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    assert.equal(standing(one), 'orders');
  });

  test('the clock ends a lease, and the gate is told within a second', async () => {
    const one = bed();
    await one.desk.hold(lease({ until: 2_000 }));
    one.now = 2_000;
    assert.equal(standing(one), 'nobody');
    for (let waited = 0; one.said.length < 2 && waited < 1_000; waited += 20) {
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    assert.deepEqual([one.said.at(-1), standing(one)], [`take ${address} nobody`, 'none']);
  });

  test('a lease of its own is refused where it cannot count, and nothing is left of it', async () => {
    const one = bed();
    for (const [wrong, code] of [
      ['127.0.0.1', 'lease_address_forbidden'],
      ['::1', 'lease_address_forbidden'],
      ['169.254.169.254', 'lease_address_forbidden'],
      ['fd00:ec2::254', 'lease_address_forbidden'],
      ['224.0.0.1', 'lease_address_forbidden'],
      ['ff02::1', 'lease_address_forbidden'],
      ['::ffff:10.20.0.7', 'lease_address_forbidden'],
      ['10.20.0.1', 'lease_address_forbidden'],
      ['10.20.0.07', 'lease_address_malformed'],
      ['lan0', 'lease_address_malformed'],
    ] as const) {
      const held = await one.desk.hold(lease({ address: wrong }));
      assert.equal(held.ok ? 'ok' : held.fault.code, code, wrong);
    }
    const ended = await one.desk.hold(lease({ until: 900 }));
    assert.equal(!ended.ok && ended.fault.code, 'lease_ended');
    await one.desk.replace('ipam', [lease({ source: 'ipam', service: 'orders' })]);
    const conflict = await one.desk.hold(lease());
    assert.equal(!conflict.ok && conflict.fault.code, 'lease_conflict');
    assert.equal(standing(one), 'orders');
    one.confirms = false;
    const other = await one.desk.hold(lease({ address: '10.20.0.8' }));
    assert.equal(!other.ok && other.fault.code, 'lease_unconfirmed');
    assert.equal(one.desk.book.addressesOf('run').size, 0);
  });

  test('many at once are done each, none of them forgotten', async () => {
    const one = bed();
    const addresses = Array.from({ length: 40 }, (_, index) => `10.20.1.${index}`);
    const held = await Promise.all(addresses.map((each) => one.desk.hold(lease({ address: each }))));
    assert.ok(held.every(({ ok }) => ok));
    assert.ok(one.said.length < 10, `${one.said.length} rounds`);
    assert.ok((await Promise.all(addresses.map((each) => one.desk.end('run', each)))).every(Boolean));
    assert.deepEqual(one.desk.book.changes(one.now), []);
  });
});

describe('numbers of leases', () => {
  test('are given once, over restarts too, and never are those of services', () => {
    const path = join(folder, 'tenures');
    const [one, two] = [openTenures(path), openTenures(path)];
    const numbers = [one.next(), two.next(), one.next(), openTenures(path).next()];
    assert.equal(new Set(numbers).size, 4);
    assert.ok(numbers.every((number) => number > 2 ** 31 && number < 2 ** 32));
    writeFileSync(path, `${2 ** 32 - 3}\n`);
    const last = openTenures(path);
    assert.deepEqual([last.next(), last.next(), last.next()], [2 ** 32 - 3, 2 ** 32 - 2, 2 ** 31 + 1]);
    assert.ok(Number(readFileSync(path, 'utf8')) > 2 ** 31);
    writeFileSync(path, 'damaged');
    assert.throws(() => openTenures(path), /holds no number/);
  });
});
