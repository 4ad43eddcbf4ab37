import { type Attribution, attributions, type JudgeableEdge, type NameRank, nameRanks } from './edge.ts';
import type { FormatFields } from './ingest/log-format.ts';
import { findLogFormat } from './ingest/log-formats.ts';
import type { EdgeBasis, JudgeableSet, LeftOut, RankShare, SourceEntry } from './lake.ts';

/** How much of something there is, absolutely and as a share of all (0 to 1; null where there is nothing). */
export interface Share {
  readonly connections: number;
  readonly bytes: number;
  readonly connectionShare: number | null;
  readonly byteShare: number | null;
}

/** One format that fed the map: what it can name and count, and what it can never show. */
export interface FormatCoverage {
  readonly format: string;
  readonly title: string;
  readonly names: FormatFields['names'];
  readonly bytesUp: boolean;
  readonly bytesDown: boolean;
  readonly identity: boolean;
  readonly blindSpots: readonly string[];
}

/** What a map rests on, stated with every output that comes from it. */
export interface Coverage {
  readonly sources: number;
  /** Lines of logs and entries of configuration; those of tables of address ranges are apart. */
  readonly lines: number;
  /** Lines that were understood, skips included, as a share of all. */
  readonly understoodShare: number | null;
  readonly rejects: Readonly<Record<string, number>>;
  readonly firstMs: number | null;
  readonly lastMs: number | null;
  readonly formats: readonly FormatCoverage[];
  readonly byRank: Readonly<Record<NameRank, Share>>;
  /** Connections by how their client became a principal. */
  readonly byAttribution: Readonly<Partial<Record<Attribution, number>>>;
  readonly leftOut: readonly LeftOut[];
  readonly notes: readonly string[];
}

/** What coverage says of edges, counted as they come. */
export interface EdgeCounts {
  edges: number;
  /** Edges of which a guess by ports says who opened them. */
  guessed: number;
  isSampled: boolean;
  readonly byAttribution: Partial<Record<Attribution, number>>;
}

/** Counts of no edge. */
export function createEdgeCounts(): EdgeCounts {
  return { edges: 0, guessed: 0, isSampled: false, byAttribution: {} };
}

/** Counts more edges. One whose client was attributed in two ways counts for the weaker. */
export function countEdges(counts: EdgeCounts, edges: readonly JudgeableEdge[]): void {
  for (const { how, connections, initiator, isSampled } of edges) {
    const weakest = attributions.findLast((one) => how.includes(one)) ?? 'address';
    counts.byAttribution[weakest] = (counts.byAttribution[weakest] ?? 0) + connections;
    counts.edges += 1;
    if (initiator === 'ports') counts.guessed += 1;
    if (isSampled) counts.isSampled = true;
  }
}

/** Works out the coverage of a set of edges from what was ingested. */
export function createCoverage(sources: readonly SourceEntry[], set: JudgeableSet): Coverage {
  const counts = createEdgeCounts();
  countEdges(counts, set.edges);
  return coverageOf(sources, counts, set);
}

/** Works out the coverage of edges that were counted, from what was ingested. */
export function coverageOf(
  sources: readonly SourceEntry[],
  counts: EdgeCounts,
  { shares, leftOut }: EdgeBasis,
): Coverage {
  // The thousands of lines of a published table would make any log look understood.
  const read = sources.filter(({ kind }) => kind !== 'ranges');
  const lines = read.reduce((sum, { tally }) => sum + tally.lines, 0);
  const rejects = countRejects(read);
  const rejected = Object.values(rejects).reduce((sum, count) => sum + count, 0);
  return {
    sources: sources.length,
    lines,
    understoodShare: lines === 0 ? null : (lines - rejected) / lines,
    rejects,
    firstMs: least(sources.map(({ firstMs }) => firstMs)),
    lastMs: most(sources.map(({ lastMs }) => lastMs)),
    formats: coverFormats(sources),
    byRank: shareRanks(shares),
    byAttribution: counts.byAttribution,
    leftOut,
    notes: notesOf(sources, counts),
  };
}

function countRejects(sources: readonly SourceEntry[]): Readonly<Record<string, number>> {
  const sums: Record<string, number> = {};
  for (const { tally } of sources) {
    for (const [code, { count }] of Object.entries(tally.rejects)) sums[code] = (sums[code] ?? 0) + count;
  }
  return Object.fromEntries(Object.entries(sums).sort(([a], [b]) => (a < b ? -1 : 1)));
}

function coverFormats(sources: readonly SourceEntry[]): readonly FormatCoverage[] {
  const ids = new Set(sources.filter(({ kind }) => kind === 'log').flatMap(({ formats }) => formats));
  return [...ids].sort().flatMap((id) => {
    const format = findLogFormat(id);
    if (format === null) return [];
    const { names, bytesUp, bytesDown, identity, blindSpots } = format.fields;
    return [{ format: id, title: format.title, names, bytesUp, bytesDown, identity, blindSpots }];
  });
}

function shareRanks(shares: readonly RankShare[]): Coverage['byRank'] {
  const all = sumOf(shares);
  const entries = nameRanks.map((rank) => {
    const { connections, bytes } = sumOf(shares.filter((share) => share.rank === rank));
    const share: Share = {
      connections,
      bytes,
      connectionShare: all.connections === 0 ? null : connections / all.connections,
      byteShare: all.bytes === 0 ? null : bytes / all.bytes,
    };
    return [rank, share] as const;
  });
  return Object.fromEntries(entries) as Record<NameRank, Share>;
}

function sumOf(rows: readonly { readonly connections: number; readonly bytes: number }[]): {
  readonly connections: number;
  readonly bytes: number;
} {
  return rows.reduce(
    (sum, { connections, bytes }) => ({ connections: sum.connections + connections, bytes: sum.bytes + bytes }),
    { connections: 0, bytes: 0 },
  );
}

function notesOf(sources: readonly SourceEntry[], { edges, guessed, isSampled }: EdgeCounts): readonly string[] {
  const notes = sources.flatMap(({ path, notes: own }) => own.map((note) => `${path}: ${note}`)).sort();
  if (isSampled) notes.push('some flows are sampled: rare ones may be missing wholly');
  if (guessed > 0) notes.push(`who opened the connection is a guess by ports for ${guessed} of ${edges} edges`);
  return notes;
}

function least(values: readonly (number | null)[]): number | null {
  const known = values.filter((value): value is number => value !== null);
  return known.length === 0 ? null : Math.min(...known);
}

function most(values: readonly (number | null)[]): number | null {
  const known = values.filter((value): value is number => value !== null);
  return known.length === 0 ? null : Math.max(...known);
}
