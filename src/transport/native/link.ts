import { getSystemErrorName } from 'node:util';
import { ipAddressFromWords, unmapPeerAddress } from '../../destination/index.ts';
import type {
  AimedAt,
  BlockingCommand,
  Conversation,
  EndedBy,
  ImmediateCommand,
  SessionEvent,
  Side,
} from '../../enforcement/index.ts';
import { type Asked, askResolver, askVerifier } from '../ask-ports.ts';
import { askSafely, drive, type Executor, performSafely } from '../drive.ts';
import type { PeerFacts } from '../peer-facts.ts';
import { SideQueue } from '../side-queue.ts';
import type { LiveLink, TransportOptions } from '../transport.ts';
import { command } from './abi.ts';
import { type DialTarget, planTargets } from './dial-targets.ts';
import type { IoThread } from './io-thread.ts';
import type { AcceptedSocket, LinkEvents, SideNumber } from './link-events.ts';
import { LinkIo, numberOf } from './link-io.ts';

/** What all links of a driver share. */
export interface LinkHost {
  readonly options: TransportOptions;
  /** The link is gone: its sockets are closed and its conversation is over. */
  gone(link: LiveLink): void;
  /** The client wants TLS: its socket is ours no more. `first` was read of it already. */
  handOver(link: NativeLink, fd: number, first: Uint8Array): void;
}

const done: SessionEvent = { type: 'done' };
// How long a client may take to read the last answer and close, before it is reset.
const lingerMs = 2_000;
const [clientBit, upstreamBit] = [1, 2];

/**
 * One connection: two sockets of an I/O thread, the conversation that rules them, and its deadlines.
 * States: conversing (the conversation reads and sends) -> relaying (bytes pass by themselves) -> over; closing (the last answer is
 * flushed, what comes is thrown away) -> over; or detaching (TLS goes on in the `node` driver) -> over.
 */
export class NativeLink extends LinkIo implements LiveLink, LinkEvents, Executor {
  readonly #host: LinkHost;
  readonly #local: AimedAt;
  readonly #fromClient = new SideQueue();
  readonly #fromUpstream = new SideQueue();
  #conversation: Conversation | null = null;
  #waiting: BlockingCommand | null = null;
  #targets: readonly DialTarget[] | null = null;
  #state: 'conversing' | 'relaying' | 'closing' | 'detaching' | 'over' = 'conversing';
  #endedBy: EndedBy | null = null;
  #hasUpstream = false;
  #upstreamLost = false;
  #isRunning = false;

  constructor(
    socket: AcceptedSocket,
    peer: PeerFacts,
    at: { readonly thread: IoThread; readonly local: AimedAt; readonly host: LinkHost },
  ) {
    super(at.thread, socket, peer, at.host.options);
    this.#host = at.host;
    this.#local =
      socket.local === null
        ? at.local
        : { address: unmapPeerAddress(ipAddressFromWords(socket.local)), port: socket.localPort };
  }

  get localAuthority(): string {
    const { address, port } = this.#local;
    return address.family === 6 ? `[${address.text}]:${port}` : `${address.text}:${port}`;
  }

  get aimed(): AimedAt | null {
    return this.isGone ? null : this.#local;
  }

  /** Starts the conversation. */
  start(): void {
    this.#conversation = this.options.startConversation(this);
    this.#advance(done);
  }

  reset(by: EndedBy): void {
    if (this.#state === 'over') return;
    this.#endedBy ??= by;
    this.resetOnThread();
  }

  cut(by: EndedBy): void {
    this.reset(by);
    this.#giveUp();
  }

  broke(error: unknown): void {
    this.reset('decision_failed');
    this.options.failed('conversation', error);
  }

  #advance(event: SessionEvent): void {
    const conversation = this.#conversation;
    if (conversation === null || this.#isRunning) return;
    this.#isRunning = true;
    this.#waiting = null;
    const isWaiting = drive(conversation, event, this);
    this.#isRunning = false;
    if (this.#state === 'detaching') conversation.return();
    if (!isWaiting || this.#state === 'detaching') {
      this.#conversation = null;
      this.#waiting = null;
    }
    if (this.#conversation === null) this.#finish();
    else this.scheduleDeadline();
  }

  tell(command: ImmediateCommand): void {
    performSafely(command, this);
  }

  ask(command: BlockingCommand): SessionEvent | null {
    return askSafely(command, this);
  }

  perform(told: ImmediateCommand): void {
    switch (told.type) {
      case 'send':
        this.#send(told.side, told.bytes);
        break;
      case 'record':
        this.options.record(told.record);
        break;
      case 'arm':
        this.armDeadline(told.afterMs);
        break;
      case 'unread':
        this.#queueOf(told.side).unshift(told.bytes);
        break;
      case 'close':
        this.#closeAfterFlush();
        break;
      case 'reset':
        this.resetOnThread();
        break;
      case 'drop_upstream':
        this.#dropUpstream();
        break;
      default:
        told satisfies never;
    }
  }

  execute(asked: BlockingCommand): SessionEvent | null {
    if (this.#endedBy !== null) return { type: 'over', by: this.#endedBy };
    if (this.isGone || this.#state === 'closing') return { type: 'over', by: 'client' };
    this.#waiting = asked;
    switch (asked.type) {
      case 'read':
        return this.#tryRead(asked.from);
      case 'relay':
        return this.#startRelay();
      case 'verify':
        return askVerifier(this.options, asked, (event) => this.#answer(asked, event));
      case 'resolve':
        return askResolver(this.options, asked, (event) => this.#answer(asked, event));
      case 'dial':
      case 'dial_parent':
        return this.#dial(asked);
      case 'start_tls':
        return this.#startTls(asked);
      default:
        return asked satisfies never;
    }
  }

  // An answer that comes after a deadline is late and says nothing.
  #answer(asked: BlockingCommand, event: SessionEvent): void {
    if (this.#waiting === asked) this.#advance(event);
  }

  #queueOf(side: Side): SideQueue {
    return side === 'client' ? this.#fromClient : this.#fromUpstream;
  }

  // INVARIANT: a side is read only when asked for, and only while what waits for the other one has room, so neither a fast sender nor a
  // slow reader fills memory.
  #tryRead(from: Side | 'either'): SessionEvent | null {
    const mayUpstream = from !== 'client' && this.hasRoom(0);
    const mayClient = from !== 'upstream' && (!this.#hasUpstream || this.hasRoom(1));
    const event =
      (mayUpstream ? this.#takeFromUpstream() : null) ?? (mayClient ? takeFrom('client', this.#fromClient) : null);
    if (event === null)
      this.readNext((mayClient ? clientBit : 0) | (mayUpstream && this.#hasUpstream ? upstreamBit : 0));
    return event;
  }

  #takeFromUpstream(): SessionEvent | null {
    const event = takeFrom('upstream', this.#fromUpstream);
    return event === null && this.#upstreamLost ? { type: 'over', by: 'upstream' } : event;
  }

  #serveRead(): void {
    if (this.#waiting?.type !== 'read' || this.#isRunning) return;
    const event = this.#tryRead(this.#waiting.from);
    if (event !== null) this.#advance(event);
  }

  #send(side: Side, bytes: Uint8Array): void {
    if (this.isGone || bytes.length === 0 || this.#state === 'closing') return;
    if (side === 'upstream' && (!this.#hasUpstream || !this.countPassing('up', bytes.length))) return;
    this.sendTo(numberOf(side), bytes);
  }

  #startTls(asked: Asked<'start_tls'>): SessionEvent | null {
    if (this.options.tls() === null) {
      this.resetOnThread();
      return { type: 'over', by: 'client' };
    }
    // The `node` driver begins the conversation anew, with the bytes that were read; this one gives its place back.
    this.#fromClient.unshift(asked.first);
    this.#state = 'detaching';
    this.thread.commands.tell(command.detach, this);
    return null;
  }

  #dial(asked: Asked<'dial' | 'dial_parent'>): null {
    if (this.#hasUpstream) this.#dropUpstream();
    planTargets(this.options, asked, (planned) => {
      if (this.#waiting !== asked) return;
      if ('why' in planned) return this.#answer(asked, { type: 'dial_failed', why: planned.why });
      this.#targets = planned.targets;
      this.dialUpstream(planned.targets);
    });
    return null;
  }

  onDialled(index: number): void {
    const approved = this.#targets?.[index]?.approved ?? null;
    this.#targets = null;
    this.#hasUpstream = true;
    if (this.#waiting?.type === 'dial' || this.#waiting?.type === 'dial_parent') {
      this.#advance({ type: 'dialled', address: approved });
    }
  }

  onDialFailed(errnos: readonly number[]): void {
    this.#targets = null;
    const why = errnos.map((errno) => getSystemErrorName(-errno)).join(', ');
    if (this.#waiting?.type === 'dial' || this.#waiting?.type === 'dial_parent') {
      this.#advance({ type: 'dial_failed', why });
    }
  }

  #dropUpstream(): void {
    this.#targets = null;
    this.#hasUpstream = false;
    this.#upstreamLost = false;
    this.#fromUpstream.reset();
    if (!this.isGone) this.dropFromThread();
  }

  // The answer must arrive: closing with unread bytes in the kernel would reset it away (RFC 9112 section 9.6).
  #closeAfterFlush(): void {
    if (this.#state === 'over' || this.isGone) return;
    this.#targets = null;
    this.#hasUpstream = false;
    this.#fromUpstream.reset();
    this.#fromClient.reset();
    this.#state = 'closing';
    this.closeAfter(lingerMs);
  }

  #startRelay(): SessionEvent | null {
    if (!this.#hasUpstream || this.#upstreamLost) {
      this.resetOnThread();
      return { type: 'over', by: 'upstream' };
    }
    this.#state = 'relaying';
    this.#forwardQueued();
    if (this.#endedBy !== null) return { type: 'over', by: this.#endedBy };
    this.relayOnThread();
    return null;
  }

  #forwardQueued(): void {
    for (let bytes = this.#fromClient.shift(); bytes !== null; bytes = this.#fromClient.shift()) {
      this.#send('upstream', bytes);
    }
    for (let bytes = this.#fromUpstream.shift(); bytes !== null; bytes = this.#fromUpstream.shift()) {
      this.#send('client', bytes);
    }
  }

  onBytes(side: SideNumber, bytes: Uint8Array): void {
    this.noteSeen(side, bytes.length);
    if (this.#state === 'closing') return;
    if (side === 1 && !this.countPassing('down', bytes.length)) return;
    (side === 0 ? this.#fromClient : this.#fromUpstream).push(bytes);
    if (this.#state === 'relaying') this.#passLate();
    else this.#serveRead();
  }

  // What was on its way to us when the relay began goes first; then the thread passes what follows.
  #passLate(): void {
    this.#forwardQueued();
    if (!this.isGone) this.relayOnThread();
  }

  onEnd(side: SideNumber): void {
    this.noteSeen(side, 1);
    (side === 0 ? this.#fromClient : this.#fromUpstream).isEnded = true;
    if (this.#state === 'relaying') this.#passLate();
    else this.#serveRead();
  }

  onDrained(side: SideNumber): void {
    this.noteDrained(side);
    this.#serveRead();
  }

  onLost(side: SideNumber): void {
    if (side === 0) {
      this.isGone = true;
      this.thread.forget(this.slot, this.generation);
      this.#endedBy ??= 'client';
      this.#giveUp();
      return;
    }
    const isWhole = this.#fromUpstream.isEnded;
    if (this.#state === 'relaying') this.#lostBeforeRelay(isWhole);
    else if (this.#state === 'conversing') {
      this.#upstreamLost = !isWhole;
      this.#serveRead();
    }
  }

  // The upstream broke before the thread was told to relay. What it said, if it has said all, is flushed to the client.
  #lostBeforeRelay(isWhole: boolean): void {
    if (!isWhole) {
      this.cut('upstream');
      return;
    }
    this.#endedBy ??= 'upstream';
    this.closeAfter(lingerMs);
  }

  onOver(by: SideNumber, relayedUp: number, relayedDown: number): void {
    this.settleCounts(relayedUp, relayedDown);
    this.isGone = true;
    this.#endedBy ??= by === 0 ? 'client' : 'upstream';
    this.#giveUp();
  }

  onClosed(): void {
    this.isGone = true;
    this.#giveUp();
  }

  onDue(isSpent: boolean): void {
    if (isSpent) this.cut('timeout');
    else if (this.takeDeadline()) this.#onDeadline();
  }

  #onDeadline(): void {
    if (this.#targets !== null) this.#dropUpstream();
    if (this.#waiting !== null) this.#advance({ type: 'deadline' });
  }

  onDetached(fd: number): void {
    const parts: Uint8Array[] = [];
    for (let bytes = this.#fromClient.shift(); bytes !== null; bytes = this.#fromClient.shift()) parts.push(bytes);
    this.isGone = true;
    this.#state = 'over';
    this.#host.handOver(this, fd, Buffer.concat(parts));
  }

  #giveUp(): void {
    this.#targets = null;
    if (this.#waiting !== null && this.#conversation !== null) {
      this.#advance({ type: 'over', by: this.#endedBy ?? 'client' });
    } else if (this.#conversation === null) this.#finish();
  }

  // The conversation has said all; what it left open is closed.
  #finish(): void {
    if (this.#state === 'over') return;
    if ((this.#state === 'closing' || this.#state === 'detaching') && !this.isGone) return;
    this.resetOnThread();
    this.#state = 'over';
    if (this.flow !== null) this.flow = null;
    this.#host.gone(this);
  }
}

function takeFrom(side: Side, queue: SideQueue): SessionEvent | null {
  const bytes = queue.shift();
  if (bytes !== null) return { type: 'bytes', side, bytes };
  return queue.isEnded ? { type: 'end', side } : null;
}
