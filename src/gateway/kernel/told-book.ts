import type { Clock } from '../../base/index.ts';
import { entryKey, type TimedEntry, toldSetOf } from './entry-changes.ts';
import type { ToldEntry } from './kernel-plan.ts';

interface Element {
  readonly entry: ToldEntry;
  until: number;
  /** Names that told it, each until when: the time of one must not keep it open for another. */
  readonly holders: Map<string, number>;
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
/** A name as a service was told it. */
type Named = Pick<HeldName, 'serviceId' | 'name'>;

/** Elements and the names that hold them, both ways. @internal */
export class ToldBook {
  readonly #clock: Clock;
  readonly #elements = new Map<string, Element>();
  readonly #names = new Map<string, HeldName>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  size(): number {
    return this.#elements.size;
  }

  /** How long the kernel still holds such an entry, in milliseconds; 0 when it does not. */
  leftMs(entry: ToldEntry): number {
    const until = this.#elements.get(elementKey(entry))?.until ?? 0;
    return Math.max(0, until - this.#clock.now());
  }

  hasPlaceFor(entries: readonly ToldEntry[], maxEntries: number): boolean {
    const fresh = entries.filter((entry) => !this.#elements.has(elementKey(entry))).length;
    if (this.size() + fresh > maxEntries) this.#sweep();
    return this.size() + fresh <= maxEntries;
  }

  /** The kernel holds `written` for their time from now on; a client may use the rest of the answer for as long as it says. */
  hold(named: Named, entries: readonly TimedEntry[], written: ReadonlySet<ToldEntry>, ttlSeconds: number): void {
    const now = this.#clock.now();
    const holder = nameKey(named);
    const held = this.#names.get(holder) ?? { ...named, addresses: new Map<string, HeldAddress>() };
    this.#names.set(holder, held);
    for (const timed of entries) {
      const { seconds, ...entry } = timed;
      const key = elementKey(entry);
      const element = this.#elements.get(key) ?? { entry, until: 0, holders: new Map<string, number>() };
      if (written.has(timed)) element.until = Math.max(element.until, now + seconds * 1000);
      claim(element, holder, now + seconds * 1000);
      this.#elements.set(key, element);
      const address = held.addresses.get(entry.address) ?? { clientUntil: 0, keys: new Set<string>() };
      address.clientUntil = Math.max(address.clientUntil, now + ttlSeconds * 1000);
      address.keys.add(key);
      // Set anew, so that what was told last stands last.
      held.addresses.delete(entry.address);
      held.addresses.set(entry.address, address);
    }
  }

  /** Makes place for the addresses of an answer; gives the entries that nothing holds any more. */
  evict(answer: Named & { readonly addresses: readonly string[] }, maxAddresses: number): readonly ToldEntry[] {
    const held = this.#names.get(nameKey(answer));
    if (held === undefined) return [];
    const fresh = answer.addresses.filter((address) => !held.addresses.has(address)).length;
    const surplus = Math.max(0, held.addresses.size + fresh - maxAddresses);
    const idle = [...held.addresses].filter(
      ([address, { clientUntil }]) => clientUntil <= this.#clock.now() && !answer.addresses.includes(address),
    );
    return idle.slice(0, surplus).flatMap(([address]) => this.#drop(held, address));
  }

  entriesOf(serviceId: number, name: string): readonly ToldEntry[] {
    const held = this.#names.get(nameKey({ serviceId, name }));
    return held === undefined ? [] : this.#claimed(held).map(({ entry }) => entry);
  }

  namesOf(serviceId: number): readonly string[] {
    return [...this.#names.values()].filter((held) => held.serviceId === serviceId).map(({ name }) => name);
  }

  forget(serviceId: number, name: string): readonly ToldEntry[] {
    const held = this.#names.get(nameKey({ serviceId, name }));
    return held === undefined ? [] : [...held.addresses.keys()].flatMap((address) => this.#drop(held, address));
  }

  /** Gives the entries of names of which an address is in use that would end soon, and holds them for another grace. */
  renew(
    live: readonly { readonly serviceId: number; readonly address: string }[],
    seconds: number,
  ): readonly TimedEntry[] {
    const inUse = new Set(live.map(({ serviceId, address }) => `${serviceId} ${address}`));
    const now = this.#clock.now();
    const renewed = new Set<Element>();
    for (const held of this.#names.values()) {
      if (![...held.addresses.keys()].some((address) => inUse.has(`${held.serviceId} ${address}`))) continue;
      const mine = this.#claimed(held);
      if (!mine.some(({ entry }) => inUse.has(`${held.serviceId} ${entry.address}`))) continue;
      for (const element of mine) {
        if (element.until - now <= (seconds * 1000) / 2) {
          element.until = now + seconds * 1000;
          renewed.add(element);
        }
        claim(element, nameKey(held), now + seconds * 1000);
      }
    }
    return [...renewed].map(({ entry }) => ({ ...entry, seconds }));
  }

  remaining(): readonly TimedEntry[] {
    const now = this.#clock.now();
    return this.#left(this.#elements.keys()).map(({ entry, until }) => ({
      ...entry,
      seconds: Math.max(1, Math.round((until - now) / 1000)),
    }));
  }

  /** The elements that a name still holds. */
  #claimed(held: HeldName): readonly Element[] {
    const now = this.#clock.now();
    const holder = nameKey(held);
    const keys = [...held.addresses.values()].flatMap((address) => [...address.keys]);
    return this.#left(keys).filter(({ holders }) => (holders.get(holder) ?? 0) > now);
  }

  #left(keys: Iterable<string>): readonly Element[] {
    const now = this.#clock.now();
    return [...keys].flatMap((key) => this.#elements.get(key) ?? []).filter(({ until }) => until > now);
  }

  #drop(held: HeldName, address: string): readonly ToldEntry[] {
    const keys = held.addresses.get(address)?.keys ?? new Set<string>();
    const holder = nameKey(held);
    held.addresses.delete(address);
    if (held.addresses.size === 0) this.#names.delete(holder);
    const now = this.#clock.now();
    const left = this.#left(keys);
    for (const key of keys) {
      const element = this.#elements.get(key);
      if (element === undefined) continue;
      element.holders.delete(holder);
      // Those that are left hold it for as long as the kernel does: it is open by them alone now.
      for (const [name, until] of element.holders) {
        if (until > now) element.holders.set(name, element.until);
        else element.holders.delete(name);
      }
      if (element.holders.size === 0) this.#elements.delete(key);
    }
    return left.filter(({ holders }) => holders.size === 0).map(({ entry }) => entry);
  }

  #sweep(): void {
    for (const held of this.#names.values()) {
      const kept = new Set(this.#claimed(held).map(({ entry }) => entry.address));
      for (const address of held.addresses.keys()) if (!kept.has(address)) this.#drop(held, address);
    }
  }
}

/** Opens an empty book. @internal */
export function createToldBook(clock: Clock): ToldBook {
  return new ToldBook(clock);
}

/** A name holds an element for as long as it was told, and no longer than the kernel does. */
function claim(element: Element, holder: string, until: number): void {
  element.holders.set(holder, Math.max(element.holders.get(holder) ?? 0, Math.min(until, element.until)));
}

function elementKey(entry: ToldEntry): string {
  return `${toldSetOf(entry)} ${entryKey(entry)}`;
}

function nameKey({ serviceId, name }: Named): string {
  return `${serviceId} ${name}`;
}
