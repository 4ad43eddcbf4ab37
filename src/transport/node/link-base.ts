import type { Socket } from 'node:net';
import type {
  AimedAt,
  BlockingCommand,
  ConnectionFacts,
  EndedBy,
  ImmediateCommand,
  LiveFlow,
  SessionEvent,
} from '../../enforcement/index.ts';
import { askSafely, type Executor, performSafely } from '../drive.ts';
import { passMetered } from '../metered.ts';
import type { PeerFacts } from '../peer-facts.ts';
import type { LiveLink, TransportOptions } from '../transport.ts';
import { aimedAtOf, localAuthorityOf } from './link-sockets.ts';
import type { TimerWheel, WheelEntry } from './timer-wheel.ts';

// Before the first probe would be due. Most connections end sooner, and save eight system calls: asking for probes takes four a socket.
const keepAliveAtMs = 30_000;

/** What all links of a driver share. */
export interface LinkHost {
  readonly options: TransportOptions;
  readonly wheel: TimerWheel;
  /** The link is gone: both sockets are closed and its conversation is over. */
  gone(link: LiveLink): void;
}

/** The part of a connection that is facts and times: who connected, what was counted, when it comes due. */
export abstract class LinkBase implements ConnectionFacts, WheelEntry, Executor {
  readonly sourceAddress: string;
  readonly source: string;
  readonly isLoopback: boolean;
  readonly isPastLimit: boolean;
  bytesUp = 0;
  bytesDown = 0;
  wheelDueMs = 0;
  wheelSlot = -1;
  protected readonly host: LinkHost;
  /** The socket as it was accepted, under TLS too. */
  protected readonly raw: Socket;
  #flow: LiveFlow | null = null;
  readonly #startedMs: number;
  #activeMs: number;
  #deadlineMs: number = Number.POSITIVE_INFINITY;
  #keepAliveMs: number;
  #times: 'counting' | 'lingering' | 'stopped' = 'counting';

  constructor(raw: Socket, peer: PeerFacts, host: LinkHost) {
    this.raw = raw;
    this.sourceAddress = peer.sourceAddress;
    this.source = peer.source;
    this.isLoopback = peer.isLoopback;
    this.isPastLimit = peer.isPastLimit;
    this.host = host;
    this.#startedMs = host.wheel.readNow();
    this.#activeMs = this.#startedMs;
    this.#keepAliveMs = this.#startedMs + keepAliveAtMs;
  }

  // Asked for by few: reading it of every socket would be a system call each.
  get localAuthority(): string {
    return localAuthorityOf(this.raw);
  }

  get aimed(): AimedAt | null {
    return aimedAtOf(this.raw);
  }

  /** The flow that is live on this connection; set by its conversation. */
  get flow(): LiveFlow | null {
    return this.#flow;
  }

  set flow(flow: LiveFlow | null) {
    this.#flow = flow;
    this.host.options.flowChanged?.(this as unknown as LiveLink);
  }

  abstract perform(command: ImmediateCommand): void;
  abstract execute(command: BlockingCommand): SessionEvent | null;
  abstract reset(by: EndedBy): void;

  tell(command: ImmediateCommand): void {
    performSafely(command, this);
  }

  ask(command: BlockingCommand): SessionEvent | null {
    return askSafely(command, this);
  }

  broke(error: unknown): void {
    this.reset('decision_failed');
    this.host.options.failed('conversation', error);
  }

  /** Counts bytes that are about to pass. False: they may not, and the link was cut for them. Without a cap that costs a look. */
  protected countPassing(direction: 'up' | 'down', bytes: number): boolean {
    const isMetered = this.#flow !== null && this.#flow.meter !== null;
    if (isMetered && !passMetered(this as unknown as LiveLink, direction, bytes, this.host.options)) return false;
    if (direction === 'up') this.bytesUp += bytes;
    else this.bytesDown += bytes;
    return true;
  }

  onDue(nowMs: number): void {
    if (this.#times === 'stopped') return;
    if (nowMs >= this.#keepAliveMs) {
      this.#keepAliveMs = Number.POSITIVE_INFINITY;
      this.onLongLived();
    }
    const { idleTimeoutMs, totalTimeoutMs } = this.host.options.limits;
    const isSpent = nowMs >= this.#startedMs + totalTimeoutMs || nowMs >= this.#activeMs + idleTimeoutMs;
    if (this.#times === 'lingering' || isSpent) this.onTimeout();
    else if (nowMs >= this.#deadlineMs) {
      this.#deadlineMs = Number.POSITIVE_INFINITY;
      this.onDeadline();
    }
    this.schedule();
  }

  /** Whether the connection has lasted so long that dead peers must be found by probes. */
  protected get isLongLived(): boolean {
    return this.#keepAliveMs === Number.POSITIVE_INFINITY;
  }

  /** The connection became long-lived. */
  protected abstract onLongLived(): void;

  /** The armed deadline of the conversation has come. */
  protected abstract onDeadline(): void;

  /** The connection was idle too long, has lasted too long, or did not take its last answer. */
  protected abstract onTimeout(): void;

  /** Sets the deadline of the conversation, or takes it away. */
  protected armDeadline(afterMs: number | null): void {
    this.#deadlineMs = afterMs === null ? Number.POSITIVE_INFINITY : this.host.wheel.readNow() + afterMs;
  }

  /** Bytes passed: the connection is not idle. Good to a tick of the wheel, and free. */
  protected touch(): void {
    this.#activeMs = this.host.wheel.nowMs;
  }

  /** From now on only this time counts. */
  protected linger(afterMs: number): void {
    this.#times = 'lingering';
    this.host.wheel.set(this, this.host.wheel.readNow() + afterMs);
  }

  /** Nothing comes due any more. */
  protected stopTimes(): void {
    this.#times = 'stopped';
    this.host.wheel.clear(this);
  }

  /** Enters the next due time. A later one is found out when the entry comes due; only an earlier one has to move it. */
  protected schedule(): void {
    if (this.#times !== 'counting') return;
    const { idleTimeoutMs, totalTimeoutMs } = this.host.options.limits;
    const endMs = Math.min(this.#startedMs + totalTimeoutMs, this.#activeMs + idleTimeoutMs);
    const dueMs = Math.min(endMs, this.#deadlineMs, this.#keepAliveMs);
    if (this.wheelSlot < 0 || dueMs < this.wheelDueMs) this.host.wheel.set(this, dueMs);
  }
}
