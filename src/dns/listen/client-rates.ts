import type { ClientShare } from './client-share.ts';
import { createShare } from './client-share.ts';
import { clientKey } from './peer-address.ts';

/** What a client may ask. */
export interface RateLimits {
  readonly questionsPerSecond: number;
  readonly questionBurst: number;
  readonly maxClients: number;
}

/**
 * The rates of the clients that were seen last: a bucket each, in the order in which they were seen. Keys are text, because the
 * hashes of numbers are the same in every process: forged sources could be picked to meet in one place of the table.
 */
export class ClientRates {
  readonly #limits: RateLimits;
  readonly #shares = new Map<string, ClientShare>();
  /** Head of a ring: `newer` leads to the client seen longest ago, `older` to the one seen last. */
  readonly #ring: ClientShare = createShare('', 0, 0);
  #lastAddress = '';
  #last: ClientShare = this.#ring;

  constructor(limits: RateLimits) {
    this.#limits = limits;
  }

  /** Clients that are remembered. */
  get size(): number {
    return this.#shares.size;
  }

  /** The share of the client at a canonical address, made full when it was not seen before. */
  find(address: string, nowMs: number): ClientShare {
    // A load comes in runs of one client, and the key of an IPv6 address has to be worked out.
    if (address === this.#lastAddress) return this.#last;
    const key = clientKey(address);
    const share = this.#shares.get(key) ?? this.#add(key, nowMs);
    if (share !== this.#ring.older) this.#moveToFront(share);
    this.#lastAddress = address;
    this.#last = share;
    return share;
  }

  /** Takes one question from a share; false when it is over its rate. */
  take(share: ClientShare, nowMs: number): boolean {
    const { questionsPerSecond, questionBurst } = this.#limits;
    // A clock that was set back gives nothing, and takes nothing.
    const passedMs = Math.max(0, nowMs - share.filledAt);
    share.tokens = Math.min(questionBurst, share.tokens + (passedMs * questionsPerSecond) / 1000);
    share.filledAt = nowMs;
    if (share.tokens < 1) return false;
    share.tokens -= 1;
    return true;
  }

  #add(key: string, nowMs: number): ClientShare {
    if (this.#shares.size >= this.#limits.maxClients) this.#forget(this.#ring.newer);
    const share = createShare(key, this.#limits.questionBurst, nowMs);
    this.#shares.set(key, share);
    return share;
  }

  #forget(oldest: ClientShare): void {
    this.#shares.delete(oldest.key);
    unlink(oldest);
    if (this.#last === oldest) this.#lastAddress = '';
  }

  #moveToFront(share: ClientShare): void {
    unlink(share);
    const before = this.#ring.older;
    share.older = before;
    share.newer = this.#ring;
    before.newer = share;
    this.#ring.older = share;
  }
}

function unlink(share: ClientShare): void {
  share.older.newer = share.newer;
  share.newer.older = share.older;
  share.older = share;
  share.newer = share;
}
