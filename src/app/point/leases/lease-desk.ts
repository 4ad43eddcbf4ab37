import { type Clock, failed, fault, ok, type Result } from '../../../base/index.ts';
import type { LeaseView } from '../../../identity/index.ts';
import type { NetworkFacts } from '../../../policy/index.ts';
import { type Lease, parseLeasedAddress } from './lease.ts';
import { LeaseBook } from './lease-book.ts';

/** What must be done before a change of leases counts. Nothing rejects: what was not confirmed is tried again. */
export interface LeaseGate {
  /** Takes from whoever had these addresses what they had by them. True once nothing lives by it any more. */
  take(addresses: readonly string[]): Promise<boolean>;
  /** Makes these addresses ready for who has them by `wanted`. True once whatever enforces knows. */
  give(addresses: readonly string[]): Promise<boolean>;
}

/** The leases of the point. */
export interface LeaseDesk {
  /** What counts now: for `identify`. */
  readonly view: LeaseView;
  /** Rises whenever another tenancy counts: who was identified before is identified again. */
  readonly generation: () => number;
  readonly book: LeaseBook;
  /** Replaces everything that a source says. Gives once what can count does. */
  replace(source: string, leases: readonly Lease[]): Promise<void>;
  /**
   * A lease that the product itself makes, under a name that no configured source has, or the same one with a later end. Ok once it counts
   * everywhere; with a fault nothing is left of a new one, and one that is there ends when it did. Faults: those of an address, `lease_ended` for one that does not hold now, `lease_conflict`, `lease_unconfirmed`.
   */
  hold(lease: Lease): Promise<Result<null>>;
  /** Ends what `hold` made. True once nothing lives by it any more; false: it does not count, and taking it back is tried again. */
  end(source: string, address: string): Promise<boolean>;
  /** What is not done yet, one line; null when all is. */
  problem(): string | null;
  close(): void;
}

/** What a desk works with. */
export interface LeaseDeskParts {
  readonly clock: Clock;
  readonly gate: LeaseGate;
  readonly network: () => NetworkFacts;
}

/** Timers and the clock need not agree, and what was not confirmed is tried again: looked at this often while there are leases. */
const lookEveryMs = 500;

/** Opens a desk without leases. */
export function openLeaseDesk(parts: LeaseDeskParts): LeaseDesk {
  return new Desk(parts);
}

class Desk implements LeaseDesk {
  readonly book = new LeaseBook();
  readonly #parts: LeaseDeskParts;
  readonly #timer: NodeJS.Timeout;
  #generation = 0;
  #problem: string | null = null;
  #running: Promise<void> | null = null;
  #waiting: Promise<void> | null = null;
  #nextAt = Number.POSITIVE_INFINITY;
  #waking: NodeJS.Timeout | null = null;

  constructor(parts: LeaseDeskParts) {
    this.#parts = parts;
    this.#timer = setInterval(() => this.#look(), lookEveryMs);
    this.#timer.unref();
  }

  get view(): LeaseView {
    return this.book;
  }

  readonly generation = (): number => this.#generation;

  async replace(source: string, leases: readonly Lease[]): Promise<void> {
    const changed = await this.book.replace(source, leases, this.#parts.clock.now());
    const known = changed.filter((address) => this.#isSameTenancy(address));
    await this.#settle();
    await this.#tellEnds(known);
  }

  async hold(lease: Lease): Promise<Result<null>> {
    const { clock, network } = this.#parts;
    const address = parseLeasedAddress(lease.address, network());
    if (!address.ok) return address;
    const own = { ...lease, address: address.value };
    const now = clock.now();
    if (!(own.from <= now && now < own.until)) return failed(fault('lease_ended', 'the lease does not hold now'));
    this.book.replaceAt(own.source, own.address, [own]);
    if (this.#isSameTenancy(own.address)) return this.#renew(own.address);
    await this.#settle();
    const standing = this.view.standingOf(own.address, clock.now());
    if (standing.kind === 'leased') return ok(null);
    const why = standing.kind === 'nobody' && standing.reason === 'identity_conflict';
    await this.end(own.source, own.address);
    return failed(
      why
        ? fault('lease_conflict', `\`${own.address}\` is leased to another service already`)
        : fault(
            'lease_unconfirmed',
            `the lease of \`${own.address}\` was not confirmed: ${this.#problem ?? 'it ended'}`,
          ),
    );
  }

  async end(source: string, address: string): Promise<boolean> {
    this.book.replaceAt(source, address, []);
    await this.#settle();
    return this.book.admittedAt(address) === this.book.tenancyAt(address, this.#parts.clock.now()).key;
  }

  problem(): string | null {
    return this.#problem;
  }

  close(): void {
    clearInterval(this.#timer);
    if (this.#waking !== null) clearTimeout(this.#waking);
  }

  // Of a tenancy that goes on the end may be another: nothing is taken and given, but what enforces has to know.
  #isSameTenancy(address: string): boolean {
    const { key } = this.book.tenancyAt(address, this.#parts.clock.now());
    return key !== null && key === this.book.admittedAt(address);
  }

  async #tellEnds(addresses: readonly string[]): Promise<boolean> {
    return addresses.length === 0 || confirmed(this.#parts.gate.give(addresses));
  }

  async #renew(address: string): Promise<Result<null>> {
    if (await this.#tellEnds([address])) return ok(null);
    return failed(fault('lease_unconfirmed', `the later end of the lease of \`${address}\` was not confirmed`));
  }

  // One after the other; whoever asks while one runs waits for the one after it.
  #settle(): Promise<void> {
    if (this.#running !== null) {
      this.#waiting ??= this.#running.then(() => {
        this.#waiting = null;
        return this.#settle();
      });
      return this.#waiting;
    }
    this.#running = this.#run().finally(() => {
      this.#running = null;
    });
    return this.#running;
  }

  async #run(): Promise<void> {
    do this.#problem = await this.#step();
    while (this.#problem === null && this.book.changes(this.#parts.clock.now()).length > 0);
    this.#wake();
  }

  // What has become another while it was done is done again.
  async #step(): Promise<string | null> {
    const { clock, gate } = this.#parts;
    const leaving = this.book.changes(clock.now()).filter(({ from }) => from !== null);
    if (leaving.length > 0) {
      // From here on whoever was identified by them is asked again.
      this.#generation += 1;
      if (!(await confirmed(gate.take(leaving.map(({ address }) => address))))) {
        return `${leaving.length} leases that are over are not taken back yet, their addresses are nobody's`;
      }
      for (const { address } of leaving) this.book.admit(address, null);
    }
    const coming = this.book.changes(clock.now()).filter(({ from, to }) => from === null && to !== null);
    if (coming.length === 0) return null;
    this.#generation += 1;
    if (!(await confirmed(gate.give(coming.map(({ address }) => address))))) {
      return `${coming.length} leases do not count yet: what enforces did not confirm them`;
    }
    for (const { address, to } of coming) this.book.admit(address, to);
    this.#generation += 1;
    return null;
  }

  #look(): void {
    if (this.#problem !== null || this.#parts.clock.now() >= this.#nextAt) void this.#settle();
    else this.#wake();
  }

  #wake(): void {
    const { clock } = this.#parts;
    if (this.#waking !== null) clearTimeout(this.#waking);
    this.#waking = null;
    const now = clock.now();
    this.#nextAt = this.book.nextChange(now);
    if (this.#nextAt - now >= lookEveryMs) return;
    this.#waking = setTimeout(() => void this.#settle(), Math.max(1, this.#nextAt - now));
    this.#waking.unref();
  }
}

// A fault in the midst is no confirmation: the address stays nobody's.
function confirmed(work: Promise<boolean>): Promise<boolean> {
  return work.catch(() => false);
}
