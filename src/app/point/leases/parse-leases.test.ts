import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { parseIpAddress, parseIpPrefix } from '../../../destination/index.ts';
import { type LeaseBounds, parseLeases } from './parse-leases.ts';

const prefixes = ['10.20.0.0/16', 'fd20::/64', '0.0.0.0/0', '::/0'].map((text) => {
  const prefix = parseIpPrefix(text);
  return prefix.ok ? prefix.value : assert.fail(text);
});
const own = parseIpAddress('10.20.0.1');
const bounds: LeaseBounds = {
  source: 'ipam',
  ranges: prefixes.slice(0, 2),
  maxEntries: 100,
  network: { ownAddresses: own.ok ? [own.value] : [] },
  boundTo: (address) => (address === '10.20.0.8' ? '02:00:00:00:00:08' : null),
};
const entry = {
  address: '10.20.0.7',
  service: 'payments-api',
  from: '2026-11-29T05:00:00Z',
  until: '2026-11-29T06:00:00.500Z',
};
const document = (...leases: readonly unknown[]): string => JSON.stringify({ version: 1, leases }, null, 1);
const said = async (text: string, more: Partial<LeaseBounds> = {}): Promise<string> => {
  const parsed = await parseLeases(text, { ...bounds, ...more });
  return parsed.ok ? (parsed.value.firstRefused ?? `${parsed.value.leases.length} leases`) : parsed.fault.message;
};

describe('a document of leases', () => {
  test('is read into addresses in one spelling, instants and hardware addresses', async () => {
    const parsed = await parseLeases(
      document(entry, { ...entry, address: 'FD20:0::7', mac: '02:00:00:00:20:AB', service: 'orders' }),
      bounds,
    );
    assert.ok(parsed.ok);
    const from = Date.UTC(2026, 10, 29, 5);
    const times = { from, until: from + 3_600_500, source: 'ipam' };
    assert.deepEqual(parsed.value.leases, [
      { ...times, address: '10.20.0.7', service: 'payments-api', mac: null },
      { ...times, address: 'fd20::7', service: 'orders', mac: '02:00:00:00:20:ab' },
    ]);
  });

  const malformed: readonly (readonly [string, RegExp])[] = [
    ['', /not JSON/],
    ['[]', /not an object/],
    ['{ "version": 2, "leases": [] }', /`version` must be 1/],
    ['{ "version": 1 }', /`leases` must be a list/],
    ['{ "version": 1, "leases": [], "lease": [] }', /`lease` is not known/],
    [document(entry, 7), /line \d+, `leases.1`: a lease must be an object/],
    [document(entry, { ...entry, host: 'x' }), /^line 10, `leases.1`: `host` is not known/],
    [document({ ...entry, address: 7 }), /^line 4, `leases.0`: `address` must be an IP address as text/],
    [document({ ...entry, address: '10.20.0.07' }), /`address`/],
    [document({ ...entry, address: '10.20.0.0/24' }), /`address`/],
    [document({ ...entry, address: 'fd20::7%lan0' }), /`address`/],
    [document({ ...entry, service: 'a b' }), /`service` must be the name of a service/],
    [document({ ...entry, service: undefined }), /`service`/],
    [document({ ...entry, from: undefined }), /`from` must be an instant in UTC/],
    [document({ ...entry, from: '2026-11-29T05:00:00+01:00' }), /`from`/],
    [document({ ...entry, until: '2026-02-30T05:00:00Z' }), /`until` must be an instant/],
    [document({ ...entry, until: null }), /`until`/],
    [document({ ...entry, until: entry.from }), /`until` must be later/],
    [document({ ...entry, mac: '02:00:00:00:20' }), /`mac`/],
    [document(...Array.from({ length: 101 }, () => entry)), /has 101 entries, at most 100/],
    [document(...Array.from({ length: 17 }, () => entry)), /`leases.16`: `10.20.0.7` has more than 16 leases/],
  ];
  for (const [text, expected] of malformed) {
    test(`is refused as a whole: ${expected.source}`, async () => assert.match(await said(text), expected));
  }

  test('leaves out what its source may not lease, and says so of the first', async () => {
    const everywhere = { ranges: prefixes };
    for (const [address, why] of [
      ['10.21.0.7', /none of the `ranges`/],
      ['203.0.113.7', /none of the `ranges`/],
      ['10.20.0.1', /of this machine/],
    ] as const) {
      assert.match(await said(document(entry, { ...entry, address })), why);
    }
    for (const [address, why] of [
      ['127.0.0.1', /loopback/],
      ['::1', /loopback/],
      ['0.0.0.0', /this network/],
      ['169.254.169.254', /link-local/],
      ['fd00:ec2::254', /metadata/],
      ['224.0.0.251', /multicast/],
      ['ff02::fb', /multicast/],
      ['255.255.255.255', /broadcast/],
      ['fe80::1', /link-local/],
      ['::ffff:10.20.0.7', /cannot be leased/],
    ] as const) {
      assert.match(await said(document(entry, { ...entry, address }), everywhere), why, address);
    }
    assert.match(
      await said(document({ ...entry, address: '10.20.0.8', mac: '02:00:00:00:00:09' })),
      /another hardware/,
    );
    assert.equal(await said(document({ ...entry, address: '10.20.0.8', mac: '02:00:00:00:00:08' })), '1 leases');
    const parsed = await parseLeases(document({ ...entry, address: '10.21.0.7' }, entry), bounds);
    assert.deepEqual(parsed.ok && [parsed.value.leases.length, parsed.value.refused], [1, 1]);
  });

  test('never throws, and what it takes is within its bounds', async () => {
    const value = fc.oneof(fc.jsonValue(), fc.record({ version: fc.constant(1), leases: fc.array(fc.jsonValue()) }));
    const text = fc.oneof(
      fc.string(),
      value.map((one) => JSON.stringify(one)),
    );
    await fc.assert(
      fc.asyncProperty(text, async (one) => {
        const parsed = await parseLeases(one, bounds);
        if (!parsed.ok) assert.equal(parsed.fault.code, 'leases_malformed');
        else for (const lease of parsed.value.leases) assert.match(lease.address, /^(10\.20\.|fd20:)/);
      }),
    );
  });
});
