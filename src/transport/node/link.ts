import type { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import type {
  BlockingCommand,
  Command,
  ConnectionFacts,
  Conversation,
  EndedBy,
  LiveFlow,
  SessionEvent,
  Side,
} from '../../enforcement/index.ts';
import type { ApprovedAddress } from '../../policy/index.ts';
import type { LiveLink, TransportOptions } from '../transport.ts';
import { type Dialling, type DialPlan, dialRacing, interleave } from './dial.ts';
import { presentedChain, secureSocket } from './secure.ts';
import { SideQueue } from './side-queue.ts';
import type { TimerWheel, WheelEntry } from './timer-wheel.ts';
import { UpstreamReader } from './upstream-reader.ts';

/** What a listener knows of a connection when it is accepted. */
export type PeerFacts = Pick<
  ConnectionFacts,
  'sourceAddress' | 'source' | 'isLoopback' | 'localAuthority' | 'isPastLimit'
>;

/** What all links of a driver share. */
export interface LinkHost {
  readonly options: TransportOptions;
  readonly wheel: TimerWheel;
  /** The link is gone: both sockets are closed and its conversation is over. */
  gone(link: NodeLink): void;
}

type LinkedSocket = Socket & { exeatLink?: NodeLink };

const done: SessionEvent = { type: 'done' };
// How long a client may take to read the last answer and close, before it is reset.
const lingerMs = 2_000;

/**
 * One connection: two sockets, the conversation that rules them, and its deadlines.
 * States: conversing (the conversation reads and sends) -> relaying (bytes pass by themselves) -> over; or closing (the last answer is
 * flushed, what comes is thrown away) -> over.
 */
export class NodeLink implements ConnectionFacts, LiveLink, WheelEntry {
  readonly sourceAddress: string;
  readonly source: string;
  readonly isLoopback: boolean;
  readonly localAuthority: string;
  readonly isPastLimit: boolean;
  bytesUp = 0;
  bytesDown = 0;
  wheelDueMs = 0;
  wheelSlot = -1;
  #flow: LiveFlow | null = null;
  readonly #host: LinkHost;
  readonly #raw: Socket;
  #client: LinkedSocket;
  #upstream: LinkedSocket | null = null;
  #dialling: Dialling | null = null;
  readonly #fromClient = new SideQueue();
  readonly #fromUpstream = new SideQueue();
  #reader: UpstreamReader | null = null;
  #conversation: Conversation | null = null;
  #waiting: BlockingCommand | null = null;
  #state: 'conversing' | 'relaying' | 'closing' | 'over' = 'conversing';
  #endedBy: EndedBy | null = null;
  #firstEnd: Side | null = null;
  #upstreamLost = false;
  #isRunning = false;
  readonly #startedMs: number;
  #activeMs: number;
  #deadlineMs = Number.POSITIVE_INFINITY;

  constructor(socket: Socket, peer: PeerFacts, host: LinkHost) {
    this.sourceAddress = peer.sourceAddress;
    this.source = peer.source;
    this.isLoopback = peer.isLoopback;
    this.localAuthority = peer.localAuthority;
    this.isPastLimit = peer.isPastLimit;
    this.#host = host;
    this.#raw = socket;
    this.#client = socket;
    this.#startedMs = host.wheel.readNow();
    this.#activeMs = this.#startedMs;
    this.#watchClient(socket);
  }

  /** The flow that is live on this connection; set by its conversation. */
  get flow(): LiveFlow | null {
    return this.#flow;
  }

  set flow(flow: LiveFlow | null) {
    this.#flow = flow;
    this.#host.options.flowChanged?.(this);
  }

  /** Starts the conversation. */
  start(): void {
    this.#conversation = this.#host.options.startConversation(this);
    this.#advance(done);
    this.#client.resume();
  }

  /** Resets both sides; the conversation learns who ended it. */
  cut(by: EndedBy): void {
    if (this.#state === 'over') return;
    this.#endedBy ??= by;
    this.#resetSockets();
    this.#giveUp();
  }

  onDue(nowMs: number): void {
    if (this.#state === 'over') return;
    const { idleTimeoutMs, totalTimeoutMs } = this.#host.options.limits;
    if (this.#state === 'closing') this.cut('timeout');
    else if (nowMs >= this.#startedMs + totalTimeoutMs || nowMs >= this.#activeMs + idleTimeoutMs) this.cut('timeout');
    else if (nowMs >= this.#deadlineMs) this.#onDeadline();
    this.#schedule();
  }

  // ── the conversation ──

  #advance(event: SessionEvent): void {
    const conversation = this.#conversation;
    if (conversation === null || this.#isRunning) return;
    this.#isRunning = true;
    this.#waiting = null;
    try {
      let next = conversation.next(event);
      while (next.done !== true) {
        const answer = this.#execute(next.value);
        if (answer === null) break;
        this.#waiting = null;
        next = conversation.next(answer);
      }
      if (next.done === true) this.#conversation = null;
    } catch (error) {
      this.#conversation = null;
      this.#host.options.failed('conversation', error);
      this.#resetSockets();
    } finally {
      this.#isRunning = false;
    }
    if (this.#conversation === null) this.#finish();
    else this.#schedule();
  }

  // Null: the command suspends the conversation.
  #execute(command: Command): SessionEvent | null {
    switch (command.type) {
      case 'send':
        this.#send(command.side, command.bytes);
        return done;
      case 'record':
        this.#host.options.record(command.record);
        return done;
      case 'arm':
        this.#deadlineMs =
          command.afterMs === null ? Number.POSITIVE_INFINITY : this.#host.wheel.readNow() + command.afterMs;
        return done;
      case 'unread':
        (command.side === 'client' ? this.#fromClient : this.#fromUpstream).unshift(command.bytes);
        return done;
      case 'finish':
        (command.side === 'client' ? this.#client : this.#upstream)?.end();
        return done;
      case 'close':
        this.#closeAfterFlush();
        return done;
      case 'reset':
        this.#resetSockets();
        return done;
      case 'drop_upstream':
        this.#dropUpstream();
        return done;
      default:
        return this.#block(command);
    }
  }

  #block(command: BlockingCommand): SessionEvent | null {
    if (this.#endedBy !== null) return { type: 'over', by: this.#endedBy };
    if (this.#state === 'closing') return { type: 'over', by: 'client' };
    this.#waiting = command;
    switch (command.type) {
      case 'read':
        return this.#tryRead(command.from);
      case 'relay':
        return this.#startRelay();
      case 'verify':
        return this.#verify(command);
      case 'resolve':
        return this.#resolve(command);
      case 'dial':
        return this.#dial(command, interleave(command.addresses));
      case 'dial_parent':
        return this.#dialParent(command);
      case 'start_tls':
        return this.#startTls(command);
      default:
        return command satisfies never;
    }
  }

  // Only the command that waits is answered: an answer that comes after a deadline is late and says nothing.
  #answer(command: BlockingCommand, event: SessionEvent): void {
    if (this.#waiting === command) this.#advance(event);
  }

  #verify(command: Extract<BlockingCommand, { type: 'verify' }>): SessionEvent | null {
    const outcome = this.#host.options.verify(command.proof, this.#host.options.clock.now());
    if (!(outcome instanceof Promise)) return { type: 'verified', outcome };
    outcome.then(
      (value) => this.#answer(command, { type: 'verified', outcome: value }),
      (error) => {
        this.#host.options.failed('verify', error);
        this.#answer(command, { type: 'verified', outcome: { kind: 'unavailable' } });
      },
    );
    return null;
  }

  #resolve(command: Extract<BlockingCommand, { type: 'resolve' }>): SessionEvent | null {
    this.#host.options.resolve(command.name).then(
      (result) => this.#answer(command, { type: 'resolved', result }),
      (error) => {
        this.#host.options.failed('resolve', error);
        const fault = { code: 'resolver_failed', message: 'the resolver threw' };
        this.#answer(command, { type: 'resolved', result: { ok: false, fault } });
      },
    );
    return null;
  }

  #onDeadline(): void {
    this.#deadlineMs = Number.POSITIVE_INFINITY;
    this.#dialling?.cancel();
    this.#dialling = null;
    if (this.#waiting !== null) this.#advance({ type: 'deadline' });
  }

  // ── reading for the conversation ──

  #tryRead(from: Side | 'either'): SessionEvent | null {
    if (from !== 'client') {
      const event = this.#takeFrom('upstream', this.#fromUpstream);
      if (event !== null) return event;
      if (this.#upstreamLost) return { type: 'over', by: 'upstream' };
      this.#upstream?.resume();
    }
    if (from === 'upstream') return null;
    const event = this.#takeFrom('client', this.#fromClient);
    if (event === null) this.#client.resume();
    return event;
  }

  // INVARIANT: a side is read only while the other one's queue has room, so neither a fast sender nor a slow reader fills memory.
  #takeFrom(side: Side, queue: SideQueue): SessionEvent | null {
    const other = side === 'client' ? this.#upstream : this.#client;
    if (other !== null && other.writableLength >= this.#host.options.limits.maxQueuedBytes) return null;
    const bytes = queue.shift();
    if (bytes !== null) return { type: 'bytes', side, bytes };
    return queue.isEnded ? { type: 'end', side } : null;
  }

  #serveRead(): void {
    if (this.#waiting?.type !== 'read' || this.#isRunning) return;
    const event = this.#tryRead(this.#waiting.from);
    if (event !== null) this.#advance(event);
  }

  // ── sockets ──

  #watchClient(socket: LinkedSocket): void {
    socket.exeatLink = this;
    socket.on('error', onClientError);
    socket.on('data', onClientData);
    socket.on('end', onClientEnd);
    socket.on('drain', onClientDrain);
    socket.on('close', onClientClose);
    socket.pause();
  }

  #watchUpstream(socket: LinkedSocket): void {
    socket.exeatLink = this;
    socket.on('error', onUpstreamError);
    socket.on('end', onUpstreamEnd);
    socket.on('drain', onUpstreamDrain);
    socket.on('close', onUpstreamClose);
  }

  #send(side: Side, bytes: Uint8Array): void {
    const socket = side === 'client' ? this.#client : this.#upstream;
    if (socket === null || socket.destroyed || socket.writableEnded || bytes.length === 0) return;
    if (side === 'upstream') this.bytesUp += bytes.length;
    socket.write(bytes);
  }

  #startTls(command: Extract<BlockingCommand, { type: 'start_tls' }>): SessionEvent | null {
    const material = this.#host.options.tls();
    if (material === null || this.#client instanceof TLSSocket) {
      this.#resetSockets();
      return { type: 'over', by: 'client' };
    }
    const raw = this.#raw;
    raw.removeListener('data', onClientData);
    raw.removeListener('end', onClientEnd);
    raw.removeListener('drain', onClientDrain);
    const first = joinQueue(command.first, this.#fromClient);
    const secured = secureSocket(raw, first, material);
    secured.on('error', onClientError);
    this.#client = secured;
    secured.once('secure', () => {
      this.#watchClient(secured);
      this.#answer(command, { type: 'secured', chain: presentedChain(secured) });
    });
    return null;
  }

  #dial(command: BlockingCommand, targets: readonly ApprovedAddress[]): null {
    const plan = { targets, endpoint: endpointOf, onread: this.#onread() };
    this.#race(command, plan, (target) => target);
    return null;
  }

  #dialParent(command: BlockingCommand): SessionEvent | null {
    const { parent } = this.#host.options;
    if (parent === null) return { type: 'dial_failed', why: 'no parent proxy is configured' };
    this.#race(command, { targets: [parent], endpoint: (target) => target, onread: this.#onread() }, () => null);
    return null;
  }

  #race<T>(command: BlockingCommand, plan: DialPlan<T>, addressOf: (target: T) => ApprovedAddress | null): void {
    this.bytesUp = 0;
    this.bytesDown = 0;
    this.#dialling = dialRacing(plan, (end) => {
      this.#dialling = null;
      if (end.kind === 'failed') return this.#answer(command, { type: 'dial_failed', why: end.why });
      this.#watchUpstream(end.socket);
      this.#upstream = end.socket;
      this.#answer(command, { type: 'dialled', address: addressOf(end.target) });
    });
  }

  #onread(): DialPlan<unknown>['onread'] {
    const reader = new UpstreamReader();
    this.#reader = reader;
    return {
      buffer: () => reader.next(),
      callback: (byteLength, buffer) => this.#onUpstreamBytes(reader, buffer, byteLength),
    };
  }

  #dropUpstream(): void {
    this.#dialling?.cancel();
    this.#dialling = null;
    const upstream = this.#upstream;
    this.#upstream = null;
    this.#upstreamLost = false;
    this.#fromUpstream.reset();
    this.#reader?.abandon();
    this.#reader = null;
    if (upstream !== null) delete upstream.exeatLink;
    upstream?.destroy();
  }

  #resetSockets(): void {
    this.#dialling?.cancel();
    this.#dialling = null;
    resetSocket(this.#raw);
    if (this.#client !== this.#raw) this.#client.destroy();
    if (this.#upstream !== null) resetSocket(this.#upstream);
  }

  // The answer must arrive: closing with unread bytes in the kernel would reset it away (RFC 9112 section 9.6).
  #closeAfterFlush(): void {
    if (this.#state === 'over' || this.#client.destroyed) return;
    this.#dropUpstream();
    this.#state = 'closing';
    this.#fromClient.reset();
    this.#client.end();
    this.#client.resume();
    this.#host.wheel.set(this, this.#host.wheel.readNow() + lingerMs);
  }

  // ── relaying ──

  #startRelay(): SessionEvent | null {
    const upstream = this.#upstream;
    if (upstream === null || this.#upstreamLost) {
      this.#resetSockets();
      return { type: 'over', by: 'upstream' };
    }
    this.#state = 'relaying';
    this.#deadlineMs = Number.POSITIVE_INFINITY;
    flush(this.#fromClient, (bytes) => this.#send('upstream', bytes));
    flush(this.#fromUpstream, (bytes) => this.#client.write(bytes));
    if (this.#fromClient.isEnded) this.#passEnd('client');
    if (this.#fromUpstream.isEnded) this.#passEnd('upstream');
    if (!upstream.writableNeedDrain) this.#client.resume();
    if (!this.#client.writableNeedDrain) upstream.resume();
    return null;
  }

  onClientBytes(bytes: Buffer): void {
    this.#activeMs = this.#host.wheel.nowMs;
    if (this.#state === 'relaying') {
      const upstream = this.#upstream;
      if (upstream === null || upstream.writableEnded) return;
      this.bytesUp += bytes.length;
      if (!upstream.write(bytes)) this.#client.pause();
      return;
    }
    if (this.#state !== 'conversing') return;
    this.#fromClient.push(bytes);
    if (this.#fromClient.byteLength >= this.#host.options.limits.maxQueuedBytes) this.#client.pause();
    this.#serveRead();
  }

  // Says whether to go on reading.
  #onUpstreamBytes(reader: UpstreamReader, buffer: Uint8Array, byteLength: number): boolean {
    if (reader !== this.#reader) return false;
    this.#activeMs = this.#host.wheel.nowMs;
    this.bytesDown += byteLength;
    const { bytes, isLent } = reader.take(buffer, byteLength);
    if (this.#state === 'relaying') return this.#passDown(reader, bytes, isLent);
    if (this.#state !== 'conversing') return false;
    this.#fromUpstream.push(isLent ? Buffer.from(bytes) : bytes);
    this.#serveRead();
    return this.#fromUpstream.byteLength < this.#host.options.limits.maxQueuedBytes;
  }

  // INVARIANT: a lent buffer is not read into again before the kernel has taken all of it.
  #passDown(reader: UpstreamReader, bytes: Uint8Array, isLent: boolean): boolean {
    const client = this.#client;
    if (client.writableEnded || client.destroyed) return false;
    if (!isLent) return client.write(bytes);
    client.write(bytes, () => this.#onLentFlushed(reader));
    return false;
  }

  #onLentFlushed(reader: UpstreamReader): void {
    if (reader !== this.#reader) return;
    reader.cool();
    this.#upstream?.resume();
  }

  #passEnd(side: Side): void {
    this.#firstEnd ??= side;
    const other = side === 'client' ? this.#upstream : this.#client;
    if (other !== null && !other.writableEnded) other.end();
  }

  onSideEnd(side: Side): void {
    const queue = side === 'client' ? this.#fromClient : this.#fromUpstream;
    queue.isEnded = true;
    if (this.#state === 'relaying') this.#passEnd(side);
    else if (this.#state === 'conversing') this.#serveRead();
  }

  onSideDrain(side: Side): void {
    if (this.#state !== 'relaying') this.#serveRead();
    else if (side === 'client') this.#upstream?.resume();
    else this.#client.resume();
  }

  onClientClosed(): void {
    if (this.#state === 'over') return;
    this.#endedBy ??= this.#state === 'relaying' ? (this.#firstEnd ?? 'client') : 'client';
    // A relay that ended on both sides flushes its upstream by itself; anything else has no reason to stay open.
    if (this.#upstream !== null && !(this.#fromClient.isEnded && this.#fromUpstream.isEnded))
      resetSocket(this.#upstream);
    this.#giveUp();
  }

  onUpstreamClosed(socket: Socket): void {
    if (socket !== this.#upstream || this.#state === 'over') return;
    const isWhole = this.#fromUpstream.isEnded;
    if (this.#state !== 'relaying') {
      this.#upstreamLost = !isWhole;
      this.#serveRead();
      return;
    }
    if (isWhole) return;
    this.#endedBy ??= 'upstream';
    this.#resetSockets();
    this.#giveUp();
  }

  // ── the end ──

  #giveUp(): void {
    this.#dialling?.cancel();
    this.#dialling = null;
    if (this.#waiting !== null) this.#advance({ type: 'over', by: this.#endedBy ?? 'client' });
    else if (this.#conversation === null) this.#finish();
  }

  // The conversation has said all; what it left open is closed.
  #finish(): void {
    if (this.#state === 'over') return;
    if (this.#state === 'closing' && !this.#client.destroyed) return;
    if (!this.#client.destroyed && this.#endedBy === null) resetSocket(this.#raw);
    this.#state = 'over';
    this.#host.wheel.clear(this);
    if (this.#upstream?.destroyed === false && !this.#upstream.writableEnded) this.#upstream.destroy();
    this.#reader?.abandon();
    this.#host.gone(this);
  }

  #schedule(): void {
    if (this.#state === 'over' || this.#state === 'closing') return;
    const { idleTimeoutMs, totalTimeoutMs } = this.#host.options.limits;
    const dueMs = Math.min(this.#startedMs + totalTimeoutMs, this.#activeMs + idleTimeoutMs, this.#deadlineMs);
    // A later due time is found out when the entry comes due; only an earlier one has to move it.
    if (this.wheelSlot < 0 || dueMs < this.wheelDueMs) this.#host.wheel.set(this, dueMs);
  }
}

function endpointOf(target: ApprovedAddress): { readonly host: string; readonly port: number } {
  return { host: target.address.text, port: target.port };
}

function flush(queue: SideQueue, write: (bytes: Uint8Array) => void): void {
  for (let bytes = queue.shift(); bytes !== null; bytes = queue.shift()) write(bytes);
}

function joinQueue(first: Uint8Array, queue: SideQueue): Uint8Array {
  const parts = [first];
  flush(queue, (bytes) => parts.push(bytes));
  return parts.length === 1 ? first : Buffer.concat(parts);
}

function resetSocket(socket: Socket): void {
  if (socket.destroyed) return;
  if (socket instanceof TLSSocket) socket.destroy();
  else socket.resetAndDestroy();
}

// Handlers are shared by all sockets, so that an idle connection holds no closures.
function onClientData(this: LinkedSocket, bytes: Buffer): void {
  this.exeatLink?.onClientBytes(bytes);
}

function onClientEnd(this: LinkedSocket): void {
  this.exeatLink?.onSideEnd('client');
}

function onClientDrain(this: LinkedSocket): void {
  this.exeatLink?.onSideDrain('client');
}

// What follows an error is always `close`: everything is done there.
function onClientError(this: LinkedSocket): void {
  this.destroy();
}

function onClientClose(this: LinkedSocket): void {
  this.exeatLink?.onClientClosed();
}

function onUpstreamEnd(this: LinkedSocket): void {
  this.exeatLink?.onSideEnd('upstream');
}

function onUpstreamDrain(this: LinkedSocket): void {
  this.exeatLink?.onSideDrain('upstream');
}

function onUpstreamError(this: LinkedSocket): void {
  this.destroy();
}

function onUpstreamClose(this: LinkedSocket): void {
  this.exeatLink?.onUpstreamClosed(this);
}
