import assert from 'node:assert/strict';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Answer } from 'dns-packet';
import {
  type PrimaryAnswer,
  type PrimaryKey,
  type PrimaryQuestion,
  startZonePrimary,
  type ZonePrimary,
} from '../../../test/support/zone-primary.ts';
import type { RpzZone } from './rpz-zone.ts';
import { createZoneTransfer, type ZoneTransfer, type ZoneTransferOptions } from './transfer.ts';
import { tsigAlgorithms } from './tsig.ts';

const origin = 'rpz.example';
const key: PrimaryKey = {
  name: 'feed-key',
  algorithm: 'hmac-sha256',
  secret: Buffer.from('a secret of thirty-two bytes ...'),
};

function soa(
  serial: number,
  times: { readonly refresh?: number; readonly retry?: number; readonly expire?: number } = {},
): Answer {
  const { refresh = 600, retry = 120, expire = 7200 } = times;
  const data = { mname: 'ns.example', rname: 'admin.example', serial, refresh, retry, expire, minimum: 60 };
  return { type: 'SOA', name: origin, ttl: 60, data };
}

function rule(name: string, target = '.'): Answer {
  return { type: 'CNAME', name: `${name}.${origin}`, ttl: 60, data: target };
}

function rules(count: number, prefix = 'n'): Answer[] {
  return Array.from({ length: count }, (_, index) => rule(`${prefix}${index}.bad.example`));
}

/** Records as messages of at most `size` records. */
function messagesOf(records: readonly Answer[], size = 100): readonly (readonly Answer[])[] {
  const messages: Answer[][] = [];
  for (let at = 0; at < records.length; at += size) messages.push(records.slice(at, at + size));
  return messages;
}

function whole(serial: number, records: readonly Answer[], more: Partial<PrimaryAnswer> = {}): PrimaryAnswer {
  return { messages: messagesOf([soa(serial), ...records, soa(serial)]), ...more };
}

interface Bed {
  readonly primary: ZonePrimary;
  readonly transfer: ZoneTransfer;
  readonly folder: string;
  readonly seen: RpzZone[];
  /** Moves the clock on. */
  advance(seconds: number): void;
  /** Waits until the primary was asked so often and something came of it. */
  settled(asked: number): Promise<void>;
  another(options?: Partial<ZoneTransferOptions>): ZoneTransfer;
}

async function until(isSo: () => boolean): Promise<void> {
  for (let left = 500; left > 0 && !isSo(); left -= 1) await sleep(10);
  assert.ok(isSo(), 'it did not come about in 5 seconds');
}

/** A primary with a script and a transfer that follows it; both end with the test. */
async function startBed(
  context: TestContext,
  script: (question: PrimaryQuestion) => PrimaryAnswer,
  options: Partial<ZoneTransferOptions> = {},
): Promise<Bed> {
  const folder = await mkdtemp(join(tmpdir(), 'exeat-rpz-'));
  const primary = await startZonePrimary(script, options.key ?? null);
  const seen: RpzZone[] = [];
  let aheadMs = 0;
  const clock = { now: () => Date.now() + aheadMs };
  const transfers: ZoneTransfer[] = [];
  const another = (more: Partial<ZoneTransferOptions> = {}): ZoneTransfer => {
    const where = { origin, primary: { address: '127.0.0.1', port: primary.port }, key: null, stateFolder: folder };
    const onZone = (zone: RpzZone): void => void seen.push(zone);
    const transfer = createZoneTransfer({ ...where, clock, onZone, tickMs: 5, idleMs: 2000, ...options, ...more });
    transfers.push(transfer);
    return transfer;
  };
  context.after(async () => {
    for (const transfer of transfers) await transfer.close();
    await primary.close();
    await rm(folder, { recursive: true, force: true });
  });
  const transfer = another();
  return {
    primary,
    transfer,
    folder,
    seen,
    another,
    advance: (seconds) => {
      aheadMs += seconds * 1000;
    },
    settled: async (asked) => {
      await until(() => primary.asked.length >= asked);
      const isSaid = (): boolean => transfer.problem()?.code !== 'zone_missing';
      await until(isSaid);
      await sleep(60);
    },
  };
}

test('a zone comes by AXFR, over many messages, and is kept in a file', async (context) => {
  const bed = await startBed(context, () => whole(5, rules(1234)));
  await until(() => bed.transfer.current() !== null);
  assert.equal(bed.transfer.problem(), null);
  assert.deepEqual(bed.transfer.current()?.rules, { qname: 1234, ip: 0, client_ip: 0 });
  assert.equal(bed.transfer.current()?.serial, 5);
  assert.equal(bed.transfer.current()?.findName('n7.bad.example')?.action.kind, 'nxdomain');
  assert.deepEqual(bed.primary.asked, [{ type: 'AXFR', name: origin, serial: null, isSigned: false }]);
  assert.equal(bed.seen.length, 1);
  assert.deepEqual(await readdir(bed.folder), ['rpz-rpz.example.zone']);
});

test('the kept zone is in force at the next start before the primary is asked', async (context) => {
  const bed = await startBed(context, () => whole(5, rules(3)));
  await until(() => bed.transfer.current() !== null);
  await bed.transfer.close();
  bed.primary.script = () => ({ messages: [], isSilent: true });
  const next = bed.another();
  await until(() => next.current() !== null);
  assert.equal(next.current()?.rules.qname, 3);
  await until(() => bed.primary.asked.length === 2);
  assert.deepEqual(bed.primary.asked[1], { type: 'IXFR', name: origin, serial: 5, isSigned: false });
});

test('a damaged file is not believed', async (context) => {
  const bed = await startBed(context, () => whole(5, rules(3)));
  await until(() => bed.transfer.current() !== null);
  await bed.transfer.close();
  const path = join(bed.folder, 'rpz-rpz.example.zone');
  const bytes = await readFile(path);
  bytes[bytes.length - 1] = 7;
  await writeFile(path, bytes);
  bed.primary.script = () => ({ messages: [], isSilent: true });
  const next = bed.another();
  await until(() => next.problem()?.code === 'zone_damaged');
  assert.equal(next.current(), null);
  await until(() => bed.primary.asked.length === 2);
  assert.equal(bed.primary.asked[1]?.type, 'AXFR');
});

test('differences of several versions are applied', async (context) => {
  const bed = await startBed(context, () => whole(5, [rule('a'), rule('b'), rule('c'), rule('d')]));
  await until(() => bed.transfer.current() !== null);
  const differences = [
    soa(7),
    ...[soa(5), rule('a'), rule('b'), soa(6), rule('e'), rule('f')],
    ...[soa(6), rule('f'), rule('c'), soa(7), rule('b', 'rpz-drop'), rule('c', '*')],
    soa(7),
  ];
  bed.primary.script = () => ({ messages: messagesOf(differences, 3) });
  bed.advance(700);
  await until(() => bed.transfer.current()?.serial === 7);
  const found = ['a', 'b', 'c', 'd', 'e', 'f'].map(
    (name) => bed.transfer.current()?.findName(name)?.action.kind ?? 'none',
  );
  assert.deepEqual(found, ['none', 'drop', 'nodata', 'nxdomain', 'nxdomain', 'none']);
  assert.equal(bed.transfer.problem(), null);
  assert.deepEqual(
    bed.primary.asked.map(({ type, serial }) => `${type} ${serial}`),
    ['AXFR null', 'IXFR 5'],
  );
});

test('an IXFR that says nothing changed leaves the zone and confirms it', async (context) => {
  const bed = await startBed(context, ({ type }) => (type === 'AXFR' ? whole(5, rules(3)) : { messages: [[soa(5)]] }));
  await until(() => bed.transfer.current() !== null);
  bed.advance(7000);
  await bed.settled(2);
  assert.equal(bed.seen.length, 1);
  bed.advance(7000);
  await bed.settled(3);
  assert.equal(bed.transfer.problem(), null);
});

test('an IXFR may be answered with the whole zone, or be refused and asked as AXFR', async (context) => {
  const inconsistent = [soa(6), soa(5), rule('never-there'), soa(6), soa(6)];
  const rows: readonly (readonly [string, PrimaryAnswer, readonly string[]])[] = [
    ['whole', whole(6, rules(4)), ['AXFR', 'IXFR']],
    ['not implemented', { messages: [[]], rcode: 4 }, ['AXFR', 'IXFR', 'AXFR']],
    ['format error', { messages: [[]], rcode: 1 }, ['AXFR', 'IXFR', 'AXFR']],
    ['inconsistent', { messages: [inconsistent] }, ['AXFR', 'IXFR', 'AXFR']],
  ];
  for (const [name, answer, types] of rows) {
    const bed = await startBed(context, () => whole(5, rules(3)));
    await until(() => bed.transfer.current() !== null);
    bed.primary.script = ({ type }) => (type === 'IXFR' ? answer : whole(6, rules(4)));
    bed.advance(700);
    await until(() => bed.transfer.current()?.serial === 6);
    assert.equal(bed.transfer.current()?.rules.qname, 4, name);
    assert.deepEqual(
      bed.primary.asked.map(({ type }) => type),
      types,
      name,
    );
  }
});

test('signed transfers are taken with each algorithm, also where only some messages are signed', async (context) => {
  for (const algorithm of tsigAlgorithms) {
    for (const signEvery of [1, 3, 100]) {
      const own = { ...key, algorithm };
      const answer = { ...whole(5, []), messages: messagesOf([soa(5), ...rules(250), soa(5)], 2), key: own, signEvery };
      const bed = await startBed(context, () => answer, { key: own });
      await until(() => bed.transfer.current() !== null);
      assert.equal(bed.transfer.current()?.rules.qname, 250, `${algorithm} ${signEvery}`);
      assert.equal(bed.primary.asked[0]?.isSigned, true);
    }
  }
});

test('transfers that are not signed as they should be are refused', async (context) => {
  const long = messagesOf([soa(5), ...rules(250), soa(5)], 2);
  const rows: readonly (readonly [Partial<PrimaryAnswer>, RegExp])[] = [
    [{}, /the answer is not signed/],
    [{ key: { ...key, secret: Buffer.from('another') } }, /the signature is wrong/],
    [{ key: { ...key, name: 'other-key' } }, /another key/],
    [{ key: { ...key, algorithm: 'hmac-sha512' } }, /another algorithm/],
    [{ key, skewSeconds: 400 }, /clocks differ/],
    [{ key, skewSeconds: -400 }, /clocks differ/],
    [{ key, skewSeconds: -400, fudgeSeconds: 900 }, /more than 300 seconds/],
    [{ key, skewSeconds: 100, fudgeSeconds: 50 }, /more than 50 seconds/],
    [{ key, tamperWith: 0 }, /the signature is wrong/],
    [{ key, messages: long, tamperWith: 17, signEvery: 10 }, /the signature is wrong/],
    [{ key, messages: long, signEvery: 101 }, /more than 99 messages in a row/],
    [{ key, messages: long, leavesLastUnsigned: true }, /the last message is not signed/],
    [{ key, tsigError: 17, rcode: 9, messages: [[]] }, /BADKEY/],
    [{ key, tsigError: 18, rcode: 9, messages: [[]] }, /BADTIME/],
    [{ rcode: 5, messages: [[]] }, /REFUSED/],
  ];
  for (const [more, message] of rows) {
    const bed = await startBed(context, () => whole(5, rules(3), more), { key });
    await bed.settled(1);
    assert.match(bed.transfer.problem()?.message ?? '', message);
    assert.equal(bed.transfer.current(), null);
    assert.deepEqual(await readdir(bed.folder), []);
  }
});

test('clocks that differ by less than five minutes are fine', async (context) => {
  const bed = await startBed(context, () => whole(5, rules(3), { key, skewSeconds: -250 }), { key });
  await until(() => bed.transfer.current() !== null);
  assert.equal(bed.transfer.problem(), null);
});

test('a transfer that breaks or makes no sense changes nothing', async (context) => {
  const rows: readonly (readonly [PrimaryAnswer, RegExp])[] = [
    [whole(6, rules(300), { cutAfterBytes: 2000 }), /closed before/],
    [whole(6, rules(300), { cutAfterBytes: 0 }), /closed before/],
    [{ messages: [], isSilent: true }, /silent for 150 ms/],
    [{ messages: [[rule('a'), soa(6)]] }, /does not begin with the SOA/],
    [{ messages: [[soa(6), rule('a'), soa(7)]] }, /changed while/],
    [{ messages: [[soa(6), rule('a'), soa(6), rule('b')]] }, /follow the end/],
    [{ messages: [[]], rcode: 2 }, /SERVFAIL/],
    [whole(6, rules(2000)), /at most 1500 records/],
  ];
  for (const [answer, message] of rows) {
    const bed = await startBed(context, () => whole(5, rules(3)), { idleMs: 150, maxRecords: 1500 });
    await until(() => bed.transfer.current() !== null);
    bed.primary.script = () => answer;
    bed.advance(700);
    await until(() => bed.transfer.problem() !== null);
    assert.match(bed.transfer.problem()?.message ?? '', message);
    assert.equal(bed.transfer.current()?.serial, 5);
    assert.equal(bed.seen.length, 1);
    // Retry, not refresh, is what trouble waits for; and it heals.
    bed.primary.script = () => whole(6, rules(4));
    bed.advance(121);
    await until(() => bed.transfer.current()?.serial === 6);
    assert.equal(bed.transfer.problem(), null);
  }
});

test('a zone that shrinks by half or grows beyond five times is refused unless it was small', async (context) => {
  const rows: readonly (readonly [number, number, string | null])[] = [
    [1000, 499, 'zone_shrank'],
    [1000, 500, null],
    [1000, 5001, 'zone_grew'],
    [1000, 5000, null],
    [1000, 0, 'zone_shrank'],
    [999, 1, null],
    [10, 2000, null],
  ];
  for (const [before, after, code] of rows) {
    const bed = await startBed(context, () => whole(5, rules(before)));
    await until(() => bed.transfer.current() !== null);
    bed.primary.script = () => whole(6, rules(after));
    bed.advance(700);
    await until(() => bed.transfer.problem() !== null || bed.transfer.current()?.serial === 6);
    await sleep(20);
    assert.equal(bed.transfer.problem()?.code ?? null, code, `${before} to ${after}`);
    assert.equal(bed.transfer.current()?.rules.qname, code === null ? after : before);
  }
});

test('an unreachable primary is told, and an old zone stays in force past its end', async (context) => {
  const bed = await startBed(context, () => whole(5, rules(3)));
  await until(() => bed.transfer.current() !== null);
  await bed.primary.close();
  bed.advance(700);
  await until(() => bed.transfer.problem()?.code === 'transfer_failed');
  assert.match(bed.transfer.problem()?.message ?? '', /ECONNREFUSED|closed/);
  bed.advance(7200);
  await until(() => bed.transfer.problem()?.code === 'zone_expired');
  assert.equal(bed.transfer.current()?.rules.qname, 3);
});

test('a serial that went back is told and not taken, and counts around its end', async (context) => {
  const bed = await startBed(context, () => whole(4_294_967_295, rules(3)));
  await until(() => bed.transfer.current() !== null);
  bed.primary.script = () => ({ messages: [[soa(4_294_967_000)]] });
  bed.advance(700);
  await until(() => bed.transfer.problem()?.code === 'zone_went_back');
  bed.primary.script = () => whole(2, rules(5));
  bed.advance(700);
  await until(() => bed.transfer.current()?.serial === 2);
  assert.equal(bed.transfer.problem(), null);
});

test('times of the SOA are kept within bounds, and a clock set back does not stop the questions', async (context) => {
  const bed = await startBed(context, () => ({ messages: [[soa(5, { refresh: 0 }), soa(5, { refresh: 0 })]] }));
  await until(() => bed.transfer.current() !== null);
  await sleep(100);
  assert.equal(bed.primary.asked.length, 1);
  bed.advance(31);
  await until(() => bed.primary.asked.length === 2);
  bed.advance(-3600);
  await until(() => bed.primary.asked.length === 3);
  assert.equal(bed.transfer.current()?.rules.qname, 0);
});

test('a zone that cannot be kept is in force all the same, and comes whole again', async (context) => {
  const bed = await startBed(context, () => whole(5, rules(3)), {
    stateFolder: join(tmpdir(), 'exeat-no-such-folder'),
  });
  await until(() => bed.transfer.problem()?.code === 'zone_not_kept');
  assert.equal(bed.transfer.current()?.rules.qname, 3);
  bed.primary.script = () => whole(6, rules(4));
  bed.advance(121);
  await until(() => bed.transfer.current()?.serial === 6);
  assert.deepEqual(
    bed.primary.asked.map(({ type }) => type),
    ['AXFR', 'AXFR'],
  );
});

test('closing ends a transfer under way', async (context) => {
  const bed = await startBed(context, () => ({ messages: [], isSilent: true }), { idleMs: 60_000 });
  await until(() => bed.primary.asked.length === 1);
  const startedAtMs = performance.now();
  await bed.transfer.close();
  assert.ok(performance.now() - startedAtMs < 1000);
});

test('options that are no names or addresses are a mistake of the caller', () => {
  const clock = { now: () => 0 };
  const base = { primary: { address: '127.0.0.1', port: 1 }, stateFolder: tmpdir(), clock };
  assert.throws(() => createZoneTransfer({ ...base, origin: 'a..b', key: null }), /`origin` is not a name/);
  assert.throws(
    () => createZoneTransfer({ ...base, origin, key: { ...key, name: '..' } }),
    /`key\.name` is not a name/,
  );
  const primary = { address: 'primary.example', port: 53 };
  assert.throws(
    () => createZoneTransfer({ ...base, origin, key: null, primary }),
    /`primary\.address` is not an address/,
  );
});
