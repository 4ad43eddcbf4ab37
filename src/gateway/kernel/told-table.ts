import type { Clock } from '../../base/index.ts';
import type { TimedEntry } from './entry-changes.ts';
import type { KernelVerdict, PortRun, ToldEntry } from './kernel-plan.ts';
import { createToldBook } from './told-book.ts';

/** What a name opens at each of its addresses. */
export interface Opening {
  readonly protocol: 'tcp' | 'udp';
  readonly ports: PortRun;
  readonly verdict: KernelVerdict;
}

/** An answer that a service is about to be given. */
export interface ToldAnswer {
  readonly serviceId: number;
  readonly name: string;
  /** Canonical text, of both families. */
  readonly addresses: readonly string[];
  readonly openings: readonly Opening[];
  /** For how long the client may use the answer. */
  readonly ttlSeconds: number;
}

/** What an answer asks of the kernel. Nothing is remembered before it is confirmed. */
export interface Telling {
  /** To be learnt before the answer goes out; empty when the kernel holds all of it for long enough. */
  readonly writes: readonly TimedEntry[];
  /** Elements of addresses that a name has no place for any more: to be forgotten. */
  readonly evicted: readonly ToldEntry[];
  /** The kernel holds the writes. */
  confirm(): void;
}

/** What the kernel was told, and until when: the shadow that spares it what it holds already. */
export interface ToldTable {
  /** Null: there is no place, so the answer is not to be given. */
  tell(answer: ToldAnswer): Telling | null;
  /** What a name opened for a service, while the kernel may still hold it: to be judged anew when the policy changes. */
  entriesOf(serviceId: number, name: string): readonly ToldEntry[];
  /** Names that were told a service and may still be open. */
  namesOf(serviceId: number): readonly string[];
  /** Takes a name back from a service. Gives the entries that no other name holds: to be forgotten. */
  forget(serviceId: number, name: string): readonly ToldEntry[];
  /**
   * Keeps the siblings of addresses that are in use: a client holds the whole answer and moves to another address of it later. Gives
   * what the kernel is to be told so that they stay for another grace.
   */
  renewSiblings(live: readonly { readonly serviceId: number; readonly address: string }[]): readonly TimedEntry[];
  /** All that is left with its time from now, for a kernel that lost it. */
  remaining(): readonly TimedEntry[];
  /** Elements that are held. */
  size(): number;
}

// Counters are looked at once a second, on a busy machine once in three: a shorter grace would be over between two looks.
const leastRenewalSeconds = 10;

/** Bounds of a table. */
export interface ToldTableOptions {
  readonly clock: Clock;
  /** For how long an address is kept past the time of its answer, since clients reuse it. Default 120. */
  readonly graceSeconds?: number;
  /** The shortest time of an answer that counts. Default 5. */
  readonly floorSeconds?: number;
  /** Past it the addresses that were told longest ago go, never one that a client may still use. Default 200. */
  readonly maxAddressesOfName?: number;
  /** Past it nothing new is told. Default 262,144, as many as the sets of the kernel take. */
  readonly maxEntries?: number;
}

const defaults = { graceSeconds: 120, floorSeconds: 5, maxAddressesOfName: 200, maxEntries: 262_144 } as const;

/** Makes an empty table. It does no I/O: who uses it tells the kernel what it gives. */
export function createToldTable(options: ToldTableOptions): ToldTable {
  const { clock, graceSeconds, floorSeconds, maxAddressesOfName, maxEntries } = { ...defaults, ...options };
  const book = createToldBook(clock);

  return {
    tell: (answer) => {
      const ttlSeconds = Math.max(floorSeconds, Math.ceil(answer.ttlSeconds));
      const entries = entriesOfAnswer(answer, ttlSeconds + graceSeconds);
      if (!book.hasPlaceFor(entries, maxEntries)) return null;
      const enoughMs = (ttlSeconds + graceSeconds / 2) * 1000;
      const writes = entries.filter((entry) => book.leftMs(entry) <= enoughMs);
      return {
        writes,
        evicted: book.evict(answer, maxAddressesOfName),
        confirm: () => book.hold(answer, entries, new Set(writes), ttlSeconds),
      };
    },
    entriesOf: (serviceId, name) => book.entriesOf(serviceId, name),
    namesOf: (serviceId) => book.namesOf(serviceId),
    forget: (serviceId, name) => book.forget(serviceId, name),
    renewSiblings: (live) => book.renew(live, Math.max(graceSeconds, leastRenewalSeconds)),
    remaining: () => book.remaining(),
    size: () => book.size(),
  };
}

function entriesOfAnswer(answer: ToldAnswer, seconds: number): readonly TimedEntry[] {
  return [...new Set(answer.addresses)].flatMap((address) =>
    answer.openings.map((opening) => ({
      serviceId: answer.serviceId,
      family: address.includes(':') ? (6 as const) : (4 as const),
      address,
      protocol: opening.protocol,
      ports: opening.ports,
      verdict: opening.verdict,
      seconds,
    })),
  );
}
