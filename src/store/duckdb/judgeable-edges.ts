import type { DuckDBConnection } from '@duckdb/node-api';
import {
  type EdgeQuery,
  type JudgeableEdge,
  type JudgeableSet,
  nameRanks,
  type RankShare,
} from '../../flowmap/index.ts';
import { appendColumns } from './append-rows.ts';
import {
  attributed,
  foldingStatements,
  namingStatements,
  selectEdges,
  selectLeftOut,
  selectShares,
  type WindowSql,
} from './edge-sql.ts';
import {
  allNamed,
  edgeParts,
  edgeTexts,
  mixedRows,
  plainEdges,
  selectAddresses,
  selectCandidates,
  selectKinds,
  selectPlainShares,
  selectTexts,
  selectUnnamed,
  severalApplications,
} from './judgeable-edge-sql.ts';
import { type PlainEdge, readPlainEdges } from './read-plain-edges.ts';
import { readEdge, readLeftOut, readRows, readShares } from './read-rows.ts';
import { writeWho } from './write-who.ts';

/** What is read, and of which edges one address is not enough. */
export interface JudgeableQuery {
  readonly window: WindowSql;
  readonly query: Pick<EdgeQuery, 'who' | 'through'>;
  readonly hangsOnAddresses: (edge: JudgeableEdge) => boolean;
}

/** Reads edges for judging, on a connection that nobody else uses. */
export async function readJudgeableEdges(connection: DuckDBConnection, asked: JudgeableQuery): Promise<JudgeableSet> {
  const { window, query } = asked;
  const principals = await writeWho(connection, query);
  await connection.run(attributed(window, 'VIEW'));
  const [unnamed] = await readRows(connection, selectUnnamed(window));
  const naming = unnamed?.flag('found') === true ? namingStatements(window) : [allNamed];
  const folding = [edgeParts, plainEdges, severalApplications, edgeTexts];
  for (const statement of [...naming, ...folding]) await connection.run(statement);
  const [kinds] = await readRows(connection, selectKinds);
  const plain = await readPlain(connection, asked, principals, (kinds?.number('listed') ?? 0) > 0);
  const mixed = (kinds?.number('mixed') ?? 0) > 0 ? await readMixed(connection) : { edges: [], shares: [] };
  const hasOthers = query.who.some(({ role }) => role !== 'principal') || (query.through ?? []).length > 0;
  return {
    edges: [...plain, ...mixed.edges],
    shares: addShares([...readShares(await readRows(connection, selectPlainShares)), ...mixed.shares]),
    leftOut: hasOthers ? readLeftOut(await readRows(connection, selectLeftOut)) : [],
  };
}

async function readPlain(
  connection: DuckDBConnection,
  { hangsOnAddresses }: JudgeableQuery,
  principals: readonly string[],
  hasCandidates: boolean,
): Promise<readonly JudgeableEdge[]> {
  const texts = (await connection.runAndReadAll(selectTexts)).getColumnsJS()[0] as readonly string[];
  const candidates = hasCandidates ? await readLists(connection, selectCandidates) : new Map<number, never>();
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

async function readMixed(connection: DuckDBConnection): Promise<Pick<JudgeableSet, 'edges' | 'shares'>> {
  for (const statement of foldingStatements(mixedRows)) await connection.run(statement);
  return {
    edges: (await readRows(connection, selectEdges)).map(readEdge),
    shares: readShares(await readRows(connection, selectShares)),
  };
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
