import type { DuckDBConnection, DuckDBDataChunk, DuckDBVector } from '@duckdb/node-api';
import { applications, attributions, initiatorProofs, type JudgeableEdge, nameRanks } from '../../flowmap/index.ts';
import { selectPlain } from './judgeable-edge-sql.ts';

/** An edge with its number in `plain_edges`, and whether it has more addresses than the one. */
export interface PlainEdge {
  readonly edge: JudgeableEdge;
  readonly number: number;
  readonly hasAddresses: boolean;
}

/** What the numbers of a plain edge stand for. */
export interface PlainWords {
  readonly principals: readonly string[];
  readonly texts: readonly string[];
  /** Candidate names by the number of the edge. */
  readonly candidates: ReadonlyMap<number, readonly string[]>;
}

/** Reads the edges of `selectPlain`, chunk by chunk and column by column: there may be hundreds of thousands. */
export async function readPlainEdges(connection: DuckDBConnection, words: PlainWords): Promise<readonly PlainEdge[]> {
  const result = await connection.stream(selectPlain);
  const places = new Map(result.columnNames().map((name, at) => [name, at]));
  const tellHow = createHowTeller();
  const edges: PlainEdge[] = [];
  for (;;) {
    const chunk = await result.fetchChunk();
    if (chunk === null || chunk.rowCount === 0) return edges;
    const columns = readColumns(chunk, places);
    const { rowCount } = chunk;
    for (let row = 0; row < rowCount; row++) edges.push(plainEdge(columns, row, words, tellHow));
  }
}

/** What is read of an edge, and the column that holds it; all of them numbers. */
const columnNames = {
  number: 'edge_no',
  principal: 'principal_no',
  destination: 'destination',
  isName: 'is_name',
  port: 'port',
  protocol: 'protocol',
  words: 'words',
  application: 'application',
  rank: 'rank',
  hows: 'hows',
  connections: 'connections',
  bytesUp: 'bytes_up',
  bytesDown: 'bytes_down',
  denied: 'denied',
  firstMs: 'first_ms',
  lastMs: 'last_ms',
  client: 'client',
  address: 'address',
  hasAddresses: 'has_addresses',
} as const;

interface ChunkColumns {
  /** A number that is always there. */
  number(column: keyof typeof columnNames, row: number): number;
  numberOrNull(column: keyof typeof columnNames, row: number): number | null;
}

function readColumns(chunk: DuckDBDataChunk, places: ReadonlyMap<string, number>): ChunkColumns {
  const vectors = Object.fromEntries(
    Object.entries(columnNames).map(([key, name]) => [key, chunk.getColumnVector(places.get(name) ?? -1)]),
  ) as Record<keyof typeof columnNames, DuckDBVector>;
  const numberOrNull: ChunkColumns['numberOrNull'] = (column, row) => vectors[column].getItem(row) as number | null;
  return { numberOrNull, number: (column, row) => numberOrNull(column, row) ?? 0 };
}

function plainEdge(columns: ChunkColumns, row: number, words: PlainWords, tellHow: HowTeller): PlainEdge {
  const number = columns.number('number', row);
  const facts = columns.number('words', row);
  const edge: JudgeableEdge = {
    principal: textOf(words.principals, columns.number('principal', row)),
    how: tellHow(columns.number('hows', row)),
    destination: textOf(words.texts, columns.number('destination', row)),
    isName: columns.number('isName', row) === 1,
    port: columns.number('port', row),
    protocol: columns.number('protocol', row),
    application: applications[columns.number('application', row)] ?? 'unknown',
    rank: nameRanks[columns.number('rank', row)] ?? 'address',
    candidates: words.candidates.get(number) ?? none,
    clients: listOf(words.texts, columns.numberOrNull('client', row)),
    addresses: listOf(words.texts, columns.numberOrNull('address', row)),
    connections: columns.number('connections', row),
    bytesUp: columns.numberOrNull('bytesUp', row),
    bytesDown: columns.numberOrNull('bytesDown', row),
    denied: columns.number('denied', row),
    firstMs: columns.number('firstMs', row),
    lastMs: columns.number('lastMs', row),
    initiator: initiatorProofs[(facts >> 1) & 7] ?? 'ports',
    isSampled: (facts & 1) === 1,
  };
  return { edge, number, hasAddresses: columns.number('hasAddresses', row) === 1 };
}

function textOf(texts: readonly string[], number: number): string {
  return texts[number] ?? '';
}

function listOf(texts: readonly string[], number: number | null): readonly string[] {
  return number === null ? none : [textOf(texts, number)];
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
