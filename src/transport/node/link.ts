import type { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import type {
  BlockingCommand,
  Conversation,
  EndedBy,
  ImmediateCommand,
  SessionEvent,
  Side,
} from '../../enforcement/index.ts';
import { type Asked, askResolver, askVerifier } from '../ask-ports.ts';
import { drive } from '../drive.ts';
import type { PeerFacts } from '../peer-facts.ts';
import { SideQueue } from '../side-queue.ts';
import type { LiveLink } from '../transport.ts';
import { type Dialling, type DialPlan, dialPlan, dialRacing } from './dial.ts';
import { LinkBase, type LinkHost } from './link-base.ts';
import {
  destroyBroken,
  flushQueue,
  hasRoom,
  joinQueue,
  keepAlive,
  type OwnedSocket,
  resetSocket,
  type SocketOwner,
  uncork,
  unwatchClientBytes,
  watchClient,
  watchUpstream,
  writeCorked,
} from './link-sockets.ts';
import { presentedChain, secureSocket } from './secure.ts';
import { UpstreamReader } from './upstream-reader.ts';

// How long a client may take to read the last answer and close, before it is reset.
const lingerMs = 2_000;

/**
 * One connection: two sockets, the conversation that rules them, and its deadlines.
 * States: conversing (the conversation reads and sends) -> relaying (bytes pass by themselves) -> over; or closing (the last answer is
 * flushed, what comes is thrown away) -> over.
 */
export class NodeLink extends LinkBase implements LiveLink, SocketOwner {
  #client: OwnedSocket;
  #upstream: OwnedSocket | null = null;
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
  constructor(socket: Socket, peer: PeerFacts, host: LinkHost) {
    super(socket, peer, host);
    this.#client = socket;
    watchClient(socket, this);
  }

  /** Starts the conversation. */
  start(): void {
    this.#conversation = this.host.options.startConversation(this);
    this.#advance({ type: 'done' });
    this.#client.resume();
  }

  reset(by: EndedBy): void {
    if (this.#state === 'over') return;
    this.#endedBy ??= by;
    this.#resetSockets();
  }

  cut(by: EndedBy): void {
    this.reset(by);
    this.#giveUp();
  }

  protected onLongLived(): void {
    keepAlive(this.#client);
    keepAlive(this.#upstream);
  }

  protected onTimeout(): void {
    this.cut('timeout');
  }

  #advance(event: SessionEvent): void {
    const conversation = this.#conversation;
    if (conversation === null || this.#isRunning) return;
    this.#isRunning = true;
    this.#waiting = null;
    const isWaiting = drive(conversation, event, this);
    this.#isRunning = false;
    if (!isWaiting) {
      this.#conversation = null;
      this.#waiting = null;
    }
    uncork(this.#client, this.#upstream);
    if (this.#conversation === null) this.#finish();
    else this.schedule();
  }

  perform(told: ImmediateCommand): void {
    if (told.type === 'reset' || told.type === 'drop_upstream') uncork(this.#client, this.#upstream);
    switch (told.type) {
      case 'send':
        this.#send(told.side, told.bytes);
        break;
      case 'record':
        this.host.options.record(told.record);
        break;
      case 'arm':
        this.armDeadline(told.afterMs);
        break;
      case 'unread':
        (told.side === 'client' ? this.#fromClient : this.#fromUpstream).unshift(told.bytes);
        break;
      case 'close':
        this.#closeAfterFlush();
        break;
      case 'reset':
        this.#resetSockets();
        break;
      case 'drop_upstream':
        this.#dropUpstream();
        break;
      default:
        told satisfies never;
    }
  }

  execute(command: BlockingCommand): SessionEvent | null {
    if (this.#endedBy !== null) return { type: 'over', by: this.#endedBy };
    if (this.#state === 'closing') return { type: 'over', by: 'client' };
    this.#waiting = command;
    switch (command.type) {
      case 'read':
        return this.#tryRead(command.from);
      case 'relay':
        return this.#startRelay();
      case 'verify':
        return askVerifier(this.host.options, command, (event) => this.#answer(command, event));
      case 'resolve':
        return askResolver(this.host.options, command, (event) => this.#answer(command, event));
      case 'dial':
      case 'dial_parent':
        return this.#dial(command);
      case 'start_tls':
        return this.#startTls(command);
      default:
        return command satisfies never;
    }
  }

  // An answer that comes after a deadline is late and says nothing.
  #answer(command: BlockingCommand, event: SessionEvent): void {
    if (this.#waiting === command) this.#advance(event);
  }

  protected onDeadline(): void {
    this.#dialling?.cancel();
    this.#dialling = null;
    if (this.#waiting !== null) this.#advance({ type: 'deadline' });
  }

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
    if (other !== null && !hasRoom(other, this.host.options.limits.maxQueuedBytes)) return null;
    const bytes = queue.shift();
    if (bytes !== null) return { type: 'bytes', side, bytes };
    return queue.isEnded ? { type: 'end', side } : null;
  }

  #serveRead(): void {
    if (this.#waiting?.type !== 'read' || this.#isRunning) return;
    const event = this.#tryRead(this.#waiting.from);
    if (event !== null) this.#advance(event);
  }

  #send(side: Side, bytes: Uint8Array): void {
    const socket = side === 'client' ? this.#client : this.#upstream;
    if (socket === null || socket.destroyed || socket.writableEnded || bytes.length === 0) return;
    if (side === 'upstream' && !this.countPassing('up', bytes.length)) return;
    writeCorked(socket, bytes);
  }

  #startTls(command: Extract<BlockingCommand, { type: 'start_tls' }>): SessionEvent | null {
    const material = this.host.options.tls();
    if (material === null || this.#client instanceof TLSSocket) {
      this.#resetSockets();
      return { type: 'over', by: 'client' };
    }
    unwatchClientBytes(this.raw);
    const secured = secureSocket(this.raw, joinQueue(command.first, this.#fromClient), material);
    secured.on('error', destroyBroken);
    this.#client = secured;
    secured.once('secure', () => {
      watchClient(secured, this);
      this.#answer(command, { type: 'secured', chain: presentedChain(secured) });
    });
    return null;
  }

  #dial(command: Asked<'dial' | 'dial_parent'>): SessionEvent | null {
    const plan = dialPlan(this.host.options, command, this.#onread());
    if (plan === null) return { type: 'dial_failed', why: 'no parent proxy is configured' };
    this.bytesUp = 0;
    this.bytesDown = 0;
    this.#dialling = dialRacing(plan, (end) => {
      this.#dialling = null;
      if (end.kind === 'failed') return this.#answer(command, { type: 'dial_failed', why: end.why });
      watchUpstream(end.socket, this);
      if (this.isLongLived) keepAlive(end.socket);
      this.#upstream = end.socket;
      this.#answer(command, { type: 'dialled', address: end.target.approved });
    });
    return null;
  }

  #onread(): DialPlan['onread'] {
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
    if (upstream !== null) delete upstream.exeatOwner;
    upstream?.destroy();
  }

  #resetSockets(): void {
    this.#dialling?.cancel();
    this.#dialling = null;
    resetSocket(this.raw);
    if (this.#client !== this.raw) this.#client.destroy();
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
    this.linger(lingerMs);
  }

  #startRelay(): SessionEvent | null {
    const upstream = this.#upstream;
    if (upstream === null || this.#upstreamLost) {
      this.#resetSockets();
      return { type: 'over', by: 'upstream' };
    }
    this.#state = 'relaying';
    this.armDeadline(null);
    flushQueue(this.#fromClient, (bytes) => this.#send('upstream', bytes));
    flushQueue(this.#fromUpstream, (bytes) => this.#client.write(bytes));
    if (this.#endedBy !== null) return { type: 'over', by: this.#endedBy };
    if (this.#fromClient.isEnded) this.#passEnd('client');
    if (this.#fromUpstream.isEnded) this.#passEnd('upstream');
    if (!upstream.writableNeedDrain) this.#client.resume();
    if (!this.#client.writableNeedDrain) upstream.resume();
    return null;
  }

  onClientBytes(bytes: Buffer): void {
    this.touch();
    if (this.#state === 'relaying') {
      const upstream = this.#upstream;
      // One that has said all and broke never says that it has room.
      if (upstream === null || upstream.destroyed || upstream.writableEnded || !this.countPassing('up', bytes.length))
        return;
      if (!upstream.write(bytes)) this.#client.pause();
      return;
    }
    if (this.#state !== 'conversing') return;
    this.#fromClient.push(bytes);
    if (this.#fromClient.byteLength >= this.host.options.limits.maxQueuedBytes) this.#client.pause();
    this.#serveRead();
  }

  #onUpstreamBytes(reader: UpstreamReader, buffer: Uint8Array, byteLength: number): boolean {
    if (reader !== this.#reader || !this.countPassing('down', byteLength)) return false;
    this.touch();
    const { bytes, isLent } = reader.take(buffer, byteLength);
    if (this.#state === 'relaying') return this.#passDown(reader, bytes, isLent);
    if (this.#state !== 'conversing') return false;
    this.#fromUpstream.push(isLent ? Buffer.from(bytes) : bytes);
    this.#serveRead();
    return this.#fromUpstream.byteLength < this.host.options.limits.maxQueuedBytes;
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
    if (other === null || other.writableEnded) return;
    // Both have ended and nothing waits: closing tells the end as well as a half-close before it would, in one system call.
    if (other === this.#upstream && this.#fromUpstream.isEnded && other.writableLength === 0) other.destroy();
    else other.end();
  }

  onSideEnd(side: Side): void {
    (side === 'client' ? this.#fromClient : this.#fromUpstream).isEnded = true;
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
    if (isWhole) this.#client.resume();
    else this.cut('upstream');
  }

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
    if (!this.#client.destroyed && this.#endedBy === null) resetSocket(this.raw);
    this.#state = 'over';
    if (this.flow !== null) this.flow = null;
    this.stopTimes();
    if (this.#upstream?.destroyed === false && !this.#upstream.writableEnded) this.#upstream.destroy();
    this.#reader?.abandon();
    this.host.gone(this);
  }
}
