import type { NewId } from '../base/index.ts';
import { several, type VerdictRecord } from '../policy/index.ts';
import { sourceNetwork } from './source-network.ts';

/** Where the record of a denial goes: `record` is to be written now, or null when it was counted; `id` is told to the refused side. */
export interface NotedDenial {
  readonly record: VerdictRecord | null;
  readonly id: string;
}

/** A denial of a window, and how many like it were only counted since it was written. */
interface Window {
  readonly endsAtMs: number;
  seen: number;
  /** The last record that was written one by one: its id is told from then on. */
  opening: VerdictRecord | null;
  counted: number;
}

/** How many records one kind of denial may write in a window, and whether what comes after names no single destination. */
interface Kind {
  readonly key: string;
  readonly burst: number;
  readonly widen: 'nothing' | 'destination' | 'everything';
}

/** How long repeats are counted before their sum is written. */
const windowMs = 10_000;
/** A person who tries again sees every try; a loop sees its sum. At 500 bytes a record: 90 MB a day for one loop. */
const sameBurst = 20;
/** Denials of one principal at one source, whatever their destinations: 20 a second, below 1 GB a day. */
const principalBurst = 200;
/** Requests of one source that never had a principal: anybody can send them, and their records tell little. */
const unknownBurst = 50;
/** About 1 KB each. */
const maxWindows = 10_000;
/** Past the bound, denials are counted by reason alone. */
const overflowBurst = 200;

/**
 * Keeps denials that repeat from pushing history out of the spool: past a burst, those of one kind in a window of 10 s are counted.
 * The last one that is written lends them its id, so that each can be explained at once; their number follows as one record of the same
 * flow with `repeats`, at the window's end. INVARIANT: every denial is a record of its own or is counted in exactly one `repeats`.
 * Kinds: the same source address (an IPv6 /64), principal, destination, reason, stage and policy; all of one principal at one source
 * for one reason; all of one source without a principal for one reason; and past the bound of the table, all for one reason. What
 * enforce would deny has the first kind and the last alone: under observe the destinations are what people want to know.
 */
export class RepeatedDenials {
  readonly #newId: NewId;
  // In the order in which they end: all last equally long.
  readonly #windows = new Map<string, Window>();

  constructor(newId: NewId) {
    this.#newId = newId;
  }

  /** Takes the record of a denial in, or of what observe let through and enforce would deny. `sourceAddress` is the peer's address in canonical text, without its port. */
  note(record: VerdictRecord, sourceAddress: string, nowMs: number): NotedDenial {
    const { wide, same } = kindsOf(record, sourceNetwork(sourceAddress));
    // What is counted here costs the principal nothing of its wider burst.
    const counting = same === null ? undefined : this.#windows.get(same.key);
    if (same !== null && counting?.opening) return count(counting, same, record);
    const noted = wide === null ? { record, id: record.id } : this.#count(wide, record, nowMs);
    return same === null || noted.record !== record ? noted : this.#count(same, record, nowMs);
  }

  /** The sums of the windows that have ended, each once. To be written at least every second. */
  takeEnded(nowMs: number): readonly VerdictRecord[] {
    // A clock that was set back must not keep a window open for longer.
    return this.#take(nowMs, ({ endsAtMs }) => endsAtMs <= nowMs || endsAtMs > nowMs + windowMs);
  }

  /** The sums of all windows, ended or not; for the shutdown. */
  takeAll(nowMs: number): readonly VerdictRecord[] {
    return this.#take(nowMs, () => true);
  }

  #take(nowMs: number, hasEnded: (window: Window) => boolean): readonly VerdictRecord[] {
    const sums: VerdictRecord[] = [];
    for (const [key, window] of this.#windows) {
      if (!hasEnded(window)) break;
      this.#windows.delete(key);
      if (window.counted > 0 && window.opening !== null) sums.push(this.#sumOf(window.opening, window.counted, nowMs));
    }
    return sums;
  }

  #count(kind: Kind, record: VerdictRecord, nowMs: number): NotedDenial {
    const window = this.#windowOf(kind, nowMs);
    if (window !== null) return count(window, kind, record);
    return this.#count(overflowKind(record), record, nowMs);
  }

  // Null: no room for one more; kinds of overflow are as few as there are reasons, and always have room.
  #windowOf(kind: Kind, nowMs: number): Window | null {
    const known = this.#windows.get(kind.key);
    if (known !== undefined) return known;
    if (this.#windows.size >= maxWindows && kind.widen !== 'everything') return null;
    const window: Window = { endsAtMs: nowMs + windowMs, seen: 0, opening: null, counted: 0 };
    this.#windows.set(kind.key, window);
    return window;
  }

  #sumOf(opening: VerdictRecord, counted: number, nowMs: number): VerdictRecord {
    return { ...opening, id: this.#newId(nowMs), time: new Date(nowMs).toISOString(), repeats: counted };
  }
}

function count(window: Window, kind: Kind, record: VerdictRecord): NotedDenial {
  if (window.opening !== null) {
    window.counted += 1;
    return { record: null, id: window.opening.id };
  }
  window.seen += 1;
  if (window.seen < kind.burst) return { record, id: record.id };
  window.opening = widened(record, kind.widen);
  return { record: window.opening, id: record.id };
}

function kindsOf(record: VerdictRecord, network: string): { readonly wide: Kind | null; readonly same: Kind | null } {
  const { principal, reason, wouldDenyReason, stage, destination, policyVersion, mode } = record;
  const unknown = `${network} ${stage} ${wouldDenyReason ?? reason}`;
  if (principal === null) return { wide: { key: unknown, burst: unknownBurst, widen: 'destination' }, same: null };
  const { service, identity, strength } = principal;
  const known = `${unknown} ${policyVersion} ${mode} ${strength} ${service} ${identity}`;
  const target = destination === null ? '' : `${destination.protocol} ${destination.host} ${destination.port}`;
  return {
    wide: record.wouldDeny ? null : { key: known, burst: principalBurst, widen: 'destination' },
    same: { key: `${known} > ${target}`, burst: sameBurst, widen: 'nothing' },
  };
}

function overflowKind({ reason }: VerdictRecord): Kind {
  return { key: reason, burst: overflowBurst, widen: 'everything' };
}

function widened(record: VerdictRecord, widen: Kind['widen']): VerdictRecord {
  if (widen === 'nothing') return record;
  const { destination, detail: _ofOne, aimedAt: _ofOneToo, ...rest } = record;
  const wide: VerdictRecord = {
    ...rest,
    ruleIds: [],
    innerHost: several,
    destination:
      destination === null
        ? null
        : { host: several, port: null, protocol: null, address: null, class: destination.class },
  };
  return widen === 'destination' ? wide : { ...wide, source: several, principal: null };
}
