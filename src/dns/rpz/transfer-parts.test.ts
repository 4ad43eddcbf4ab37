import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { type DnsRecord, dnsTypes, internetClass, writeName } from '../../wire/index.ts';
import { keepZone, keptPathOf, readKeptZone } from './kept-zone.ts';
import { RecordPacker, unpackRecords } from './packed-records.ts';
import { RpzZoneBuilder } from './rpz-zone.ts';
import { TransferReader } from './transfer-reader.ts';
import { signMessage, type TsigKey, TsigVerifier } from './tsig.ts';
import { findTsig } from './tsig-record.ts';

const key: TsigKey = { name: 'Feed-Key', algorithm: 'hmac-sha256', secret: Buffer.from('a secret') };
const clock = { now: () => 1_700_000_000_000 };
// A question for AXFR of `rpz.example`.
const question = new Uint8Array(Buffer.from('0001000000010000000000000372707a076578616d706c650000fc0001', 'hex'));

const names = fc.constantFrom(
  'rpz.example',
  'RPZ.example',
  'a.rpz.example',
  '32.1.2.0.192.rpz-ip.rpz.example',
  'b',
  '',
  '*.x',
);
const records: fc.Arbitrary<DnsRecord> = fc.record({
  name: names,
  type: fc.constantFrom<number>(dnsTypes.soa, dnsTypes.soa, dnsTypes.cname, dnsTypes.a, dnsTypes.ns, 99),
  class: fc.constantFrom<number>(internetClass, internetClass, internetClass, 3),
  ttl: fc.nat(),
  data: fc.oneof(
    fc.uint8Array({ maxLength: 40 }),
    fc.constantFrom('', '*', 'rpz-drop', 'a', 'x.example').map((name) => writeName(name) ?? new Uint8Array(1)),
    fc.nat(3).map((serial) => soaData(serial)),
  ),
});

function soaData(serial: number): Uint8Array {
  const data = new Uint8Array(22);
  new DataView(data.buffer).setUint32(2, serial);
  return data;
}

function soa(serial: number): DnsRecord {
  return { name: 'rpz.example', type: dnsTypes.soa, class: internetClass, ttl: 60, data: soaData(serial) };
}

test('a signature is found where it stands, and nothing else is taken for one', () => {
  const { bytes, mac } = signMessage(question, key, clock.now());
  const found = findTsig(bytes);
  assert.ok(found !== null && found !== 'malformed');
  assert.equal(found.at, question.length);
  assert.equal(found.keyName, 'feed-key');
  assert.equal(found.algorithmName, 'hmac-sha256');
  assert.equal(found.signedAtSeconds, 1_700_000_000);
  assert.equal(found.originalId, 1);
  assert.deepEqual(found.mac, mac);
  assert.equal(findTsig(question), null);
  for (let length = 0; length < bytes.length; length += 1)
    assert.equal(findTsig(bytes.subarray(0, length)), 'malformed');
  // A second one makes the first not the last.
  assert.equal(findTsig(signMessage(bytes, key, clock.now()).bytes), 'malformed');
});

test('looking for a signature and checking it never throw, and no changed byte passes', () => {
  const request = signMessage(question, key, clock.now());
  const answer = signedAnswer(request.mac);
  assert.deepEqual(new TsigVerifier(key, request.mac, clock).accept(answer), { ok: true, value: undefined });
  fc.assert(
    fc.property(fc.nat(answer.length - 1), fc.integer({ min: 1, max: 255 }), (at, bits) => {
      const changed = new Uint8Array(answer);
      changed[at] = (changed[at] ?? 0) ^ bits;
      const found = findTsig(changed);
      // The id of the outer header is not signed but for its copy; case of the two names is not either.
      const isOutside = at < 2 || (found !== null && found !== 'malformed' && bits === 0x20 && at > question.length);
      if (!isOutside)
        assert.equal(new TsigVerifier(key, request.mac, clock).accept(changed).ok, false, `${at} ${bits}`);
    }),
    { numRuns: 2000 },
  );
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 120 }), (bytes) => {
      assert.equal(new TsigVerifier(key, request.mac, clock).accept(bytes).ok, false);
    }),
    { numRuns: 1000 },
  );
});

// What a primary sends: signed over the MAC of the request first (RFC 8945 section 5.3).
function signedAnswer(requestMac: Uint8Array): Uint8Array {
  const prefix = new Uint8Array(2 + requestMac.length);
  prefix[1] = requestMac.length;
  prefix.set(requestMac, 2);
  const withPrefix = new Uint8Array([...prefix, ...question]);
  const { mac } = signMessage(withPrefix, key, clock.now());
  const { bytes } = signMessage(question, key, clock.now());
  const answer = new Uint8Array(bytes);
  answer.set(mac, answer.length - 6 - mac.length);
  return answer;
}

test('reading a transfer never throws, and what comes out begins with a SOA of the zone', () => {
  fc.assert(
    fc.property(fc.array(records, { maxLength: 20 }), fc.option(fc.nat(3)), (sent, serial) => {
      const reader = new TransferReader({ origin: 'rpz.example', serial, maxRecords: 8, maxBytes: 400 });
      for (const record of [soa(3), ...sent]) if (!reader.add(record).ok) break;
      const { outcome } = reader;
      if (outcome === null) return;
      if (outcome.kind === 'unchanged') assert.ok(serial !== null && outcome.serial === 3);
      else assert.equal(outcome.soa.name, 'rpz.example');
      if (outcome.kind === 'full') assert.ok(outcome.records.count <= 8);
    }),
    { numRuns: 2000 },
  );
});

test('making a policy zone never throws, and every record is a rule or is counted', () => {
  fc.assert(
    fc.property(fc.array(records, { maxLength: 30 }), (added) => {
      const builder = new RpzZoneBuilder('rpz.example');
      for (const record of [soa(1), ...added]) builder.add({ ...record, name: record.name.toLowerCase() });
      const zone = builder.finish();
      assert.ok(zone !== null);
      const rules = zone.rules.qname + zone.rules.ip + zone.rules.client_ip;
      const refused = zone.unsupported.reduce((sum, { count }) => sum + count, 0);
      assert.ok(rules + refused <= added.length);
      for (const name of ['a', 'x', 'b.x', '']) zone.findName(name);
    }),
    { numRuns: 1000 },
  );
});

test('packed records come out as they went in', () => {
  fc.assert(
    fc.property(fc.array(records, { maxLength: 20 }), (added) => {
      const packer = new RecordPacker(100_000);
      for (const record of added) assert.ok(packer.add(record));
      const packed = packer.finish();
      const expected = added.map((record) => ({ ...record, class: internetClass, name: record.name.toLowerCase() }));
      const out = [...unpackRecords(packed)].map((record) => ({ ...record, data: new Uint8Array(record.data) }));
      assert.deepEqual(out, expected);
      assert.equal(packed.count, added.length);
      const cut = [...unpackRecords({ ...packed, bytes: packed.bytes.subarray(0, -1) })];
      assert.equal(cut.length, Math.max(0, added.length - 1));
    }),
  );
  assert.equal(new RecordPacker(20).add(soa(1)), false);
});

test('a kept zone is read back, and any damage to its file is seen', async (context) => {
  const folder = await mkdtemp(join(tmpdir(), 'exeat-rpz-'));
  context.after(() => rm(folder, { recursive: true, force: true }));
  const path = keptPathOf(folder, 'rpz.example');
  const packer = new RecordPacker(1000);
  packer.add({ name: 'a.rpz.example', type: dnsTypes.cname, class: internetClass, ttl: 5, data: new Uint8Array(1) });
  assert.deepEqual(await keepZone(path, { soa: soa(9), records: packer.finish(), checkedAtMs: 7 }), {
    ok: true,
    value: undefined,
  });
  const kept = await readKeptZone(path, 10_000);
  assert.ok(kept.ok && kept.value !== null);
  assert.equal(kept.value.checkedAtMs, 7);
  assert.deepEqual(new Uint8Array(kept.value.soa.data), soaData(9));
  assert.deepEqual(
    [...unpackRecords(kept.value.records)].map(({ name }) => name),
    ['a.rpz.example'],
  );

  const good = await readFile(path);
  const body = good.indexOf(0x0a) + 1;
  for (const bytes of [
    good.subarray(0, -1),
    good.subarray(0, body),
    Buffer.from('{}\n'),
    Buffer.from('no'),
    Buffer.alloc(0),
  ]) {
    await writeFile(path, bytes);
    const damaged = await readKeptZone(path, 10_000);
    assert.ok(!damaged.ok && damaged.fault.code === 'zone_damaged');
  }
  await writeFile(path, good);
  const large = await readKeptZone(path, -4000);
  assert.ok(!large.ok && large.fault.code === 'zone_damaged');
  assert.deepEqual(await readKeptZone(join(folder, 'none'), 10), { ok: true, value: null });
});

test('the file of a zone stays inside its folder whatever the origin', () => {
  const rows: readonly (readonly [string, string])[] = [
    ['rpz.example', 'rpz-rpz.example.zone'],
    ['', 'rpz-root.zone'],
    ['a/b\\..example', 'rpz-a%2fb%5c..example.zone'],
  ];
  for (const [origin, file] of rows) assert.equal(keptPathOf('/state', origin), `/state/${file}`);
  assert.match(keptPathOf('/state', 'l.'.repeat(120)), /^\/state\/rpz-[0-9a-f]{64}\.zone$/);
});
