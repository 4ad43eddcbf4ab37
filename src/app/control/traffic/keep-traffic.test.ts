import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import { verdictRecord } from '../../../../test/support/verdict-record.ts';
import type { DecisionRecord } from '../../../policy/index.ts';
import { keepTraffic, type TrafficKeeper } from './keep-traffic.ts';

const now = Date.parse('2026-11-23T12:30:00Z');
const logger = { info: () => undefined, warn: () => undefined, error: () => undefined };
let folder = '';

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'exeat-keep-traffic-'));
  mkdirSync(join(folder, 'spool'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function write(...records: readonly (DecisionRecord | string)[]): void {
  const text = records.map((one) => `${typeof one === 'string' ? one : JSON.stringify(one)}\n`).join('');
  const file = join(folder, 'spool', 'decisions-00000000000001-000000.ndjson');
  writeFileSync(file, text, { flag: 'a' });
}

function keep(): TrafficKeeper {
  const path = join(folder, 'traffic.db');
  return keepTraffic({ spool: join(folder, 'spool'), path, clock: { now: () => now }, logger });
}

async function counts(keeper: TrafficKeeper): Promise<readonly (readonly [string, number, number])[]> {
  await keeper.caughtUp();
  const said = keeper.traffic(now - 3_600_000, now);
  assert.ok(said.ok);
  return said.value.rows
    .map(({ host, connections, bytesDown }) => [host, connections, bytesDown] as const)
    .toSorted(([one], [other]) => (one < other ? -1 : 1));
}

const close: DecisionRecord = {
  ...{ kind: 'close', id: 'C', flow: 'F1', time: '2026-11-23T12:20:00.000Z', endedBy: 'client', failure: null },
  ...{ bytesUp: 10, bytesDown: 90, durationMs: 1 },
  share: {
    ...{ source: '192.0.2.7:1', service: 'payments-api', bytesUp: 10, bytesDown: 90, durationMs: 1 },
    destination: { host: 'bank.example.com', port: 443, protocol: 'tls', address: null, class: 'ordinary' },
  },
};

test('each record counts once, and a restart goes on where the last commit stood', async () => {
  write(verdictRecord({ flow: 'F1', ruleIds: ['bank'] }), verdictRecord({ flow: 'F2' }));
  const first = keep();
  assert.deepEqual(await counts(first), [
    ['bank.example.com', 1, 0],
    ['bank.example.com', 1, 0],
  ]);
  assert.deepEqual((await counts(first)).length, 2, 'nothing is counted again');
  await first.close();
  write(close);
  const again = keep();
  const found = await counts(again);
  assert.equal(found.length, 2, 'its bytes went to the edge that its verdict named before the restart');
  assert.deepEqual(
    found.map(([, , down]) => down).toSorted((one, other) => one - other),
    [0, 90],
  );
  await again.close();
});

test('a line that is damaged or odd stops nothing', async () => {
  const odd = JSON.stringify({ ...verdictRecord({ flow: 'F3' }), destination: { host: { a: 1 } }, ruleIds: null });
  write('{"kind":"verdict"', odd, verdictRecord({ flow: 'F4' }));
  const keeper = keep();
  assert.deepEqual(await counts(keeper), [['bank.example.com', 1, 0]]);
  await keeper.close();
});

test('a file that becomes no good is counted again from the records, and says so meanwhile', async () => {
  write(verdictRecord({ flow: 'F1' }));
  const keeper = keep();
  assert.equal((await counts(keeper)).length, 1);
  await keeper.close();
  writeFileSync(join(folder, 'traffic.db'), 'x'.repeat(9_000));
  const again = keep();
  assert.deepEqual(await counts(again), [['bank.example.com', 1, 0]]);
  await again.close();
  rmSync(join(folder, 'traffic.db'));
  mkdirSync(join(folder, 'traffic.db'));
  const failing = keep();
  await failing.caughtUp();
  const said = failing.traffic(now - 1, now);
  assert.equal(said.ok ? null : said.fault.code, 'flow_map_unavailable');
  await failing.close();
});
