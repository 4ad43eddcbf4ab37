import type { HeldLease, LeaseStanding, LeaseView } from '../../../identity/index.ts';
import type { Lease } from './lease.ts';

/** What the leases of an address come to, for as long as the clock says nothing else. */
export interface Tenancy {
  /** Tells tenancies apart: another service, hardware address or source is another one. Null: nobody has the address by a lease. */
  readonly key: string | null;
  /** Empty where leases contradict each other, or none holds. */
  readonly leases: readonly HeldLease[];
  readonly mac: string | null;
  readonly isConflict: boolean;
  /** Epoch milliseconds: `from <= now < until`. */
  readonly from: number;
  readonly until: number;
}

interface Slot {
  /** By source, as that source says. */
  readonly leases: Map<string, readonly Lease[]>;
  /** The key of the tenancy that counts: what the one before left is taken back, and what enforces knows of this one. */
  admitted: string | null;
  current: Tenancy | null;
}

/** An address with what it should be and what counts of it. */
export interface Change {
  readonly address: string;
  readonly from: string | null;
  readonly to: string | null;
}

// Folding one takes a few microseconds.
const addressesPerSlice = 1_024;

const none: LeaseStanding = { kind: 'none' };
const changing: LeaseStanding = { kind: 'nobody', reason: 'identity_unknown' };
const conflicting: LeaseStanding = { kind: 'nobody', reason: 'identity_conflict' };

/**
 * Leases by address. INVARIANT: a lease counts from its `from` to its `until` by the clock that is asked with each question, and only while
 * its tenancy is the one that was admitted: between two tenancies the address is nobody's.
 */
export class LeaseBook implements LeaseView {
  readonly #slots = new Map<string, Slot>();
  readonly #bySource = new Map<string, Set<string>>();

  standingOf(source: string, nowMs: number): LeaseStanding {
    const slot = this.#slots.get(source);
    return slot === undefined ? none : standingOf(slot, tenancyOf(slot, nowMs));
  }

  /** The standing that an address has once its tenancy is admitted. */
  get wanted(): LeaseView {
    return {
      standingOf: (source, nowMs) => {
        const slot = this.#slots.get(source);
        if (slot === undefined) return none;
        const tenancy = tenancyOf(slot, nowMs);
        return standingOf({ admitted: tenancy.key }, tenancy);
      },
    };
  }

  /**
   * Replaces everything that a source says, one address after the other, with pauses: folding tens of thousands takes a part of a second, and
   * decisions go on meanwhile. Not to be called for a source while it runs for that source. Gives the addresses of which it says something else.
   */
  async replace(source: string, leases: readonly Lease[], nowMs: number): Promise<readonly string[]> {
    const changed: string[] = [];
    const byAddress = Map.groupBy(leases, ({ address }) => address);
    let said = 0;
    for (const address of new Set([...(this.#bySource.get(source) ?? []), ...byAddress.keys()])) {
      if (this.replaceAt(source, address, byAddress.get(address) ?? [])) changed.push(address);
      this.tenancyAt(address, nowMs);
      said += 1;
      if (said % addressesPerSlice === 0) await new Promise<void>((resolve) => setImmediate(resolve));
    }
    return changed;
  }

  /** Replaces what a source says of one address. False where that is what it said before. */
  replaceAt(source: string, address: string, leases: readonly Lease[]): boolean {
    if (isSame(this.saidOf(source, address), leases)) return false;
    this.#say(source, address, leases);
    const known = this.#bySource.get(source) ?? new Set();
    if (leases.length > 0) known.add(address);
    else known.delete(address);
    this.#bySource.set(source, known);
    return true;
  }

  /** What a source says of an address. */
  saidOf(source: string, address: string): readonly Lease[] {
    return this.#slots.get(address)?.leases.get(source) ?? [];
  }

  tenancyAt(address: string, nowMs: number): Tenancy {
    const slot = this.#slots.get(address);
    return slot === undefined ? nobodys : tenancyOf(slot, nowMs);
  }

  /** The key of the tenancy that counts, or null. */
  admittedAt(address: string): string | null {
    return this.#slots.get(address)?.admitted ?? null;
  }

  /** Says which tenancy counts from now on. */
  admit(address: string, key: string | null): void {
    const slot = this.#slots.get(address);
    if (slot === undefined) return;
    slot.admitted = key;
    if (key === null && slot.leases.size === 0) this.#slots.delete(address);
  }

  /** Every address of which something else counts than should. */
  changes(nowMs: number): readonly Change[] {
    const changes: Change[] = [];
    for (const [address, slot] of this.#slots) {
      const { key } = tenancyOf(slot, nowMs);
      if (key !== slot.admitted) changes.push({ address, from: slot.admitted, to: key });
    }
    return changes;
  }

  /** When a tenancy begins or ends next by the clock alone (epoch milliseconds); infinite where none does. */
  nextChange(nowMs: number): number {
    let next = Number.POSITIVE_INFINITY;
    for (const slot of this.#slots.values()) next = Math.min(next, tenancyOf(slot, nowMs).until);
    return next;
  }

  /** Addresses of a source, those that it leases and that count, and those where it contradicts another lease. */
  countsOf(
    source: string,
    nowMs: number,
  ): { readonly addresses: number; readonly live: number; readonly conflicts: number } {
    const addresses = this.#bySource.get(source) ?? new Set();
    let [live, conflicts] = [0, 0];
    for (const address of addresses) {
      const { key, isConflict, leases } = this.tenancyAt(address, nowMs);
      if (isConflict) conflicts += 1;
      if (key === this.admittedAt(address) && leases.some((lease) => lease.source === source)) live += 1;
    }
    return { addresses: addresses.size, live, conflicts };
  }

  /** Addresses that a source speaks of. */
  addressesOf(source: string): ReadonlySet<string> {
    return this.#bySource.get(source) ?? new Set();
  }

  #say(source: string, address: string, leases: readonly Lease[]): void {
    const slot = this.#slots.get(address) ?? { leases: new Map(), admitted: null, current: null };
    slot.current = null;
    if (leases.length > 0) slot.leases.set(source, leases);
    else slot.leases.delete(source);
    if (slot.leases.size > 0 || slot.admitted !== null) this.#slots.set(address, slot);
    else this.#slots.delete(address);
  }
}

const nobodys: Tenancy = {
  ...{ key: null, leases: [], mac: null, isConflict: false },
  ...{ from: Number.NEGATIVE_INFINITY, until: Number.POSITIVE_INFINITY },
};

function isSame(some: readonly Lease[], others: readonly Lease[]): boolean {
  return some.length === others.length && some.every((one, index) => isSameLease(one, others[index]));
}

function isSameLease({ service, from, until, mac }: Lease, other: Lease | undefined): boolean {
  return other?.service === service && other.from === from && other.until === until && other.mac === mac;
}

function standingOf({ admitted }: Pick<Slot, 'admitted'>, tenancy: Tenancy): LeaseStanding {
  if (tenancy.key !== admitted) return changing;
  if (tenancy.key === null) return none;
  return tenancy.isConflict ? conflicting : { kind: 'leased', leases: tenancy.leases };
}

function tenancyOf(slot: Slot, nowMs: number): Tenancy {
  const known = slot.current;
  if (known !== null && known.from <= nowMs && nowMs < known.until) return known;
  const made = foldTenancy([...slot.leases.values()].flat(), nowMs);
  slot.current = made;
  return made;
}

/** Folds everything that is said of one address into what holds now, and for how long that is so. @internal */
export function foldTenancy(leases: readonly Lease[], nowMs: number): Tenancy {
  const times = [...new Set(leases.flatMap(({ from, until }) => [from, until]))].sort((a, b) => a - b);
  const at = keyAt(leases, nowMs);
  // Instants that change nothing, as where one lease follows on another of the same service, are no ends.
  const until = times.find((time) => time > nowMs && keyAt(leases, time) !== at) ?? Number.POSITIVE_INFINITY;
  const from = times.findLast((time) => time <= nowMs) ?? Number.NEGATIVE_INFINITY;
  const live = leases.filter((lease) => isLive(lease, nowMs));
  const isConflict = at?.startsWith(conflictMark) === true;
  const mac = live[0]?.mac ?? null;
  const held = isConflict ? [] : live.map(({ source, service }) => ({ source, service, until }));
  return { key: at, leases: held, mac: isConflict ? null : mac, isConflict, from, until };
}

const conflictMark = 'conflict ';

function keyAt(leases: readonly Lease[], time: number): string | null {
  const live = leases.filter((lease) => isLive(lease, time));
  const [first] = live;
  if (first === undefined) return null;
  const isOne = live.every(({ service, mac }) => service === first.service && mac === first.mac);
  const sources = [...new Set(live.map(({ source }) => source))].sort();
  if (isOne) return JSON.stringify([first.service, first.mac, sources]);
  return `${conflictMark}${JSON.stringify(live.map(({ source, service, mac }) => [source, service, mac]).sort())}`;
}

function isLive({ from, until }: Lease, time: number): boolean {
  return from <= time && time < until;
}
