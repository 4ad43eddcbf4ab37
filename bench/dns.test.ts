import assert from 'node:assert/strict';
import { test } from 'node:test';
import { skipUnless } from '../test/support/requires.ts';
import { measureDns } from './dns.ts';
import { readReport } from './dns-load.ts';

test('the dns bench runs small with the echo and the peers that are installed', {
  skip: skipUnless('dnsperf'),
}, async () => {
  const notes: string[] = [];
  const sizes = {
    names: 200,
    others: { services: 0, rulesPerService: 0 },
    rounds: 1,
    secondsPerRound: 0.5,
    warmUpSeconds: 0.3,
    rates: [2_000, 1_500],
    servers: ['echo', 'unbound', 'dnsmasq', 'bind'],
  } as const;
  const results = await measureDns({ note: (text) => notes.push(text) }, sizes);
  const missing = sizes.servers.filter((name) => notes.some((text) => text.startsWith(`${name} is not installed`)));
  assert.equal(results.length, (sizes.servers.length - missing.length) * 5);
  // Bars for a busy machine: they catch a server that answers from the authority, and a report that was misread.
  for (const { figure, value, unit } of results) {
    if (unit === 'µs') assert.ok(value >= 0 && value < 500, `${figure}: ${value} µs`);
    if (unit === '/s') assert.ok(value > 1_000, `${figure}: ${value} a second`);
    if (unit === 'ms') assert.ok(value > 0 && value < 2_000, `${figure}: ${value} ms`);
  }
});

test('the 99th part of latencies counts lost queries as the slowest', () => {
  const line = (at: number): string => `> NOERROR api-${at}.example.com A 0.${String(at).padStart(6, '0')}`;
  const report = (lost: number): string =>
    [
      ...Array.from({ length: 100 - lost }, (_, at) => line(at + 1)),
      'Statistics:',
      '  Queries sent:         100',
      `  Queries completed:    ${100 - lost} (90.00%)`,
      `  Response codes:       NOERROR ${90 - lost} (90.00%), SERVFAIL 10 (10.00%)`,
      '  Queries per second:   250.500000',
    ].join('\n');
  const { p99Ms, ...counts } = readReport(report(0));
  assert.deepEqual(counts, { sent: 100, completed: 100, noError: 90, perSecond: 250.5 });
  assert.equal(p99Ms?.toFixed(3), '0.099');
  assert.equal(readReport(report(2)).p99Ms, Number.POSITIVE_INFINITY);
  assert.throws(() => readReport('nothing'), /no statistics/);
});
