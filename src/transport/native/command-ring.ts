import { command, commandCount, commandSlabBytes, counter, recordWords, word } from './abi.ts';
import { flagged, type LinkId, ofSide, type SideNumber, type WireTarget } from './link-events.ts';

/** The memory of a ring of commands: the counters that are shared, the records, and the slab of their bytes. */
export interface CommandMemory {
  readonly counters: Uint32Array;
  readonly records: Uint32Array;
  readonly slab: Uint8Array;
}

/** A command that found no room. */
interface Held {
  readonly words: Uint32Array;
  readonly bytes: Uint8Array | null;
}

// A large piece is sent in several commands, so that one does not wait for a quarter of the slab.
const mostBytesOfCommand = 65_536;
const settled = Promise.resolve();

/** The ring by which a thread is told what to do: written here, published once a turn, read by the thread (see native/io.h). */
export class CommandRing {
  readonly #counters: Uint32Array;
  readonly #commands: Uint32Array;
  readonly #commandSlab: Uint8Array;
  readonly #wake: () => void;
  readonly #staged = new Uint32Array(word.b + 1);
  // Heads here count on past 32 bits; the thread's do not.
  #commandHead = 0;
  #published = 0;
  #commandTail = 0;
  #slabHead = 0;
  #held: Held[] = [];
  #isFlushing = false;
  #isClosed = false;
  // The last command, where it sends and was not published yet: what follows it to the same socket goes with it.
  #lastSend = -1;

  /** `wake` wakes the thread. */
  constructor(memory: CommandMemory, wake: () => void) {
    this.#counters = memory.counters;
    this.#commands = memory.records;
    this.#commandSlab = memory.slab;
    this.#wake = wake;
  }

  /** Tells the thread something of a connection. A side and a flag go beside the type, see {@link ofSide} and {@link flagged}. */
  tell(type: number, link: LinkId, a = 0, b = 0): void {
    this.#stage(type, link, a, b);
    this.#push(null);
  }

  /** Sends bytes to a side; they must not change until they are sent. */
  send(link: LinkId, side: SideNumber, bytes: Uint8Array): void {
    const type = ofSide(command.send, side);
    for (let at = 0; at < bytes.length; at += mostBytesOfCommand) {
      const piece = bytes.length <= mostBytesOfCommand ? bytes : bytes.subarray(at, at + mostBytesOfCommand);
      if (this.#joinLastSend(link, type, piece)) continue;
      this.#stage(type, link, 0, 0);
      this.#push(piece);
      if (this.#held.length === 0) this.#lastSend = this.#commandHead - 1;
    }
  }

  /** Dials targets in order; the first that connects is told. `mark` and `source` are of the sockets. */
  dial(
    link: LinkId,
    targets: readonly WireTarget[],
    from: { readonly mark: number; readonly source: WireTarget | null } = { mark: 0, source: null },
  ): void {
    const all = from.source === null ? targets : [...targets, from.source];
    const words = new Uint32Array(all.length * 6);
    all.forEach((target, at) => {
      words.set([target.words.length === 1 ? 4 : 6, target.port, ...target.words], at * 6);
    });
    this.#stage(flagged(command.dial, from.source !== null), link, targets.length, from.mark);
    this.#push(new Uint8Array(words.buffer));
  }

  /** Publishes what was told up to now, without waiting for the end of the turn. */
  publish(): void {
    this.#flush();
  }

  /** Publishes what found no room before, where there is some by now. */
  retry(): void {
    if (this.#held.length > 0) this.#flush();
  }

  /** Nothing is told any more, after what was told up to now. */
  close(): void {
    this.#flush();
    this.#isClosed = true;
  }

  // False: the last command is another one, or published, or has no room behind its bytes.
  #joinLastSend(link: LinkId, type: number, bytes: Uint8Array): boolean {
    const commands = this.#commands;
    if (this.#lastSend < this.#published || this.#lastSend !== this.#commandHead - 1 || this.#held.length > 0)
      return false;
    const at = (this.#lastSend % commandCount) * recordWords;
    const isSame = commands[at + word.slot] === link.slot && commands[at + word.generation] === link.generation;
    if (!isSame || commands[at] !== type) return false;
    const [offset, before] = [commands[at + word.offset] ?? 0, commands[at + word.length] ?? 0];
    const length = before + bytes.length;
    const more = roomOf(length) - roomOf(before);
    if (length > mostBytesOfCommand || offset + roomOf(length) > commandSlabBytes) return false;
    if (this.#slabUsed() + more > commandSlabBytes) return false;
    this.#commandSlab.set(bytes, offset + before);
    this.#slabHead = (this.#slabHead + more) >>> 0;
    commands[at + word.length] = length;
    commands[at + word.slab] = this.#slabHead;
    return true;
  }

  #slabUsed(): number {
    return (this.#slabHead - Atomics.load(this.#counters, counter.commandSlabTail)) >>> 0;
  }

  #stage(type: number, { slot, generation }: LinkId, a: number, b: number): void {
    this.#staged[word.type] = type;
    this.#staged[word.slot] = slot;
    this.#staged[word.generation] = generation;
    this.#staged[word.a] = a;
    this.#staged[word.b] = b;
  }

  // Enters what was staged.
  #push(bytes: Uint8Array | null): void {
    if (this.#isClosed) return;
    if (this.#held.length > 0 || !this.#write(this.#staged, bytes)) {
      this.#held.push({ words: this.#staged.slice(), bytes });
      Atomics.store(this.#counters, counter.commandsWait, 1);
    }
    if (this.#isFlushing) return;
    this.#isFlushing = true;
    void settled.then(this.#flushLater);
  }

  // False: there is no room.
  #write(words: Uint32Array, bytes: Uint8Array | null): boolean {
    if (this.#commandHead - this.#commandTail >= commandCount) {
      this.#commandTail = this.#aheadOf(counter.commandTail, this.#commandHead);
      if (this.#commandHead - this.#commandTail >= commandCount) return false;
    }
    const offset = bytes === null ? 0 : this.#place(bytes);
    if (offset < 0) return false;
    const at = (this.#commandHead % commandCount) * recordWords;
    for (let index = 0; index < words.length; index++) this.#commands[at + index] = words[index] ?? 0;
    this.#commands[at + word.offset] = offset;
    this.#commands[at + word.length] = bytes === null ? 0 : bytes.length;
    this.#commands[at + word.slab] = this.#slabHead;
    this.#commandHead += 1;
    return true;
  }

  // Puts bytes into the slab in one piece, on a boundary of eight; gives where, or -1 when there is no room.
  #place(bytes: Uint8Array): number {
    const room = roomOf(bytes.length);
    const at = this.#slabHead % commandSlabBytes;
    const skipped = at + room > commandSlabBytes ? commandSlabBytes - at : 0;
    if (this.#slabUsed() + skipped + room > commandSlabBytes) return -1;
    const offset = (at + skipped) % commandSlabBytes;
    this.#commandSlab.set(bytes, offset);
    this.#slabHead = (this.#slabHead + skipped + room) >>> 0;
    return offset;
  }

  #aheadOf(at: number, head: number): number {
    return head - ((head - Atomics.load(this.#counters, at)) >>> 0);
  }

  readonly #flushLater = (): void => {
    this.#isFlushing = false;
    this.#flush();
  };

  // INVARIANT: what is published either finds the thread awake, or wakes it (native/io.h).
  #flush(): void {
    if (this.#isClosed) return;
    this.#writeHeld();
    if (this.#published === this.#commandHead) return;
    this.#published = this.#commandHead;
    Atomics.store(this.#counters, counter.commandHead, this.#commandHead >>> 0);
    if (
      Atomics.load(this.#counters, counter.sleeps) === 1 &&
      Atomics.exchange(this.#counters, counter.sleeps, 0) === 1
    ) {
      this.#wake();
    }
  }

  #writeHeld(): void {
    if (this.#held.length === 0) return;
    let written = 0;
    for (const { words, bytes } of this.#held) {
      if (!this.#write(words, bytes)) break;
      written += 1;
    }
    this.#held.splice(0, written);
    if (this.#held.length === 0) Atomics.store(this.#counters, counter.commandsWait, 0);
  }
}

// On a boundary of eight.
function roomOf(bytes: number): number {
  return (bytes + 7) & ~7;
}
