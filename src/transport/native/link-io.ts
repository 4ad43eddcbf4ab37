import type { LiveFlow, Side } from '../../enforcement/index.ts';
import { passMetered } from '../metered.ts';
import type { PeerFacts } from '../peer-facts.ts';
import type { LiveLink, TransportOptions } from '../transport.ts';
import { command } from './abi.ts';
import type { IoThread } from './io-thread.ts';
import { flagged, type LinkId, ofSide, type SideNumber, type WireTarget } from './link-events.ts';

/** The number of a side in records. */
export function numberOf(side: Side): SideNumber {
  return side === 'client' ? 0 : 1;
}

/**
 * The part of a connection that talks to its thread: what was asked, sent, seen and counted. What JavaScript sends and reads it counts
 * itself; what is relayed the thread counts, and is read where it stands.
 */
export abstract class LinkIo implements LinkId {
  readonly slot: number;
  readonly generation: number;
  readonly sourceAddress: string;
  readonly source: string;
  readonly isLoopback: boolean;
  readonly isPastLimit: boolean;
  /** Which upstream it is by now; what is told of an older one is not for it. */
  epoch = 0;
  protected readonly thread: IoThread;
  protected readonly options: TransportOptions;
  /** Whether the sockets are gone, or the thread has them no more. */
  protected isGone = false;
  #flow: LiveFlow | null = null;
  #isRelaying = false;
  #up = 0;
  #down = 0;
  // Bits by side: 1 the client, 2 the upstream.
  #reading = 1;
  #draining = 0;
  #seenClient = 0;
  #seenUpstream = 0;
  #toClient = 0;
  #toUpstream = 0;
  #deadlineMs: number = Number.POSITIVE_INFINITY;
  #armedMs: number = Number.POSITIVE_INFINITY;

  constructor(thread: IoThread, id: LinkId, peer: PeerFacts, options: TransportOptions) {
    this.thread = thread;
    this.options = options;
    this.slot = id.slot;
    this.generation = id.generation;
    this.sourceAddress = peer.sourceAddress;
    this.source = peer.source;
    this.isLoopback = peer.isLoopback;
    this.isPastLimit = peer.isPastLimit;
  }

  get bytesUp(): number {
    return this.#isRelaying ? this.#up + this.thread.relayed(this.slot, 0) : this.#up;
  }

  get bytesDown(): number {
    return this.#isRelaying ? this.#down + this.thread.relayed(this.slot, 1) : this.#down;
  }

  /** The flow that is live on this connection; set by its conversation. */
  get flow(): LiveFlow | null {
    return this.#flow;
  }

  set flow(flow: LiveFlow | null) {
    this.#flow = flow;
    this.options.flowChanged?.(this as unknown as LiveLink);
  }

  /** Counts bytes that are about to pass. False: they may not, and the link was cut for them. */
  protected countPassing(direction: 'up' | 'down', bytes: number): boolean {
    const isMetered = this.#flow !== null && this.#flow.meter !== null;
    if (isMetered && !passMetered(this as unknown as LiveLink, direction, bytes, this.options)) return false;
    if (direction === 'up') this.#up += bytes;
    else this.#down += bytes;
    return true;
  }

  /** Asks for the next bytes of sides: bit 1 the client's, bit 2 the upstream's. What was asked for and did not come is not asked for again. */
  protected readNext(sides: number): void {
    const more = sides & ~this.#reading;
    if (more === 0 || this.isGone) return;
    this.#reading |= more;
    this.thread.commands.tell(command.read, this, more);
  }

  /** Notes bytes, or an end (1), that came of a side. */
  protected noteSeen(side: SideNumber, bytes: number): void {
    if (side === 0) this.#seenClient = (this.#seenClient + bytes) >>> 0;
    else this.#seenUpstream = (this.#seenUpstream + bytes) >>> 0;
    this.#reading &= ~(1 << side);
  }

  /** Whether fewer bytes wait for a side than may. Where more do, it is told when they have gone. */
  protected hasRoom(side: SideNumber): boolean {
    const sent = side === 0 ? this.#toClient : this.#toUpstream;
    if (sent - this.thread.flushed(this.slot, side) < this.options.limits.maxQueuedBytes) return true;
    if ((this.#draining & (1 << side)) === 0) {
      this.#draining |= 1 << side;
      this.thread.commands.tell(ofSide(command.drain, side), this);
    }
    return false;
  }

  /** Notes that what waited for a side has gone. */
  protected noteDrained(side: SideNumber): void {
    this.#draining &= ~(1 << side);
  }

  protected sendTo(side: SideNumber, bytes: Uint8Array): void {
    if (side === 0) this.#toClient += bytes.length;
    else this.#toUpstream += bytes.length;
    this.thread.commands.send(this, side, bytes);
  }

  /** Dials an upstream. Bytes are counted anew from here. */
  protected dialUpstream(targets: readonly WireTarget[]): void {
    this.#up = 0;
    this.#down = 0;
    this.#toUpstream = 0;
    this.thread.commands.dial(this, targets);
  }

  /** Lets go of the upstream, or of dialling one. What is still told of it is of an older epoch. */
  protected dropFromThread(): void {
    this.#forgetUpstream();
    this.thread.commands.tell(command.drop, this);
  }

  /** Has the last answer flushed and the connection closed, at most so much later. */
  protected closeAfter(lingerMs: number): void {
    this.#forgetUpstream();
    this.thread.commands.tell(command.close, this, lingerMs);
  }

  #forgetUpstream(): void {
    this.epoch = (this.epoch + 1) & 0xff;
    this.#seenUpstream = 0;
    this.#reading &= ~2;
    this.#draining &= ~2;
  }

  /** Passes bytes both ways, once the thread has seen that we have taken all that was read before. To be said again when more came. */
  protected relayOnThread(): void {
    this.#isRelaying = true;
    this.#reading = 0;
    // The thread takes its deadline away as well.
    this.#deadlineMs = Number.POSITIVE_INFINITY;
    this.#armedMs = Number.POSITIVE_INFINITY;
    const isMetered = this.#flow !== null && this.#flow.meter !== null;
    this.thread.commands.tell(flagged(command.relay, isMetered), this, this.#seenClient, this.#seenUpstream);
  }

  /** What counts the bytes of the flow has changed. */
  meterChanged(): void {
    if (this.#isRelaying && !this.isGone)
      this.thread.commands.tell(command.meter, this, this.#flow?.meter === null ? 0 : 1);
  }

  onBudget(side: SideNumber, bytes: number): void {
    if (this.isGone || !this.#isMeteredPassing(side, bytes)) return;
    this.thread.commands.tell(ofSide(command.grant, side), this, bytes);
  }

  // The thread counts them when they pass.
  #isMeteredPassing(side: SideNumber, bytes: number): boolean {
    return passMetered(this as unknown as LiveLink, side === 0 ? 'up' : 'down', bytes, this.options);
  }

  /** Sets the deadline of the conversation, or takes it away. */
  protected armDeadline(afterMs: number | null): void {
    this.#deadlineMs = afterMs === null ? Number.POSITIVE_INFINITY : performance.now() + afterMs;
  }

  /** Tells the thread of the deadline. Only an earlier one has to be told; a later one is found out when the one before comes. */
  protected scheduleDeadline(): void {
    if (this.isGone || this.#deadlineMs >= this.#armedMs) return;
    this.#armedMs = this.#deadlineMs;
    this.thread.commands.tell(command.arm, this, Math.max(1, Math.ceil(this.#deadlineMs - performance.now())));
  }

  /** Whether the deadline has come, when the thread says that something has. */
  protected takeDeadline(): boolean {
    this.#armedMs = Number.POSITIVE_INFINITY;
    if (performance.now() < this.#deadlineMs) {
      this.scheduleDeadline();
      return false;
    }
    this.#deadlineMs = Number.POSITIVE_INFINITY;
    return true;
  }

  /** Closes both sockets with RST. Nothing more passes when this has returned. */
  protected resetOnThread(): void {
    if (this.isGone) return;
    this.isGone = true;
    if (this.#isRelaying) {
      this.thread.stop(this.slot, this.generation);
      this.settleCounts(this.thread.relayed(this.slot, 0), this.thread.relayed(this.slot, 1));
    }
    this.thread.forget(this.slot, this.generation);
    this.thread.commands.tell(command.reset, this);
  }

  /** Takes over what the thread counted at last. */
  protected settleCounts(relayedUp: number, relayedDown: number): void {
    this.#isRelaying = false;
    this.#up += relayedUp;
    this.#down += relayedDown;
  }
}
