import type { Clock, Fault, Result } from '../base/index.ts';
import type { IpAddress } from '../destination/index.ts';
import type { Resolution } from '../enforcement/index.ts';

/** Remembers answers and "no"s until they end. Bounded: past the bound the least recently used goes. */
export interface AnswerCache {
  /** The answer with what is left of its TTL, or null. */
  get(name: string): Result<Resolution> | null;
  /** Keeps an outcome for `ttlSeconds`; zero keeps nothing. */
  set(name: string, outcome: Result<Resolution, Fault>, ttlSeconds: number): void;
  holds(name: string, address: IpAddress): boolean;
  readonly size: number;
}

interface Entry {
  readonly outcome: Result<Resolution>;
  readonly storedAtMs: number;
  readonly endsAtMs: number;
}

/** Makes a cache for at most `maxEntries` names. */
export function createAnswerCache(clock: Clock, maxEntries: number): AnswerCache {
  const entries = new Map<string, Entry>();
  const live = (name: string): Entry | null => {
    const entry = entries.get(name);
    if (entry === undefined) return null;
    const now = clock.now();
    // Before it was stored: the clock was set back, and how old the answer is cannot be told any more.
    if (now < entry.endsAtMs && now >= entry.storedAtMs) return entry;
    entries.delete(name);
    return null;
  };
  return {
    get: (name) => {
      const entry = live(name);
      if (entry === null) return null;
      entries.delete(name);
      entries.set(name, entry);
      if (!entry.outcome.ok) return entry.outcome;
      const ttlSeconds = Math.ceil((entry.endsAtMs - clock.now()) / 1000);
      return { ok: true, value: { addresses: entry.outcome.value.addresses, ttlSeconds } };
    },
    set: (name, outcome, ttlSeconds) => {
      entries.delete(name);
      if (ttlSeconds <= 0) return;
      const oldest = entries.size >= maxEntries ? entries.keys().next().value : undefined;
      if (oldest !== undefined) entries.delete(oldest);
      entries.set(name, { outcome, storedAtMs: clock.now(), endsAtMs: clock.now() + ttlSeconds * 1000 });
    },
    holds: (name, address) => {
      const outcome = live(name)?.outcome;
      return outcome?.ok === true && outcome.value.addresses.some((one) => one.text === address.text);
    },
    get size() {
      return entries.size;
    },
  };
}
