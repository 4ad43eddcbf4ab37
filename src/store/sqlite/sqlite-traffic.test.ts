import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { test } from 'node:test';
import type { TrafficAddition, TrafficEdge, TrafficStore } from '../../flowmap/traffic/index.ts';
import { openTrafficStore } from './sqlite-traffic.ts';
import { maxEdgesOfDay, maxEdgesOfService } from './traffic-places.ts';

const hour = 3_600_000;
const now = Date.parse('2026-11-23T12:30:00Z');
const at = { file: 'decisions-00000000000001-000000.ndjson', offset: 10 };

function edge(change: Partial<TrafficEdge> = {}): TrafficEdge {
  return {
    ...{
      service: 'payments-api',
      identity: 'credential:payments',
      point: 'proxy',
      host: 'bank.example.com',
      port: 443,
    },
    ...{ protocol: 'tls', class: 'ordinary', verdict: 'allow', reason: '', ruleIds: ['bank'], grantId: null },
    ...change,
  };
}

function added(change: Partial<TrafficAddition> = {}): TrafficAddition {
  return { edge: edge(), atMs: now, connections: 1, bytesUp: 10, bytesDown: 100, ...change };
}

function commit(store: TrafficStore, additions: readonly TrafficAddition[], nowMs: number = now): void {
  store.commit({ additions, opened: new Map(), closed: new Set(), position: at, nowMs });
}

function withStore(work: (path: string) => void): void {
  const folder = mkdtempSync(join(tmpdir(), 'exeat-traffic-'));
  try {
    work(join(folder, 'traffic.db'));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

test('sums, flows under way and the place in the records are there after a restart', () => {
  withStore((path) => {
    const first = openTrafficStore(path);
    assert.equal(first.position(), null);
    first.commit({
      additions: [added(), added({ atMs: now - 30 * hour, bytesUp: 1 })],
      opened: new Map([['F1', { edge: edge(), atMs: now }]]),
      closed: new Set(),
      position: at,
      nowMs: now,
    });
    first.close();
    assert.equal(statSync(path).mode & 0o777, 0o600);
    const again = openTrafficStore(path);
    assert.deepEqual(again.position(), at);
    assert.deepEqual(again.openFlows(), [['F1', { edge: edge(), atMs: now }]]);
    const day = again.traffic(now - 24 * hour, now, now);
    assert.deepEqual(day.rows, [{ ...edge(), connections: 1, bytesUp: 10, bytesDown: 100, lastMs: now }]);
    const week = again.traffic(now - 7 * 24 * hour, now, now);
    assert.deepEqual([week.rows.length, week.rows[0]?.connections, week.rows[0]?.bytesUp], [1, 2, 11]);
    assert.equal(week.countedSinceMs, now - 30 * hour);
    again.close();
  });
});

test('a commit that fails leaves nothing of itself', () => {
  withStore((path) => {
    const store = openTrafficStore(path);
    commit(store, [added()]);
    const broken = { file: 'x', offset: Number.NaN };
    const fresh = added({ edge: edge({ host: 'fresh.example.com' }) });
    const failing = { additions: [fresh, added()], opened: new Map(), closed: new Set<string>(), nowMs: now };
    assert.throws(() => store.commit({ ...failing, position: broken }));
    assert.deepEqual(store.position(), at);
    assert.deepEqual(
      store.traffic(now - hour, now, now).rows.map(({ connections }) => connections),
      [1],
    );
    // The number that the edge was given did not hold, and is not remembered.
    commit(store, [fresh]);
    assert.equal(store.traffic(now - hour, now, now).rows.length, 2);
    store.close();
  });
});

test('what is older than its bucket is kept is let go of, and what a fast clock dated ahead counts as now', () => {
  withStore((path) => {
    const store = openTrafficStore(path);
    commit(store, [added({ atMs: now - 40 * 24 * hour }), added({ atMs: now + 400 * 24 * hour })]);
    assert.deepEqual(
      store.traffic(now - hour, now, now).rows.map(({ lastMs }) => lastMs),
      [now],
    );
    const later = now + 36 * 24 * hour + 24 * hour;
    store.prune(later);
    assert.deepEqual(store.traffic(now - hour, later, later).rows, []);
    store.close();
    const database = new DatabaseSync(path, { readOnly: true });
    const counts = database
      .prepare('SELECT (SELECT count(*) FROM bucket) + (SELECT count(*) FROM edge) AS all_rows')
      .get();
    assert.equal(counts?.['all_rows'], 0);
    database.close();
  });
});

test('a workload that makes up names fills its own places only, and what has none is counted together', () => {
  withStore((path) => {
    const store = openTrafficStore(path);
    const made = Array.from({ length: maxEdgesOfService + 500 }, (_, one) =>
      added({ edge: edge({ service: 'agent', host: `${one}.t.example`, verdict: 'deny', ruleIds: [] }) }),
    );
    commit(store, [...made, added()]);
    const { rows } = store.traffic(now - hour, now, now);
    const ofAgent = rows.filter(({ service }) => service === 'agent');
    assert.equal(ofAgent.length, maxEdgesOfService + 1);
    const together = ofAgent.find(({ host }) => host === '*');
    assert.deepEqual([together?.connections, together?.verdict, together?.identity], [500, 'deny', '*']);
    assert.equal(rows.find(({ service }) => service === 'payments-api')?.host, 'bank.example.com');
    // After a restart the day is as full as it was.
    store.close();
    const again = openTrafficStore(path);
    commit(again, [added({ edge: edge({ service: 'agent', host: 'late.t.example', verdict: 'deny', ruleIds: [] }) })]);
    const found = again.traffic(now - hour, now, now).rows.find((row) => row.service === 'agent' && row.host === '*');
    assert.equal(found?.connections, 501);
    again.close();
    assert.ok(maxEdgesOfDay >= 4 * maxEdgesOfService, 'several such leave room for the others');
  });
});

test('a file that is damaged or of another program is made anew', () => {
  withStore((path) => {
    writeFileSync(path, 'not a database, and long enough to be taken for one'.repeat(100));
    const store = openTrafficStore(path);
    commit(store, [added()]);
    store.close();
    const other = new DatabaseSync(path);
    other.exec('PRAGMA user_version = 99');
    other.close();
    const again = openTrafficStore(path);
    assert.equal(again.position(), null);
    again.close();
  });
});
