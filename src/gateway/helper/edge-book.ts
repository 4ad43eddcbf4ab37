import { createTurns } from '../../transport/index.ts';
import type { CountChanges, EdgeCount, KindOfCount } from '../kernel/kernel-plan.ts';
import { dropCounts, eachCount, edgeOfKey, writeDump } from '../kernel/netlink-dump.ts';
import { countSetNames } from '../kernel/parse-counts.ts';
import type { NetlinkDumper } from './netlink-dumper.ts';

interface Held {
  packets: number;
  bytes: number;
  /** The reading in which it last was another one, and the last one that saw it. */
  changedIn: number;
  seenIn: number;
}

interface Gone {
  readonly kind: KindOfCount;
  readonly edge: EdgeCount;
  readonly goneIn: number;
}

interface CountedSet {
  readonly name: string;
  readonly kind: KindOfCount;
  readonly family: 4 | 6;
  /** By the bytes of the key: what did not change is never read further. */
  readonly held: Map<string, Held>;
}

// Past it whoever was told last before them is told everything anew.
const mostGone = 65_536;

/** What the kernel counts, by reading, so that only what changed has to be told: most edges are silent at any moment. */
export class EdgeBook {
  readonly #dumper: NetlinkDumper;
  readonly #sets: readonly CountedSet[];
  #gone: Gone[] = [];
  #round = 0;
  // What went before this reading is not remembered any more.
  #goneSince = 0;
  #turn: Promise<unknown> = Promise.resolve();

  constructor(dumper: NetlinkDumper) {
    this.#dumper = dumper;
    this.#sets = countSetNames.flatMap((name) =>
      ([4, 6] as const).map((family) => ({
        name: `${name}${family}`,
        kind: name === 'deniedany' ? 'denied' : (name as KindOfCount),
        family,
        held: new Map<string, Held>(),
      })),
    );
  }

  /** Reads, and gives what is another since a reading; 0, or one that is not known: everything. Null: nobody could look. */
  changes(since: number): Promise<CountChanges | null> {
    const mine = this.#turn.then(() => this.#read(since));
    this.#turn = mine.catch(() => undefined);
    return mine;
  }

  async #read(since: number): Promise<CountChanges | null> {
    const round = this.#round + 1;
    const isAll = since <= 0 || since > this.#round || since < this.#goneSince;
    const edges: Record<KindOfCount, EdgeCount[]> = { up: [], down: [], denied: [], observed: [] };
    const turns = createTurns();
    for (const set of this.#sets) {
      // Packets change what is counted at any time, so a listing that was interrupted is as good: the next one tells the rest.
      const messages = await this.#dumper.list((sequence) => writeDump('elements', set.name, sequence), true);
      if (messages === null) return null;
      const reading = new SetReading(set.held, round);
      await turns.each(messages, ({ body }) => eachCount(body, reading.take));
      // All that are held are gone through only where it is needed: at rest most of what the helper does is to read what did not change.
      if (reading.seen < set.held.size) {
        await turns.each(set.held, ([key, held]) => {
          if (held.seenIn < round) this.#lose(set, key, round);
        });
      }
      const told = isAll || since < this.#round ? set.held : reading.changed;
      await turns.each(told, ([key, held]) => {
        if (isAll || held.changedIn > since) edges[set.kind].push(...edgeOfKey(set.family, key, held));
      });
    }
    const counters = await this.#dumper.list((sequence) => writeDump('object', null, sequence), true);
    if (counters === null) return null;
    this.#round = round;
    this.#forgetOld();
    const gone = isAll ? [] : this.#gone.filter(({ goneIn }) => goneIn > since);
    return {
      round,
      isAll,
      ...edges,
      gone: gone.map(({ kind, edge }) => ({ kind, edge })),
      dropped: dropCounts(counters),
    };
  }

  #lose(set: CountedSet, key: string, round: number): void {
    set.held.delete(key);
    for (const edge of edgeOfKey(set.family, key, { packets: 0, bytes: 0 }))
      this.#gone.push({ kind: set.kind, edge, goneIn: round });
  }

  #forgetOld(): void {
    if (this.#gone.length <= mostGone) return;
    this.#goneSince = this.#round;
    this.#gone = [];
  }
}

/** One reading of a set. */
class SetReading {
  /** How many edges it saw: a listing that was interrupted may tell of one twice. */
  seen = 0;
  readonly changed: (readonly [key: string, held: Held])[] = [];
  readonly #held: Map<string, Held>;
  readonly #round: number;

  constructor(held: Map<string, Held>, round: number) {
    this.#held = held;
    this.#round = round;
  }

  readonly take = (key: string, packets: number, bytes: number): void => {
    const last = this.#held.get(key);
    if (last?.packets === packets && last.bytes === bytes) {
      if (last.seenIn < this.#round) this.seen += 1;
      last.seenIn = this.#round;
      return;
    }
    if (last === undefined || last.seenIn < this.#round) this.seen += 1;
    const isToldAlready = last?.changedIn === this.#round;
    const held = last ?? { packets, bytes, changedIn: this.#round, seenIn: this.#round };
    Object.assign(held, { packets, bytes, changedIn: this.#round, seenIn: this.#round });
    if (last === undefined) this.#held.set(key, held);
    if (!isToldAlready) this.changed.push([key, held]);
  };
}
