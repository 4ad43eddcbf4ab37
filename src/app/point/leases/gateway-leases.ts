import type { Clock } from '../../../base/index.ts';
import type { KernelClient, LeaseChange, LeaseEntry } from '../../../gateway/index.ts';
import type { LeaseView } from '../../../identity/index.ts';
import { type CompiledPolicy, createSourceNamer, type DecisionFacts, type NamedSource } from '../../../policy/index.ts';
import type { LeaseBook } from './lease-book.ts';
import type { Tenures } from './tenures.ts';

/** What leases are told to the kernel by. */
export interface GatewayLeaseParts {
  readonly clock: Clock;
  readonly kernel: Pick<KernelClient, 'lease'>;
  readonly tenures: Tenures;
  readonly book: LeaseBook;
  /** Whether hardware addresses say whose a packet is. */
  readonly bindsMac: boolean;
}

/** An address that somebody has, or is about to have, by a lease. */
interface Member {
  readonly key: string;
  readonly tenure: number;
  /** Who that is; null: nobody, as where the policy does not consent. Undefined: not asked yet. */
  named: NamedSource | null | undefined;
}

/** An entry and until when the kernel holds it. */
interface Told extends LeaseEntry {
  readonly endsAt: number;
}

type TargetOf = (address: string) => Pick<LeaseEntry, 'tenure' | 'serviceId'> | null;

/** As a tenure: the address is nobody's. */
const nobodysLease = 0x8000_0000;
/** The kernel is told again before this is over: what nobody renews for a day ends there, whatever its lease says. */
const longestMs = 86_400_000;
// Naming one takes some microseconds.
const namesPerSlice = 512;

/**
 * Leases as the kernel holds them. INVARIANT: of an address that was taken the kernel holds "nobody" until it is given again, and an entry
 * ends there no later than the tenancy does, whether or not the point still runs.
 */
export class GatewayLeases {
  readonly #parts: GatewayLeaseParts;
  readonly #members = new Map<string, Member>();
  readonly #told = new Map<string, Told>();
  /** Whether the kernel may hold something else than it was told: at the start what an earlier run told it. */
  #isUnsure = true;
  #isStale = false;
  #tellings = 0;

  constructor(parts: GatewayLeaseParts) {
    this.#parts = parts;
  }

  /** Whether something is not told yet. */
  get isStale(): boolean {
    return this.#isStale || this.#isUnsure;
  }

  /** How many addresses the kernel was told. */
  get size(): number {
    return this.#told.size;
  }

  /** Everything that the kernel is to hold, for one that lost it. */
  entries(): readonly LeaseEntry[] {
    const now = this.#parts.clock.now();
    return [...this.#told.values()].flatMap(({ endsAt, ...entry }) =>
      endsAt > now ? [{ ...entry, milliseconds: Math.ceil(endsAt - now) }] : [],
    );
  }

  /** The address is nobody's from now on, and every flow of its lease is over. True once the kernel holds it so. */
  close(addresses: readonly string[]): Promise<boolean> {
    for (const address of addresses) this.#members.delete(address);
    return this.#tell(addresses, () => this.#nobody);
  }

  /** Addresses that nobody has by a lease any more are the policy's again. */
  clear(addresses: readonly string[]): Promise<boolean> {
    const { book, clock } = this.#parts;
    const now = clock.now();
    return this.#tell(
      addresses.filter((address) => book.tenancyAt(address, now).key === null),
      () => null,
    );
  }

  /** They are told with the next `sync`: who has them, and until when. */
  add(addresses: readonly string[]): void {
    const { book, clock, tenures } = this.#parts;
    const now = clock.now();
    for (const address of addresses) {
      const { key, until } = book.tenancyAt(address, now);
      if (key === null) continue;
      if (this.#members.get(address)?.key === key) {
        const endsAt = this.#told.get(address)?.endsAt ?? 0;
        this.#isStale ||= endsAt > until || endsAt < Math.min(until, now + longestMs / 2);
        continue;
      }
      this.#members.set(address, { key, tenure: tenures.next(), named: undefined });
      this.#isStale = true;
    }
  }

  /** Whether the kernel holds them as they are now. */
  holds(addresses: readonly string[]): boolean {
    if (this.isStale) return false;
    return addresses.every((address) => this.#told.get(address)?.tenure === this.#tenureOf(address));
  }

  /** Asks who has each address, of all of them or of those that are new; gives one of each class of sources. */
  async name(policy: CompiledPolicy | null, facts: DecisionFacts, isAll: boolean): Promise<readonly NamedSource[]> {
    const { book, clock } = this.#parts;
    const wanted: LeaseView = book.wanted;
    const nameOf = policy === null ? () => null : createSourceNamer(policy, { facts, now: clock.now() }, wanted);
    const classes = new Map<string, NamedSource>();
    let asked = 0;
    for (const [address, member] of [...this.#members]) {
      if (isAll || member.named === undefined) {
        member.named = nameOf(address);
        asked += 1;
        if (asked % namesPerSlice === 0) await new Promise<void>((resolve) => setImmediate(resolve));
      }
      if (member.named !== null) classes.set(member.named.key, member.named);
    }
    return [...classes.values()];
  }

  /** The keys of the classes that somebody is of by a lease. */
  keys(): ReadonlySet<string> {
    return new Set([...this.#members.values()].flatMap(({ named }) => named?.key ?? []));
  }

  /** Brings the kernel to what is so now. `idOf` gives the number of a class that it knows. True once it holds it. */
  sync(idOf: (key: string) => number | null): Promise<boolean> {
    // Those that came while names were asked for are told when they have theirs.
    const named = [...this.#members].filter(([, member]) => member.named !== undefined);
    this.#isStale = named.length < this.#members.size;
    return this.#tell(
      named.map(([address]) => address),
      (address) => {
        const member = this.#members.get(address);
        if (member === undefined) return this.#nobody;
        const key = member.named?.key;
        return { tenure: member.tenure, serviceId: key === undefined ? 0 : (idOf(key) ?? 0) };
      },
    );
  }

  #tenureOf(address: string): number {
    return this.#members.get(address)?.tenure ?? nobodysLease;
  }

  readonly #nobody = { tenure: nobodysLease, serviceId: 0 };

  async #tell(addresses: readonly string[], targetOf: TargetOf): Promise<boolean> {
    const change = this.#changeOf(addresses, targetOf);
    if (change.gone.length + change.held.length === 0 && !this.#isUnsure) return true;
    const whole = this.#isUnsure ? { isReset: true, gone: [], held: this.entries() } : change;
    this.#isUnsure = true;
    this.#tellings += 1;
    const mine = this.#tellings;
    const done = await this.#parts.kernel.lease(whole);
    // A later one is on its way still: that one says how it stands.
    if (done && mine === this.#tellings) this.#isUnsure = false;
    return done;
  }

  // What the kernel is to hold is known before it is told: whoever tells it everything again meanwhile tells this.
  #changeOf(addresses: readonly string[], targetOf: TargetOf): LeaseChange {
    const now = this.#parts.clock.now();
    const [gone, held]: [LeaseEntry[], LeaseEntry[]] = [[], []];
    for (const address of addresses) {
      const next = this.#entryOf(address, targetOf(address), now);
      const before = this.#told.get(address) ?? null;
      if (isHeld(before, next, now)) continue;
      if (before !== null) gone.push(withoutEnd(before));
      if (next !== null) held.push(withoutEnd(next));
      if (next === null) this.#told.delete(address);
      else this.#told.set(address, next);
    }
    return { isReset: false, gone, held };
  }

  #entryOf(address: string, target: ReturnType<TargetOf>, now: number): Told | null {
    if (target === null) return null;
    const { book, bindsMac } = this.#parts;
    const tenancy = book.tenancyAt(address, now);
    const isNobody = target.tenure === nobodysLease;
    const endsAt = Math.min(isNobody ? Number.POSITIVE_INFINITY : tenancy.until, now + longestMs);
    if (endsAt <= now) return null;
    const mac = bindsMac && !isNobody ? tenancy.mac : null;
    const milliseconds = Math.max(1, Math.floor(endsAt - now));
    return { family: address.includes(':') ? 6 : 4, address, ...target, milliseconds, mac, endsAt };
  }
}

// Told again when half of the longest time is over, or when the lease itself has become longer or shorter.
function isHeld(before: Told | null, next: Told | null, now: number): boolean {
  if (before === null || next === null) return before === next;
  const isSame = before.tenure === next.tenure && before.serviceId === next.serviceId && before.mac === next.mac;
  return isSame && before.endsAt <= next.endsAt && before.endsAt >= Math.min(next.endsAt, now + longestMs / 2);
}

function withoutEnd({ endsAt: _endsAt, ...entry }: Told): LeaseEntry {
  return entry;
}
