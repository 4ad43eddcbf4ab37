import type { DatabaseSync } from 'node:sqlite';
import {
  bucketWidths,
  coverSpan,
  edgeFromKey,
  edgeToKey,
  type OpenFlow,
  type TrafficAddition,
  type TrafficCommit,
  type TrafficOfSpan,
  type TrafficPosition,
  type TrafficRow,
  type TrafficStore,
} from '../../flowmap/traffic/index.ts';
import { createTrafficPlaces, type TrafficPlaces } from './traffic-places.ts';
import { openTrafficFile } from './traffic-tables.ts';

const hourMs = bucketWidths[0]?.widthMs ?? 0;
const keptMs = bucketWidths.at(-1)?.keptMs ?? 0;

/**
 * Opens the sums of traffic in a file, and makes it anew where it is no good. The caller holds the lock of the state: one process at a time.
 * Throws what SQLite and the file system throw.
 */
export function openTrafficStore(path: string): TrafficStore {
  const database = openTrafficFile(path);
  const places = createTrafficPlaces(database);
  const write = writerOf(database, places);
  return {
    position: () => readPosition(database),
    openFlows: () =>
      database
        .prepare('SELECT flow, key, at_ms AS atMs FROM flow ORDER BY at_ms')
        .all()
        .map((row) => {
          const { flow, key, atMs } = row as unknown as { flow: string; key: string; atMs: number };
          return [flow, { edge: edgeFromKey(key), atMs }] as readonly [string, OpenFlow];
        }),
    commit: (commit) => within(database, places, () => write(commit)),
    traffic: (sinceMs, untilMs, nowMs) => readTraffic(database, coverSpan(sinceMs, untilMs, nowMs), nowMs),
    prune: (nowMs) => {
      within(database, places, () => prune(database, nowMs));
      // Numbers of edges that went are given to others.
      places.forget();
    },
    close: () => database.close(),
  };
}

function within(database: DatabaseSync, places: TrafficPlaces, work: () => void): void {
  database.exec('BEGIN IMMEDIATE');
  try {
    work();
    database.exec('COMMIT');
  } catch (error) {
    if (database.isTransaction) database.exec('ROLLBACK');
    places.forget();
    throw error;
  }
}

function readPosition(database: DatabaseSync): TrafficPosition | null {
  const row = database.prepare('SELECT file, offset FROM position').get();
  return row === undefined ? null : { ...(row as unknown as TrafficPosition) };
}

function writerOf(database: DatabaseSync, places: TrafficPlaces): (commit: TrafficCommit) => void {
  const add = database.prepare(`
    INSERT INTO bucket (width_ms, from_ms, edge, connections, bytes_up, bytes_down, last_ms) VALUES (?, ?, ?, ?, ?, ?, ?)
    ON CONFLICT DO UPDATE SET
      connections = connections + excluded.connections,
      bytes_up = bytes_up + excluded.bytes_up,
      bytes_down = bytes_down + excluded.bytes_down,
      last_ms = max(last_ms, excluded.last_ms)`);
  const touch = database.prepare('UPDATE edge SET last_ms = max(last_ms, ?) WHERE id = ?');
  const open = database.prepare('INSERT OR REPLACE INTO flow (flow, key, at_ms) VALUES (?, ?, ?)');
  const end = database.prepare('DELETE FROM flow WHERE flow = ?');
  const stand = database.prepare(`
    INSERT INTO position (only, file, offset, since_ms) VALUES (1, ?, ?, ?)
    ON CONFLICT DO UPDATE SET file = excluded.file, offset = excluded.offset, since_ms = min(since_ms, excluded.since_ms)`);
  const addSum = ({ edge, fromMs, connections, bytesUp, bytesDown, lastMs }: HourSum, nowMs: number): void => {
    for (const { widthMs, keptMs: kept } of bucketWidths) {
      if (fromMs < nowMs - kept) continue;
      const from = Math.floor(fromMs / widthMs) * widthMs;
      add.run(widthMs, from, edge, connections, bytesUp, bytesDown, lastMs);
    }
    touch.run(lastMs, edge);
  };
  return ({ additions, opened, closed, position, nowMs }) => {
    const sums = sumUp(additions, places, nowMs);
    for (const sum of sums) addSum(sum, nowMs);
    for (const [flow, { edge, atMs }] of opened) open.run(flow, edgeToKey(edge), atMs);
    for (const flow of closed) end.run(flow);
    const first = sums.reduce((eldest, { firstMs }) => Math.min(eldest, firstMs), nowMs);
    stand.run(position.file, position.offset, first);
  };
}

/** What one edge had in one hour. */
interface HourSum {
  readonly edge: number;
  readonly fromMs: number;
  connections: number;
  bytesUp: number;
  bytesDown: number;
  firstMs: number;
  lastMs: number;
}

// Each edge and hour is written once, however many records speak of it.
function sumUp(additions: readonly TrafficAddition[], places: TrafficPlaces, nowMs: number): readonly HourSum[] {
  const sums = new Map<string, HourSum>();
  for (const { edge, atMs, connections, bytesUp, bytesDown } of additions) {
    // A clock that ran ahead must not fill buckets that nothing will ever let go of.
    const at = Math.min(atMs, nowMs);
    if (at < nowMs - keptMs) continue;
    const id = places.place(edge, at);
    const fromMs = Math.floor(at / hourMs) * hourMs;
    const key = `${id} ${fromMs}`;
    const nothing = { edge: id, fromMs, connections: 0, bytesUp: 0, bytesDown: 0, firstMs: at, lastMs: at };
    const sum = sums.get(key) ?? nothing;
    sums.set(key, sum);
    sum.connections += connections;
    sum.bytesUp += bytesUp;
    sum.bytesDown += bytesDown;
    sum.firstMs = Math.min(sum.firstMs, at);
    sum.lastMs = Math.max(sum.lastMs, at);
  }
  return [...sums.values()];
}

function readTraffic(
  database: DatabaseSync,
  { sinceMs, untilMs, runs }: ReturnType<typeof coverSpan>,
  nowMs: number,
): TrafficOfSpan {
  const part = 'SELECT edge, connections, bytes_up, bytes_down, last_ms FROM bucket';
  const parts = runs.map(() => `${part} WHERE width_ms = ? AND from_ms >= ? AND from_ms < ?`);
  // Sums as real numbers: they do not overflow, whatever a damaged record said.
  const select = database.prepare(
    `SELECT edge.key, sums.* FROM (
      SELECT edge, total(connections), total(bytes_up), total(bytes_down), max(last_ms)
      FROM (${parts.join(' UNION ALL ')}) GROUP BY edge
    ) AS sums JOIN edge ON edge.id = sums.edge`,
  );
  // A day has ten thousand rows and more: objects with names would be made twice, here and in SQLite's binding.
  select.setReturnArrays(true);
  const args = runs.flatMap(({ widthMs, fromMs, toMs }) => [widthMs, fromMs, toMs]);
  const since = database.prepare('SELECT since_ms AS ms FROM position').get() as { readonly ms: number } | undefined;
  return {
    ...{ sinceMs, untilMs },
    countedSinceMs: since === undefined ? null : Math.max(since.ms, nowMs - keptMs),
    rows: (select.all(...args) as unknown as readonly StoredRow[]).map(toRow),
  };
}

/** Its key, the number of its edge, connections, bytes up, bytes down, and its last instant. */
type StoredRow = readonly [string, number, number, number, number, number];

function toRow([key, , connections, bytesUp, bytesDown, lastMs]: StoredRow): TrafficRow {
  return { ...edgeFromKey(key), connections: Math.max(0, connections), bytesUp, bytesDown, lastMs };
}

function prune(database: DatabaseSync, nowMs: number): void {
  const over = database.prepare('DELETE FROM bucket WHERE width_ms = ? AND from_ms < ?');
  for (const { widthMs, keptMs: kept } of bucketWidths) over.run(widthMs, nowMs - kept - widthMs);
  // An edge has buckets while it was used within the longest time that any is kept.
  const eldestMs = nowMs - keptMs - (bucketWidths.at(-1)?.widthMs ?? 0);
  database.prepare('DELETE FROM edge WHERE last_ms < ?').run(eldestMs);
}
