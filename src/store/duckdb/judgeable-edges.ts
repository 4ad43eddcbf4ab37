import type { DuckDBConnection } from '@duckdb/node-api';
import {
  type EdgeQuery,
  type JudgeableEdge,
  type JudgeableSet,
  nameRanks,
  type RankShare,
} from '../../flowmap/index.ts';
import { appendColumns } from './append-rows.ts';
import { daysAtOnce, selectLeftOut } from './edge-sql.ts';
import { attributed, type JoinedDay, type JoinedWindow, joinedRows, rangeStatements } from './joined-sql.ts';
import {
  edgeParts,
  edgeTexts,
  plainEdges,
  selectAddresses,
  selectCandidates,
  selectKinds,
  selectPlainShares,
  selectTexts,
  severalApplications,
} from './judgeable-edge-sql.ts';
import { addBothWays, addMixed, foldedEdges, mixedTables, selectMixedShares } from './mixed-edge-sql.ts';
import { type PlainEdge, readPlainEdges } from './read-plain-edges.ts';
import { type RowReader, readLeftOut, readRows, readShares } from './read-rows.ts';
import { writeWho } from './write-who.ts';

/** What is read, and of which edges one address is not enough. */
export interface JudgeableQuery {
  readonly window: JoinedWindow;
  readonly query: Pick<EdgeQuery, 'who' | 'through'>;
  readonly hangsOnAddresses: (edge: JudgeableEdge) => boolean;
}

/** Reads edges for judging, on a connection that nobody else uses. */
export async function readJudgeableEdges(connection: DuckDBConnection, asked: JudgeableQuery): Promise<JudgeableSet> {
  const { window, query } = asked;
  const { days } = window;
  const principals = await writeWho(connection, query);
  for (const statement of rangeStatements(window)) await connection.run(statement);
  await connection.run(`CREATE OR REPLACE TEMP VIEW attributed AS ${attributed(joinedRows(days))}`);
  for (const statement of [edgeParts, plainEdges, severalApplications, edgeTexts]) await connection.run(statement);
  const [kinds] = (await readRows(connection, selectKinds)) as readonly [RowReader];
  await foldMixed(connection, days, kinds);
  const edges = await readEdges(connection, asked, principals, kinds.number('listed') > 0);
  const shares = [
    ...(await readRows(connection, selectPlainShares)),
    ...(await readRows(connection, selectMixedShares)),
  ];
  const hasOthers = query.who.some(({ role }) => role !== 'principal') || (query.through ?? []).length > 0;
  return {
    edges,
    shares: addShares(readShares(shares)),
    leftOut: hasOthers ? readLeftOut(await readRows(connection, selectLeftOut)) : [],
  };
}

/** What is not simply added is worked out some days at a time. */
async function foldMixed(connection: DuckDBConnection, days: readonly JoinedDay[], kinds: RowReader): Promise<void> {
  for (const statement of mixedTables) await connection.run(statement);
  for (let at = 0; at < days.length; at += daysAtOnce) {
    const some = days.slice(at, at + daysAtOnce);
    if (kinds.number('both_ways') > 0) await connection.run(addBothWays(some));
    const statements = kinds.number('mixed') > 0 ? addMixed(some) : [];
    for (const statement of statements) await connection.run(statement);
  }
  for (const statement of foldedEdges) await connection.run(statement);
}

async function readEdges(
  connection: DuckDBConnection,
  { window: { days }, hangsOnAddresses }: JudgeableQuery,
  principals: readonly string[],
  hasCandidates: boolean,
): Promise<readonly JudgeableEdge[]> {
  const texts = (await connection.runAndReadAll(selectTexts)).getColumnsJS()[0] as readonly string[];
  const candidates = hasCandidates ? await readLists(connection, selectCandidates(days)) : new Map<number, never>();
  const edges = await readPlainEdges(connection, { principals, texts, candidates });
  const wanted = edges.filter(({ edge, hasAddresses }) => hasAddresses && hangsOnAddresses(edge));
  if (wanted.length === 0) return edges.map(({ edge }) => edge);
  await writeWanted(connection, wanted);
  const addresses = await readLists(connection, selectAddresses);
  return edges.map(({ edge, number }) => {
    const all = addresses.get(number);
    return all === undefined ? edge : { ...edge, addresses: all };
  });
}

async function writeWanted(connection: DuckDBConnection, wanted: readonly PlainEdge[]): Promise<void> {
  await connection.run('CREATE OR REPLACE TEMP TABLE wanted_edges(edge_no INTEGER)');
  const numbers = { type: 'integer', at: (row: number) => wanted[row]?.number ?? -1 } as const;
  await appendColumns(connection, 'wanted_edges', [numbers], wanted.length);
}

async function readLists(connection: DuckDBConnection, sql: string): Promise<ReadonlyMap<number, readonly string[]>> {
  const rows = await readRows(connection, sql);
  return new Map(rows.map((row) => [row.number('edge_no'), row.list('texts').map(String)]));
}

function addShares(shares: readonly RankShare[]): readonly RankShare[] {
  const sums = new Map<string, RankShare>();
  for (const share of shares) {
    const key = `${share.format} ${share.rank}`;
    const known = sums.get(key);
    const connections = share.connections + (known?.connections ?? 0);
    sums.set(key, { ...share, connections, bytes: share.bytes + (known?.bytes ?? 0) });
  }
  return [...sums.values()].sort(
    (a, b) => compare(a.format, b.format) || nameRanks.indexOf(a.rank) - nameRanks.indexOf(b.rank),
  );
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
