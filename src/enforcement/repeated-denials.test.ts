import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { several, type VerdictRecord, verdictCount } from '../policy/index.ts';
import { type NotedDenial, RepeatedDenials } from './repeated-denials.ts';

const startMs = Date.parse('2026-11-23T09:30:00Z');

function denials(): RepeatedDenials {
  let ids = 0;
  return new RepeatedDenials(() => {
    ids += 1;
    return `sum-${ids}`;
  });
}

function denial(id: string, changes: Partial<VerdictRecord> = {}): VerdictRecord {
  return {
    kind: 'verdict',
    id,
    flow: `flow-${id}`,
    time: new Date(startMs).toISOString(),
    point: 'proxy',
    stage: 'name',
    verdict: 'deny',
    reason: 'no_rule_matched',
    wouldDeny: false,
    wouldDenyReason: null,
    source: '192.0.2.7:40000',
    principal: { service: 'ci-runner', identity: 'credential:ci-runner', strength: 'shared-secret' },
    destination: { host: 'example.org', port: 443, protocol: 'tls', address: null, class: 'ordinary' },
    innerHost: 'unseen',
    ruleIds: [],
    grantId: null,
    policyVersion: 'sha256:aa',
    mode: 'enforce',
    ...changes,
  };
}

function to(host: string): Pick<VerdictRecord, 'destination'> {
  return { destination: { host, port: 443, protocol: 'tls', address: null, class: 'ordinary' } };
}

/** Notes so many denials of one source; gives what was to be written and the id that each refusal tells. */
function flood(
  table: RepeatedDenials,
  count: number,
  make: (index: number) => VerdictRecord,
  source = '192.0.2.7',
): { readonly written: readonly VerdictRecord[]; readonly ids: readonly string[] } {
  const noted: NotedDenial[] = [];
  for (let i = 0; i < count; i += 1) noted.push(table.note(make(i), source, startMs));
  return { written: noted.flatMap(({ record }) => record ?? []), ids: noted.map(({ id }) => id) };
}

function total(records: readonly VerdictRecord[]): number {
  return records.reduce((sum, record) => sum + verdictCount(record), 0);
}

test('the same denial again and again is written twenty times, then counted under the id of the last one', () => {
  const table = denials();
  const { written, ids } = flood(table, 1000, (i) => denial(`d${i}`));
  assert.equal(written.length, 20);
  assert.deepEqual(new Set(ids.slice(19)), new Set(['d19']));
  assert.deepEqual(table.takeEnded(startMs + 9_999), []);
  const [sum, ...others] = table.takeEnded(startMs + 10_000);
  assert.deepEqual(others, []);
  const time = new Date(startMs + 10_000).toISOString();
  assert.deepEqual(sum, { ...denial('d19'), id: 'sum-1', time, repeats: 980 });
  assert.deepEqual(table.takeEnded(startMs + 30_000), []);
});

test('one principal that asks for ever new destinations is counted past two hundred, without naming one', () => {
  const table = denials();
  const { written, ids } = flood(table, 5000, (i) => denial(`d${i}`, to(`n${i}.example.org`)));
  assert.equal(written.length, 200);
  assert.equal(ids.at(-1), 'd199');
  assert.equal(written.at(-1)?.destination?.host, several);
  assert.equal(written.at(-1)?.principal?.service, 'ci-runner');
  const [sum] = table.takeAll(startMs);
  assert.equal(sum?.repeats, 4800);
  assert.equal(sum?.flow, 'flow-d199');
});

test('a source that never shows who it is writes fifty records in a window', () => {
  const table = denials();
  const unknown = { principal: null, reason: 'request_malformed', destination: null } as const;
  const { written } = flood(table, 3000, (i) => denial(`d${i}`, { ...unknown, detail: `detail ${i}` }));
  assert.equal(written.length, 50);
  assert.equal(written.at(-1)?.detail, undefined);
  assert.equal(total([...written, ...table.takeAll(startMs)]), 3000);
});

test('addresses of one IPv6 /64 are one source, those of another are not', () => {
  const table = denials();
  const unknown = { principal: null, reason: 'request_malformed', destination: null } as const;
  const note = (i: number, address: string): NotedDenial => table.note(denial(`d${i}`, unknown), address, startMs);
  const noted = Array.from({ length: 100 }, (_, i) => note(i, `2001:db8:0:1::${(i + 1).toString(16)}`));
  assert.equal(noted.filter(({ record }) => record !== null).length, 50);
  assert.notEqual(note(100, '2001:db8:0:2::1').record, null);
});

test('repeats of one destination leave the burst of the others alone', () => {
  const table = denials();
  flood(table, 1000, (i) => denial(`d${i}`));
  const { written } = flood(table, 100, (i) => denial(`e${i}`, to(`n${i}.example.org`)));
  assert.equal(written.length, 100);
});

test('sources past the bound of the table are counted by reason, and the table stays bounded', () => {
  const table = denials();
  const unknown = { principal: null, reason: 'request_malformed', destination: null } as const;
  const noted = Array.from({ length: 12_000 }, (_, i) =>
    table.note(denial(`d${i}`, unknown), `10.${i >> 16}.${(i >> 8) & 255}.${i & 255}`, startMs),
  );
  const written = noted.flatMap(({ record }) => record ?? []);
  assert.equal(written.length, 10_200);
  assert.equal(written.at(-1)?.source, several);
  assert.equal(total([...written, ...table.takeAll(startMs)]), 12_000);
});

test('a clock that was set back ends a window at once', () => {
  const table = denials();
  flood(table, 30, (i) => denial(`d${i}`));
  assert.equal(table.takeEnded(startMs - 3_600_000)[0]?.repeats, 10);
});

test('INVARIANT: every denial is a record of its own or is counted in exactly one `repeats`, and its id is a written one', () => {
  const step = fc.record({
    service: fc.constantFrom('a', 'b', null),
    host: fc.constantFrom('one.example', 'two.example', 'three.example'),
    waitMs: fc.constantFrom(0, 0, 0, 0, 0, 7, 400),
    times: fc.integer({ min: 1, max: 60 }),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
      const table = denials();
      const written: VerdictRecord[] = [];
      const told = new Set<string>();
      let nowMs = startMs;
      let count = 0;
      for (const { service, host, waitMs, times } of steps) {
        nowMs += waitMs * 25;
        written.push(...table.takeEnded(nowMs));
        const principal =
          service === null ? null : { service, identity: `credential:${service}`, strength: 'shared-secret' as const };
        for (let i = 0; i < times; i += 1) {
          count += 1;
          const { record, id } = table.note(denial(`d${count}`, { principal, ...to(host) }), '192.0.2.7', nowMs);
          if (record !== null) written.push(record);
          told.add(id);
        }
      }
      written.push(...table.takeAll(nowMs));
      assert.equal(total(written), count);
      const ids = new Set(written.map(({ id }) => id));
      assert.ok([...told].every((id) => ids.has(id)));
    }),
    { numRuns: 100 },
  );
});

test('what enforce would deny is counted by destination, however many destinations there are', () => {
  const table = denials();
  const observed = {
    verdict: 'allow',
    reason: 'observed',
    wouldDeny: true,
    wouldDenyReason: 'no_rule_matched',
  } as const;
  const { written } = flood(table, 900, (i) => denial(`o${i}`, { ...observed, ...to(`host-${i % 300}.example.org`) }));
  assert.equal(written.length, 900);
  assert.ok(written.every(({ destination }) => destination?.host !== several));
  const again = flood(table, 50, (i) => denial(`again-${i}`, { ...observed, ...to('host-0.example.org') }));
  assert.equal(again.written.length, 17);
  assert.deepEqual(
    table.takeAll(startMs).map(({ repeats, destination }) => [repeats, destination?.host]),
    [[33, 'host-0.example.org']],
  );
});
