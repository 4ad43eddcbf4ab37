import { CanonicalTexts } from './canonical-texts.ts';
import { createFlowDraft, resetFlowDraft } from './flow-draft.ts';
import type {
  DeclaredEndpoint,
  DnsObservation,
  FlowDraft,
  LeaseObservation,
  LineOutcome,
  ObservationSink,
  TextId,
} from './observation.ts';
import { packFacts } from './pack-facts.ts';
import { QuadIds } from './quad-ids.ts';
import { RowTable } from './row-table.ts';
import { TextTable } from './text-table.ts';

/** Flows are kept by five minutes: fine enough for a join with DNS answers, coarse enough to be few. */
export const bucketMs = 300_000;

/** Words of a folded flow's key; texts are ids of the batch, 0 for none. `facts` is packed by {@link packFacts}. */
export const flowKey = {
  bucket: 0,
  client: 1,
  user: 2,
  service: 3,
  address: 4,
  name: 5,
  facts: 6,
  port: 7,
  provider: 8,
} as const;

/** Sums of a folded flow. Bytes are -1 where no record told them. */
export const flowSum = {
  connections: 0,
  replies: 1,
  bytesUp: 2,
  bytesDown: 3,
  denied: 4,
  firstMs: 5,
  lastMs: 6,
} as const;

/** Words of a folded answer's key. `address` 0: no address was answered; `facts`: 1 denied, 2 the source can tell answers. */
export const answerKey = {
  bucket: 0,
  client: 1,
  name: 2,
  type: 3,
  code: 4,
  address: 5,
  alias: 6,
  resolver: 7,
  service: 8,
  facts: 9,
} as const;

/** Sums of a folded answer. The longest TTL is -1 where none was told. */
export const answerSum = { count: 0, firstMs: 1, lastMs: 2, ttlSeconds: 3 } as const;

/** Rows of one kind: `count` keys of `keyWords` words and as many sums of `valueWords`. */
export interface FoldedRows {
  readonly count: number;
  readonly keys: Int32Array<ArrayBuffer>;
  readonly values: Float64Array<ArrayBuffer>;
}

/** What a fold came to: rows over texts. Plain data, to be handed from thread to thread. */
export interface FoldedBatch {
  /** Text of id `i + 1`. */
  readonly texts: readonly string[];
  readonly flows: FoldedRows;
  readonly answers: FoldedRows;
  readonly leases: readonly LeaseObservation[];
  readonly declared: readonly DeclaredEndpoint[];
}

/** Bounds and facts of a fold. */
export interface FoldOptions {
  /** The present, epoch milliseconds: records more than a day after it are refused. */
  readonly nowMs: number;
  /** A number that outsiders do not know. */
  readonly seed: number;
  /** Rows in memory at most, before `isFull` asks for a drain. Default: 60,000 (about 9 MB). */
  readonly maxRows?: number;
}

const dayMs = 86_400_000;
/** Before any log that can be read here. */
const earliestMs = Date.UTC(2000, 0, 1);
const defaultMaxRows = 60_000;
const maxTextBytes = 32 * 1024 * 1024;
const maxLeases = 50_000;

/** Folds what parsers find to sums by five minutes, client, destination and name. Order never matters: every sum is commutative. */
export class ObservationFold implements ObservationSink {
  readonly #texts: TextTable;
  readonly #canonical: CanonicalTexts;
  readonly #quads: QuadIds;
  readonly #draft: FlowDraft = createFlowDraft();
  readonly #flows: RowTable;
  readonly #answers: RowTable;
  #leases: LeaseObservation[] = [];
  #declared: DeclaredEndpoint[] = [];
  readonly #latestMs: number;
  readonly #maxRows: number;
  /** First and last instant of anything taken; NaN before the first. */
  firstMs: number = Number.NaN;
  lastMs: number = Number.NaN;

  constructor(options: FoldOptions) {
    this.#texts = new TextTable(options.seed);
    this.#canonical = new CanonicalTexts(this.#texts);
    this.#quads = new QuadIds(options.seed);
    this.#flows = new RowTable(9, 7, options.seed);
    this.#answers = new RowTable(10, 4, options.seed);
    this.#latestMs = options.nowMs + dayMs;
    this.#maxRows = options.maxRows ?? defaultMaxRows;
  }

  /** Whether it is time to drain: a bound on rows, texts or leases is reached. */
  get isFull(): boolean {
    return (
      this.#flows.count + this.#answers.count >= this.#maxRows ||
      this.#texts.byteLength >= maxTextBytes ||
      this.#leases.length + this.#declared.length >= maxLeases
    );
  }

  text(text: string): TextId {
    return this.#texts.text(text);
  }

  span(bytes: Uint8Array, start: number, end: number): TextId {
    return this.#texts.span(bytes, start, end);
  }

  quad(quad: number, bytes: Uint8Array, start: number, end: number): TextId {
    const known = this.#quads.find(quad);
    return known === 0 ? this.#quads.keep(quad, this.#texts.span(bytes, start, end)) : known;
  }

  beginFlow(): FlowDraft {
    resetFlowDraft(this.#draft);
    return this.#draft;
  }

  endFlow(): LineOutcome {
    const draft = this.#draft;
    const wrong = this.#judgeNumbers(draft);
    if (wrong !== null) return wrong;
    const client = this.#canonical.address(draft.client);
    const address = this.#canonical.address(draft.address);
    if (client < 0 || address < 0) return 'bad_address';
    const host = this.#canonical.host(draft.name);
    if (host === -1) return 'bad_name';
    // A host that is an address names nothing; it is the destination unless the record has a better one.
    if (host < -1) return this.#add(draft, client, address === 0 ? -2 - host : address, 0);
    return host === 0 && address === 0 ? 'no_destination' : this.#add(draft, client, address, host);
  }

  answer(observation: DnsObservation): LineOutcome {
    const wrongTime = this.#judgeTime(observation.timeMs);
    if (wrongTime !== null) return wrongTime;
    const client = this.#canonical.address(this.#optional(observation.client));
    const name = this.#canonical.host(this.#texts.text(observation.name));
    if (client < 0) return 'bad_address';
    // Reverse look-ups and numbers are questions too, but name nothing that policy could allow.
    if (name <= 0) return name === 0 || name < -1 ? 'not_network' : 'bad_name';
    const { key } = this.#answers;
    key[answerKey.bucket] = Math.floor(observation.timeMs / bucketMs);
    key[answerKey.client] = client;
    key[answerKey.name] = name;
    key[answerKey.type] = this.#texts.text(observation.type);
    key[answerKey.code] = this.#optional(observation.code);
    key[answerKey.alias] = Math.max(0, this.#canonical.host(this.#texts.text(observation.aliases.at(-1) ?? '')));
    key[answerKey.resolver] = this.#optional(observation.resolver);
    key[answerKey.service] = this.#optional(observation.service ?? null);
    key[answerKey.facts] = (observation.isDenied ? 1 : 0) | (observation.addresses === null ? 0 : 2);
    this.#addAnswers(observation);
    this.#widen(observation.timeMs, observation.timeMs);
    return 'taken';
  }

  lease(observation: LeaseObservation): LineOutcome {
    const address = this.#canonical.address(this.#texts.text(observation.address));
    if (address <= 0) return 'bad_address';
    if (!isInstantOrOpen(observation.fromMs) || !isInstantOrOpen(observation.untilMs)) return 'bad_time';
    this.#leases.push({ ...observation, address: this.#texts.get(address) });
    return 'taken';
  }

  declare(endpoint: DeclaredEndpoint): void {
    const { port, line } = endpoint;
    const isPort = port === null || (Number.isInteger(port) && port >= 0 && port <= 65_535);
    this.#declared.push({ ...endpoint, port: isPort ? port : null, line: Number.isInteger(line) ? line : 0 });
  }

  /** Everything folded since the last drain; afterwards the fold is empty. */
  drain(): FoldedBatch {
    const texts: string[] = [];
    for (let id = 1; id < this.#texts.size; id++) texts.push(this.#texts.get(id));
    const batch = {
      texts,
      flows: rowsOf(this.#flows),
      answers: rowsOf(this.#answers),
      leases: this.#leases,
      declared: this.#declared,
    };
    this.#texts.clear();
    this.#canonical.clear();
    this.#quads.clear();
    this.#flows.clear();
    this.#answers.clear();
    this.#leases = [];
    this.#declared = [];
    return batch;
  }

  #optional(text: string | null): TextId {
    return text === null ? 0 : this.#texts.text(text);
  }

  #judgeNumbers(draft: FlowDraft): LineOutcome | null {
    const wrongTime = this.#judgeTime(draft.startMs) ?? this.#judgeTime(draft.endMs);
    if (wrongTime !== null) return wrongTime;
    if (!hasSoundNumbers(draft)) return 'bad_number';
    // Clocks that were set back between start and end: the record is of its start.
    if (draft.endMs < draft.startMs) draft.endMs = draft.startMs;
    return null;
  }

  #judgeTime(ms: number): LineOutcome | null {
    if (!(ms >= earliestMs)) return 'bad_time';
    return ms > this.#latestMs ? 'future_time' : null;
  }

  #widen(startMs: number, endMs: number): void {
    if (!(startMs >= this.firstMs)) this.firstMs = startMs;
    if (!(endMs <= this.lastMs)) this.lastMs = endMs;
  }

  #add(draft: FlowDraft, client: number, address: number, name: number): LineOutcome {
    // A refusal that another record counts tells nothing more.
    if (draft.isDenied && draft.connections === 0) return 'taken';
    const { key } = this.#flows;
    key[flowKey.bucket] = Math.floor(draft.startMs / bucketMs);
    key[flowKey.client] = client;
    key[flowKey.user] = draft.user;
    key[flowKey.service] = draft.service;
    key[flowKey.address] = address;
    key[flowKey.name] = name;
    key[flowKey.facts] = packFacts(draft, name);
    key[flowKey.port] = draft.port;
    key[flowKey.provider] = draft.provider;
    const found = this.#flows.find();
    const at = found < 0 ? -1 - found : found;
    const { values } = this.#flows;
    if (found < 0) {
      values[at + flowSum.bytesUp] = -1;
      values[at + flowSum.bytesDown] = -1;
      values[at + flowSum.firstMs] = draft.startMs;
      values[at + flowSum.lastMs] = draft.endMs;
    } else {
      if (draft.startMs < (values[at + flowSum.firstMs] as number)) values[at + flowSum.firstMs] = draft.startMs;
      if (draft.endMs > (values[at + flowSum.lastMs] as number)) values[at + flowSum.lastMs] = draft.endMs;
    }
    addSums(values, at, draft);
    this.#widen(draft.startMs, draft.endMs);
    return 'taken';
  }

  #addAnswers({ addresses, timeMs }: DnsObservation): void {
    let added = 0;
    for (const { address, ttlSeconds } of addresses ?? []) {
      const canonical = this.#canonical.address(this.#texts.text(address));
      if (canonical < 0) continue;
      this.#addAnswer(canonical, timeMs, soundTtl(ttlSeconds));
      added += 1;
    }
    // A question without an address in its answer is a question all the same.
    if (added === 0) this.#addAnswer(0, timeMs, -1);
  }

  #addAnswer(address: number, timeMs: number, ttlSeconds: number): void {
    this.#answers.key[answerKey.address] = address;
    const found = this.#answers.find();
    const at = found < 0 ? -1 - found : found;
    const { values } = this.#answers;
    values[at + answerSum.count] = (values[at + answerSum.count] as number) + 1;
    const first = values[at + answerSum.firstMs] as number;
    values[at + answerSum.firstMs] = found < 0 ? timeMs : Math.min(first, timeMs);
    values[at + answerSum.lastMs] = Math.max(values[at + answerSum.lastMs] as number, timeMs);
    values[at + answerSum.ttlSeconds] =
      found < 0 ? ttlSeconds : Math.max(values[at + answerSum.ttlSeconds] as number, ttlSeconds);
  }
}

/** The largest date that a clock can show (ECMA-262 section 21.4.1.1). */
const mostInstantMs = 8.64e15;
/** TTLs have 31 bits (RFC 2181 section 8). */
const mostTtlSeconds = 2 ** 31 - 1;

// Whatever a parser lets through, nothing here may make the database refuse a whole batch.
function hasSoundNumbers({ port, protocol, bytesUp, bytesDown, connections }: FlowDraft): boolean {
  return (
    (port | 0) === port &&
    port >= -1 &&
    port <= 65_535 &&
    (protocol | 0) === protocol &&
    protocol >= 0 &&
    protocol <= 255 &&
    isCount(bytesUp, -1) &&
    isCount(bytesDown, -1) &&
    isCount(connections, 0)
  );
}

function isCount(value: number, least: number): boolean {
  return value >= least && value <= Number.MAX_SAFE_INTEGER;
}

function isInstantOrOpen(ms: number | null): boolean {
  return ms === null || Math.abs(ms) <= mostInstantMs;
}

function soundTtl(ttlSeconds: number | null): number {
  return ttlSeconds === null || !(ttlSeconds >= 0) ? -1 : Math.min(Math.floor(ttlSeconds), mostTtlSeconds);
}

function addSums(values: Float64Array, at: number, draft: FlowDraft): void {
  if (draft.isDenied) {
    addCount(values, at + flowSum.denied, draft.connections);
    return;
  }
  addCount(values, at + (draft.isReply ? flowSum.replies : flowSum.connections), draft.connections);
  addBytes(values, at + flowSum.bytesUp, draft.bytesUp);
  addBytes(values, at + flowSum.bytesDown, draft.bytesDown);
}

function addCount(values: Float64Array, at: number, count: number): void {
  values[at] = Math.min((values[at] as number) + count, mostSum);
}

// Unknown plus known is known: what was told counts, and the coverage says what could not be.
function addBytes(values: Float64Array, at: number, bytes: number): void {
  if (bytes < 0) return;
  const sum = values[at] as number;
  values[at] = sum < 0 ? bytes : Math.min(sum + bytes, mostSum);
}

/** What the lake's columns (64 bits) hold for sure; no real sum of five minutes comes near. */
const mostSum = 2 ** 62;

function rowsOf({ count, keys, values, keyWords, valueWords }: RowTable): FoldedRows {
  return { count, keys: keys.slice(0, count * keyWords), values: values.slice(0, count * valueWords) };
}
