import {
  type NetlinkMessage,
  netlinkFlags,
  netlinkTypes,
  readErrno,
  readMessages,
} from '../kernel/netlink-messages.ts';
import { type NetlinkPipe, type NetlinkPipeOptions, openNetlinkPipe } from './netlink-pipe.ts';

/** How a listing ended. `interrupted`: something changed meanwhile. `lost`: the process that reads is gone, or the kernel said no. */
type DumpEnd = 'whole' | 'interrupted' | 'missing' | 'lost';

interface Reading {
  readonly sequence: number;
  readonly messages: NetlinkMessage[];
  readonly settle: (end: DumpEnd) => void;
  isInterrupted: boolean;
}

const noSuchThing = 2;
const dumpTimeoutMs = 10_000;
// Answers of DNS change the sets all the time; rules and shapes are read in a millisecond.
const mostTries = 20;
const lastSequence = 0x7fff_ffff;

/** Lists what the kernel holds, one listing after the other. Its process is started with the first. */
export class NetlinkDumper {
  /** False once its process ended before it ever answered, or where there is no program for it. */
  isPossible = true;
  readonly #options: NetlinkPipeOptions;
  #pipe: NetlinkPipe | null = null;
  #reading: Reading | null = null;
  #sequence = 0;
  #hasAnswered = false;
  #turn: Promise<unknown> = Promise.resolve();

  constructor(options: NetlinkPipeOptions) {
    this.#options = options;
  }

  /**
   * All messages that answer a question, which is written with the number that it is given; none where what was asked for is not there. Null:
   * nobody could look, or it changed all the time; what `isLoose` is taken as it comes.
   */
  list(write: (sequence: number) => Buffer, isLoose = false): Promise<readonly NetlinkMessage[] | null> {
    const mine = this.#turn.then(() => this.#tryOften(write, isLoose));
    this.#turn = mine;
    return mine;
  }

  close(): void {
    this.isPossible = false;
    this.#pipe?.close();
  }

  async #tryOften(write: (sequence: number) => Buffer, isLoose: boolean): Promise<readonly NetlinkMessage[] | null> {
    for (let tries = 0; tries < mostTries; tries += 1) {
      const { end, messages } = await this.#readOnce(write);
      if (end === 'missing') return [];
      if (end === 'whole' || (end === 'interrupted' && isLoose)) return messages;
      if (end === 'lost') return null;
    }
    return null;
  }

  #readOnce(
    write: (sequence: number) => Buffer,
  ): Promise<{ readonly end: DumpEnd; readonly messages: readonly NetlinkMessage[] }> {
    if (this.isPossible) this.#pipe ??= this.#begin();
    const pipe = this.#pipe;
    if (!this.isPossible || pipe === null) {
      this.isPossible = false;
      return Promise.resolve({ end: 'lost', messages: [] });
    }
    this.#sequence = this.#sequence >= lastSequence ? 1 : this.#sequence + 1;
    const sequence = this.#sequence;
    return new Promise((resolve) => {
      const messages: NetlinkMessage[] = [];
      const late = setTimeout(() => {
        pipe.close();
        this.#lose(pipe);
      }, dumpTimeoutMs);
      const settle = (end: DumpEnd): void => {
        clearTimeout(late);
        this.#reading = null;
        resolve({ end, messages });
      };
      this.#reading = { sequence, messages, settle, isInterrupted: false };
      pipe.send(write(sequence));
    });
  }

  #begin(): NetlinkPipe | null {
    const events = { onDatagram: (datagram: Buffer) => this.#take(datagram), onEnd: () => this.#lose(opened) };
    const opened: NetlinkPipe | null = openNetlinkPipe(this.#options, events);
    return opened;
  }

  #take(datagram: Buffer): void {
    for (const message of readMessages(datagram)) {
      const reading = this.#reading;
      if (reading !== null && message.sequence === reading.sequence) this.#takeOne(reading, message);
    }
  }

  #takeOne(reading: Reading, message: NetlinkMessage): void {
    this.#hasAnswered = true;
    reading.isInterrupted ||= (message.flags & netlinkFlags.interrupted) !== 0;
    const errno = readErrno(message);
    if (errno !== null) reading.settle(errno === noSuchThing ? 'missing' : 'lost');
    else if (message.type === netlinkTypes.done) reading.settle(reading.isInterrupted ? 'interrupted' : 'whole');
    else reading.messages.push(message);
  }

  #lose(pipe: NetlinkPipe | null): void {
    if (this.#pipe !== pipe) return;
    this.#pipe = null;
    if (!this.#hasAnswered) this.isPossible = false;
    this.#reading?.settle('lost');
  }
}
