import type { Edge, JudgeableEdge, NameRank, WhoRow } from './edge.ts';
import type { FoldedBatch } from './fold-observations.ts';
import type { LineTally } from './ingest/source-reader.ts';
import type { DeclaredEndpoint, LeaseObservation } from './observation.ts';
import type { ProviderRange } from './provider-range.ts';

/** A source that was ingested. */
export interface SourceEntry {
  /** Short id, unique in the lake: `3f9a0c12`. */
  readonly id: string;
  /** SHA-256 of the decompressed bytes, in hexadecimal. */
  readonly digest: string;
  /** As given to ingest; `-` for standard input. */
  readonly path: string;
  readonly kind: 'log' | 'configuration' | 'ranges';
  /** Formats that took lines, best first. */
  readonly formats: readonly string[];
  readonly tally: LineTally;
  readonly bytes: number;
  /** First and last instant in it, epoch milliseconds; null where it has no time. */
  readonly firstMs: number | null;
  readonly lastMs: number | null;
  readonly ingestedAtMs: number;
  /** Something that people should know: cut short, sampled. */
  readonly notes: readonly string[];
}

/** Takes what one source holds. Nothing is seen by anybody before `publish`. */
export interface SourceWriter {
  readonly id: string;
  append(format: string, batch: FoldedBatch): Promise<void>;
  declare(endpoints: readonly DeclaredEndpoint[]): Promise<void>;
  /** `publishedMs`: when the provider published them, epoch milliseconds; null where the table does not say. */
  keepRanges(ranges: readonly ProviderRange[], publishedMs: number | null): Promise<void>;
  /**
   * Makes the source part of the lake; false where the same bytes are in it already, and then nothing is kept. Sources whose ids are in
   * `replaced` count no more from the same instant.
   */
  publish(entry: Omit<SourceEntry, 'id'>, replaced?: readonly string[]): Promise<boolean>;
  discard(): Promise<void>;
}

/** A stretch of time; null is open. Epoch milliseconds, from inclusive, until exclusive. */
export interface LakeWindow {
  readonly sinceMs: number | null;
  readonly untilMs: number | null;
}

/** Who is on the records of a window, before anybody was attributed. */
export interface ClientKey {
  readonly client: string;
  readonly user: string;
  readonly service: string;
  readonly firstMs: number;
  readonly lastMs: number;
}

/** How many connections and bytes have a name of which rank, by format. */
export interface RankShare {
  readonly format: string;
  readonly rank: NameRank;
  readonly connections: number;
  readonly bytes: number;
}

/** What was left out of the edges, and why: by the role of the client, or of the proxy or resolver that it went to. */
export interface LeftOut {
  readonly role: 'proxy' | 'resolver' | 'outside';
  readonly connections: number;
  readonly bytes: number;
}

/** What the edges of a window rest on. */
export interface EdgeBasis {
  readonly shares: readonly RankShare[];
  readonly leftOut: readonly LeftOut[];
}

/** Edges of a window with what they rest on. */
export interface EdgeSet extends EdgeBasis {
  readonly edges: readonly Edge[];
}

/** Edges as judging needs them, with what they rest on. */
export type JudgeableSet = Omit<EdgeSet, 'edges'> & { readonly edges: readonly JudgeableEdge[] };

/** Days (UTC, as days since the epoch) on which a principal was seen, ascending. */
export interface SeenDays {
  readonly principal: string;
  readonly days: readonly number[];
}

/** How regular an edge is: mean and deviation of the gaps between its five-minute buckets, in minutes. */
export interface Regularity {
  readonly principal: string;
  readonly destination: string;
  readonly port: number;
  readonly protocol: number;
  readonly gaps: number;
  readonly meanMinutes: number;
  readonly deviationMinutes: number;
}

/** What a name was answered with, by resolver and client network; for split horizons. */
export interface NameAnswers {
  readonly name: string;
  readonly resolver: string;
  readonly addresses: readonly string[];
  readonly clients: number;
  readonly questions: number;
}

/** What clients were told of a name by a resolver: those that were told the same addresses together. */
export interface AnswerView {
  readonly name: string;
  /** Empty where the record does not say which resolver answered. */
  readonly resolver: string;
  /** All addresses that they were told in the window, at most 20; empty where they were told that there is no such name. */
  readonly addresses: readonly string[];
  /** Addresses that asked, at most 20, and how many there are. */
  readonly clients: readonly string[];
  readonly clientCount: number;
  readonly questions: number;
}

/** What is asked of a lake about flows. */
export interface EdgeQuery extends LakeWindow {
  readonly who: readonly WhoRow[];
  /** Addresses that flows only pass through; nobody's destination. Left out: none. */
  readonly through?: readonly ThroughAddress[];
}

/** The address of a proxy or a resolver: a flow to it, unless it has a name, is half of another one that its own logs tell. */
export interface ThroughAddress {
  readonly address: string;
  readonly role: 'proxy' | 'resolver';
}

/** Where flows are kept, and joined when they are read. Implemented in `store/`; one conformance suite for all. */
export interface FlowLake {
  begin(): Promise<SourceWriter>;
  sources(): readonly SourceEntry[];
  /** Takes a source out again; false where there is none of this id. */
  forget(id: string): Promise<boolean>;
  clients(window: LakeWindow): Promise<readonly ClientKey[]>;
  leases(): Promise<readonly LeaseObservation[]>;
  declared(): Promise<readonly DeclaredEndpoint[]>;
  /** All edges at once, for what has to compare them. Throws where there are more than a process can hold, saying what to narrow. */
  edges(query: EdgeQuery): Promise<EdgeSet>;
  /** The same edges in the same order, in batches, however many there are. Until they ended nothing else is asked of the lake. */
  edgeBatches(query: EdgeQuery): AsyncIterable<readonly Edge[]>;
  edgeBasis(query: EdgeQuery): Promise<EdgeBasis>;
  /**
   * The same edges with the same figures, without what judging does not need, in any order: for windows of millions of edge-days. An edge
   * with several addresses comes with one, unless what is decided with that one `hangsOnAddresses`.
   */
  judgeableEdges(query: EdgeQuery, hangsOnAddresses: (edge: JudgeableEdge) => boolean): Promise<JudgeableSet>;
  /** Joins the days of a window and keeps them, for who reads later; answers nothing. */
  joinAhead(query: EdgeQuery): Promise<void>;
  seenDays(query: EdgeQuery): Promise<readonly SeenDays[]>;
  regularity(query: EdgeQuery): Promise<readonly Regularity[]>;
  nameAnswers(window: LakeWindow): Promise<readonly NameAnswers[]>;
  /** What whom was told of some names: addresses, or that there is no such name. */
  answerViews(window: LakeWindow, names: readonly string[]): Promise<readonly AnswerView[]>;
  close(): void;
}
