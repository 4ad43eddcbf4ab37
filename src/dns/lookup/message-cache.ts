import type { DnsRecord } from '../../wire/index.ts';
import { type Answer, type AnswerPlace, newPlace } from './answer.ts';

/**
 * Remembers answers, fresh ones and for a while those past their time. Bounded in bytes: the oldest goes that was not used since it was
 * looked at last (second chance), so that using one costs nothing.
 */
export interface MessageCache {
  /** The answer while it holds at an instant (epoch milliseconds), or null. */
  fresh(name: string, type: number, nowMs: number): Answer | null;
  /** The answer while it is kept, however old, or null. */
  kept(name: string, type: number, nowMs: number): Answer | null;
  /** Keeps an answer; one that holds for no time is kept for nobody. */
  set(answer: Answer): void;
  clear(): void;
  counts(): { readonly answers: number; readonly bytes: number };
}

interface Entry {
  readonly answer: Answer;
  readonly place: AnswerPlace;
  readonly bytes: number;
  readonly keptUntilMs: number;
}

/** What an answer costs beside its records: objects, maps, what the filter makes of it. */
const answerBytes = 1_024;
const recordBytes = 160;
const usualTypes = 256;

/** Makes a cache of at most `maxBytes`; answers past their time are kept for `staleForMs` more. */
export function createMessageCache(options: { readonly maxBytes: number; readonly staleForMs: number }): MessageCache {
  const { maxBytes, staleForMs } = options;
  const tables = createTypeTables();
  // Over all types: what goes first.
  const order = new Set<Entry>();
  let bytes = 0;
  const remove = (entry: Entry): void => {
    const { name, type } = entry.answer;
    if (!order.delete(entry)) return;
    entry.place.isKept = false;
    tables.find(type)?.delete(name);
    bytes -= entry.bytes;
  };
  const find = (name: string, type: number, nowMs: number): Entry | null => {
    const entry = tables.find(type)?.get(name);
    if (entry === undefined) return null;
    // Before it was stored: the clock was set back, and how old the answer is cannot be told any more.
    if (nowMs < entry.keptUntilMs && nowMs >= entry.answer.storedAtMs) return entry;
    remove(entry);
    return null;
  };
  const use = (entry: Entry): Answer => {
    entry.place.isUsed = true;
    return entry.answer;
  };
  // Ends: what is spared comes to the end of the order, and is spared once.
  const makeRoom = (): void => {
    for (const oldest of order) {
      if (bytes <= maxBytes) return;
      if (oldest.place.isUsed) {
        oldest.place.isUsed = false;
        order.delete(oldest);
        order.add(oldest);
      } else remove(oldest);
    }
  };
  return {
    fresh: (name, type, nowMs) => {
      const entry = find(name, type, nowMs);
      return entry === null || nowMs >= entry.place.freshUntilMs ? null : use(entry);
    },
    kept: (name, type, nowMs) => {
      const entry = find(name, type, nowMs);
      return entry === null ? null : use(entry);
    },
    set: (answer) => {
      const old = tables.find(answer.type)?.get(answer.name);
      if (old !== undefined) remove(old);
      if (answer.ttlSeconds <= 0) return;
      const freshUntilMs = answer.storedAtMs + answer.ttlSeconds * 1_000;
      const keptUntilMs = freshUntilMs + staleForMs;
      const place = answer.place ?? newPlace();
      const entry: Entry = { answer, place, bytes: sizeOf(answer), keptUntilMs };
      if (entry.bytes > maxBytes) return;
      place.isKept = true;
      place.freshUntilMs = freshUntilMs;
      tables.make(answer.type).set(answer.name, entry);
      order.add(entry);
      bytes += entry.bytes;
      makeRoom();
    },
    clear: () => {
      tables.clear();
      for (const { place } of order) place.isKept = false;
      order.clear();
      bytes = 0;
    },
    counts: () => ({ answers: order.size, bytes }),
  };
}

interface TypeTables {
  find(type: number): Map<string, Entry> | undefined;
  /** The table of a type, made when there is none. */
  make(type: number): Map<string, Entry>;
  clear(): void;
}

/** Answers by type, so that a look-up makes no key. Nearly all types are below 256, and their tables are found by their place. */
function createTypeTables(): TypeTables {
  const usual: (Map<string, Entry> | undefined)[] = Array.from({ length: usualTypes });
  const others = new Map<number, Map<string, Entry>>();
  const find = (type: number): Map<string, Entry> | undefined => (type < usualTypes ? usual[type] : others.get(type));
  return {
    find,
    make: (type) => {
      const table = find(type) ?? new Map<string, Entry>();
      if (type < usualTypes) usual[type] = table;
      else others.set(type, table);
      return table;
    },
    clear: () => {
      usual.fill(undefined);
      others.clear();
    },
  };
}

function sizeOf({ name, message, links }: Answer): number {
  const records = [...message.answers, ...message.authorities, ...message.additionals];
  return answerBytes + name.length + links.join('').length + records.reduce((sum, each) => sum + bytesOf(each), 0);
}

// Twice the data: once as it came, once packed for replies.
function bytesOf({ name, data }: DnsRecord): number {
  return recordBytes + name.length + 2 * data.length;
}
