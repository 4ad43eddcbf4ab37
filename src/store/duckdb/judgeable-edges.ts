import type { DuckDBConnection } from '@duckdb/node-api';
import {
  applications,
  attributions,
  type EdgeQuery,
  initiatorProofs,
  type JudgeableEdge,
  type JudgeableSet,
  nameRanks,
  type RankShare,
} from '../../flowmap/index.ts';
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
  edgeLists,
  edgeParts,
  mixedRows,
  plainEdges,
  selectKinds,
  selectNameless,
  selectPlain,
  selectPlainShares,
  severalApplications,
} from './judgeable-edge-sql.ts';
import { type RowReader, readEdge, readLeftOut, readRows, readShares } from './read-rows.ts';
import { writeWho } from './write-who.ts';

/** Reads edges for judging, on a connection that nobody else uses. */
export async function readJudgeableEdges(
  connection: DuckDBConnection,
  window: WindowSql,
  query: Pick<EdgeQuery, 'who' | 'through'>,
): Promise<JudgeableSet> {
  const principals = await writeWho(connection, query);
  await connection.run(attributed(window, 'VIEW'));
  const [nameless] = await readRows(connection, selectNameless);
  const naming = nameless?.flag('found') === true ? namingStatements(window) : [allNamed];
  for (const statement of [...naming, edgeParts, plainEdges, severalApplications]) await connection.run(statement);
  const [kinds] = await readRows(connection, selectKinds);
  const plain = await readPlain(connection, kinds, principals);
  const mixed = await readMixed(connection, kinds);
  const hasOthers = query.who.some(({ role }) => role !== 'principal') || (query.through ?? []).length > 0;
  return {
    edges: [...plain, ...mixed.edges],
    shares: addShares([...readShares(await readRows(connection, selectPlainShares)), ...mixed.shares]),
    leftOut: hasOthers ? readLeftOut(await readRows(connection, selectLeftOut)) : [],
  };
}

async function readPlain(
  connection: DuckDBConnection,
  kinds: RowReader | undefined,
  principals: readonly string[],
): Promise<readonly JudgeableEdge[]> {
  const hasLists = (kinds?.number('listed') ?? 0) > 0;
  if (hasLists) await connection.run(edgeLists);
  const result = await connection.stream(selectPlain(hasLists));
  const edges: JudgeableEdge[] = [];
  const tellHow = createHowTeller();
  for await (const rows of result.yieldRowsJs()) {
    for (const row of rows) edges.push(plainEdge(row as unknown as PlainRow, principals, tellHow));
  }
  return edges;
}

/** A row of `selectPlain`. */
type PlainRow = readonly [
  principal: number,
  destination: string | null,
  isName: boolean,
  port: number | null,
  protocol: number | null,
  words: number,
  application: number,
  rank: number,
  hows: number,
  connections: number,
  bytesUp: number | null,
  bytesDown: number | null,
  denied: number | null,
  firstMs: number,
  lastMs: number,
  client: string | null,
  address: string | null,
  addresses: readonly string[] | null,
  candidates: readonly string[] | null,
];

// By place and not by name: there may be hundreds of thousands.
function plainEdge(row: PlainRow, principals: readonly string[], tellHow: HowTeller): JudgeableEdge {
  const [principal, destination, isName, port, protocol, words, application, rank, hows, ...rest] = row;
  const [connections, bytesUp, bytesDown, denied, firstMs, lastMs, client, address, addresses, candidates] = rest;
  return {
    principal: principals[principal] ?? '',
    how: tellHow(hows),
    destination: destination ?? '',
    isName,
    port: port ?? 0,
    protocol: protocol ?? 0,
    application: applications[application] ?? 'unknown',
    rank: nameRanks[rank] ?? 'address',
    candidates: candidates ?? none,
    clients: client === null ? none : [client],
    addresses: addresses ?? (address === null ? none : [address]),
    connections,
    bytesUp,
    bytesDown,
    denied: denied ?? 0,
    firstMs,
    lastMs,
    initiator: initiatorProofs[(words >> 1) & 7] ?? 'ports',
    isSampled: (words & 1) === 1,
  };
}

const none: readonly string[] = [];

type HowTeller = (hows: number) => JudgeableEdge['how'];

/** Attributions of a mask, sorted by their words; few differ, so that edges share them. */
function createHowTeller(): HowTeller {
  const known = new Map<number, JudgeableEdge['how']>();
  return (hows) => {
    const made = known.get(hows) ?? attributions.filter((_, at) => (hows & (1 << at)) !== 0).sort();
    known.set(hows, made);
    return made;
  };
}

async function readMixed(
  connection: DuckDBConnection,
  kinds: RowReader | undefined,
): Promise<Pick<JudgeableSet, 'edges' | 'shares'>> {
  if ((kinds?.number('mixed') ?? 0) === 0) return { edges: [], shares: [] };
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
