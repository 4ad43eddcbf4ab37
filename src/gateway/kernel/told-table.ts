import type { Clock } from '../../base/index.ts';
import { entryKey, type TimedEntry, toldSetOf } from './entry-text.ts';
import type { KernelVerdict, PortRun, ToldEntry } from './kernel-plan.ts';

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

interface Element {
  readonly entry: ToldEntry;
  until: number;
  readonly holders: Set<string>;
}
interface HeldAddress {
  clientUntil: number;
  readonly keys: Set<string>;
}
interface HeldName {
  readonly serviceId: number;
  readonly name: string;
  /** In the order in which they were told last. */
  readonly addresses: Map<string, HeldAddress>;
}

const defaults = { graceSeconds: 120, floorSeconds: 5, maxAddressesOfName: 200, maxEntries: 262_144 } as const;

/** Makes an empty table. It does no I/O: who uses it tells the kernel what it gives. */
export function createToldTable(options: ToldTableOptions): ToldTable {
  const { clock, graceSeconds, floorSeconds, maxAddressesOfName, maxEntries } = { ...defaults, ...options };
  const elements = new Map<string, Element>();
  const names = new Map<string, HeldName>();

  const isLeft = (element: Element, now: number): boolean => element.until > now;
  const release = (holder: string, keys: Iterable<string>): readonly ToldEntry[] => {
    const gone: ToldEntry[] = [];
    for (const key of keys) {
      const element = elements.get(key);
      element?.holders.delete(holder);
      if (element === undefined || element.holders.size > 0) continue;
      elements.delete(key);
      if (isLeft(element, clock.now())) gone.push(element.entry);
    }
    return gone;
  };
  const dropAddress = (held: HeldName, address: string): readonly ToldEntry[] => {
    const keys = held.addresses.get(address)?.keys ?? [];
    held.addresses.delete(address);
    const holder = nameKey(held.serviceId, held.name);
    if (held.addresses.size === 0) names.delete(holder);
    return release(holder, keys);
  };
  const sweep = (): void => {
    const now = clock.now();
    for (const held of names.values()) {
      for (const [address, { keys }] of held.addresses) {
        const isOver = [...keys].every((key) => (elements.get(key)?.until ?? 0) <= now);
        if (isOver) dropAddress(held, address);
      }
    }
  };
  const hold = (answer: ToldAnswer, entries: readonly TimedEntry[], written: ReadonlySet<string>): void => {
    const now = clock.now();
    const holder = nameKey(answer.serviceId, answer.name);
    const held = names.get(holder) ?? { serviceId: answer.serviceId, name: answer.name, addresses: new Map() };
    names.set(holder, held);
    for (const timed of entries) {
      const { seconds, ...entry } = timed;
      const key = elementKey(entry);
      const element = elements.get(key) ?? { entry, until: 0, holders: new Set<string>() };
      if (written.has(key)) element.until = Math.max(element.until, now + seconds * 1000);
      element.holders.add(holder);
      elements.set(key, element);
      const address = held.addresses.get(entry.address) ?? { clientUntil: 0, keys: new Set<string>() };
      address.clientUntil = Math.max(address.clientUntil, now + (seconds - graceSeconds) * 1000);
      address.keys.add(key);
      // Set anew, so that what was told last stands last.
      held.addresses.delete(entry.address);
      held.addresses.set(entry.address, address);
    }
  };
  const evict = (answer: ToldAnswer): readonly ToldEntry[] => {
    const held = names.get(nameKey(answer.serviceId, answer.name));
    if (held === undefined) return [];
    const fresh = answer.addresses.filter((address) => !held.addresses.has(address)).length;
    let surplus = held.addresses.size + fresh - maxAddressesOfName;
    const gone: ToldEntry[] = [];
    for (const [address, { clientUntil }] of [...held.addresses]) {
      if (surplus <= 0) break;
      if (clientUntil > clock.now() || answer.addresses.includes(address)) continue;
      gone.push(...dropAddress(held, address));
      surplus -= 1;
    }
    return gone;
  };

  return {
    tell: (answer) => {
      const ttlSeconds = Math.max(floorSeconds, Math.ceil(answer.ttlSeconds));
      const entries = entriesOfAnswer(answer, ttlSeconds + graceSeconds);
      const enoughMs = (ttlSeconds + graceSeconds / 2) * 1000;
      const fresh = entries.filter((entry) => !elements.has(elementKey(entry))).length;
      if (elements.size + fresh > maxEntries) sweep();
      if (elements.size + fresh > maxEntries) return null;
      const now = clock.now();
      const writes = entries.filter((entry) => (elements.get(elementKey(entry))?.until ?? 0) - now <= enoughMs);
      const written = new Set(writes.map(elementKey));
      return { writes, evicted: evict(answer), confirm: () => hold(answer, entries, written) };
    },
    entriesOf: (serviceId, name) => {
      const addresses = names.get(nameKey(serviceId, name))?.addresses.values() ?? [];
      const held = [...addresses].flatMap(({ keys }) => [...keys].flatMap((key) => elements.get(key) ?? []));
      return held.filter((element) => isLeft(element, clock.now())).map(({ entry }) => entry);
    },
    namesOf: (serviceId) => [...names.values()].filter((held) => held.serviceId === serviceId).map(({ name }) => name),
    forget: (serviceId, name) => {
      const held = names.get(nameKey(serviceId, name));
      return [...(held?.addresses.keys() ?? [])].flatMap((address) => (held ? dropAddress(held, address) : []));
    },
    renewSiblings: (live) => {
      const now = clock.now();
      const inUse = new Set(live.map(({ serviceId, address }) => `${serviceId} ${address}`));
      const writes: TimedEntry[] = [];
      for (const held of names.values()) {
        if (![...held.addresses.keys()].some((address) => inUse.has(`${held.serviceId} ${address}`))) continue;
        for (const key of [...held.addresses.values()].flatMap(({ keys }) => [...keys])) {
          const element = elements.get(key);
          if (element === undefined || !isLeft(element, now) || element.until - now > (graceSeconds * 1000) / 2)
            continue;
          element.until = now + graceSeconds * 1000;
          writes.push({ ...element.entry, seconds: graceSeconds });
        }
      }
      return writes;
    },
    remaining: () => {
      const now = clock.now();
      return [...elements.values()]
        .filter((element) => isLeft(element, now))
        .map(({ entry, until }) => ({ ...entry, seconds: Math.max(1, Math.round((until - now) / 1000)) }));
    },
    size: () => elements.size,
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

function elementKey(entry: ToldEntry): string {
  return `${toldSetOf(entry)} ${entryKey(entry)}`;
}

function nameKey(serviceId: number, name: string): string {
  return `${serviceId} ${name}`;
}
