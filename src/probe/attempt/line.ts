import type { Duplex } from 'node:stream';
import { failed, ok, type Result } from '../../base/index.ts';
import { type Ending, ended, endingOfErrno } from '../ending.ts';
import { startPatience } from './patience.ts';

/** One connection of an attempt. All waiting ends with its time; what it received is bounded. */
export interface Line {
  /** Waits until it is open (over TLS: until the handshake is done). */
  ready(): Promise<Result<null, Ending>>;
  send(bytes: Uint8Array): void;
  /** Waits until `find` finds something in all that came so far. */
  read<T>(find: (all: Buffer) => T | null): Promise<Result<T, Ending>>;
}

/** How a connection is opened. `readyEvent` is `connect`, or `secureConnect` over TLS. */
export interface LineOptions {
  readonly open: () => Duplex;
  readonly readyEvent: 'connect' | 'secureConnect';
  readonly timeoutMs: number;
}

const mostReceivedBytes = 262_144;

/** Opens a connection, holds a conversation over it, and ends it whatever came of it. */
export async function talk(options: LineOptions, conversation: (line: Line) => Promise<Ending>): Promise<Ending> {
  const line = new StreamLine(options.open());
  const { stream } = line;
  stream.on('error', (error: NodeJS.ErrnoException) => line.end(endingOfErrno(error.code)));
  stream.on('connect', () => line.open(false));
  stream.on(options.readyEvent, () => line.open(true));
  stream.on('data', (chunk: Buffer) => line.receive(chunk));
  stream.on('close', () => line.end(ended('ended')));
  stream.on('end', () => line.end(ended('ended')));
  const stop = startPatience(options.timeoutMs, () => line.end(ended(line.isConnected ? 'silent' : 'timeout')));
  try {
    return await conversation(line);
  } finally {
    stop();
    stream.destroy();
  }
}

/** What is known of a connection so far; whoever waits looks again after each change. */
class StreamLine implements Line {
  readonly stream: Duplex;
  isConnected = false;
  #isReady = false;
  #all = Buffer.alloc(0);
  #ending: Ending | null = null;
  #changed = Promise.withResolvers<void>();

  constructor(stream: Duplex) {
    this.stream = stream;
  }

  async ready(): Promise<Result<null, Ending>> {
    const waited = await this.#waitUntil(() => (this.#isReady ? true : null));
    return waited.ok ? ok(null) : waited;
  }

  send(bytes: Uint8Array): void {
    this.stream.write(bytes);
  }

  read<T>(find: (all: Buffer) => T | null): Promise<Result<T, Ending>> {
    return this.#waitUntil(() => find(this.#all));
  }

  open(isReady: boolean): void {
    this.isConnected = true;
    this.#isReady ||= isReady;
    this.#change();
  }

  receive(chunk: Buffer): void {
    this.#all = Buffer.concat([this.#all, chunk]).subarray(0, mostReceivedBytes);
    this.#change();
  }

  // The first cause counts: a close follows every error.
  end(ending: Ending): void {
    this.#ending ??= ending;
    this.#change();
  }

  #change(): void {
    this.#changed.resolve();
    this.#changed = Promise.withResolvers<void>();
  }

  async #waitUntil<T>(look: () => T | null): Promise<Result<T, Ending>> {
    for (;;) {
      const found = look();
      if (found !== null) return ok(found);
      if (this.#ending !== null) {
        return failed(this.#all.length > 0 ? ended('foreign_answer', firstWords(this.#all)) : this.#ending);
      }
      await this.#changed.promise;
    }
  }
}

// What a person needs to tell a block page from a banner; bytes that are no text are left out.
function firstWords(all: Buffer): string | null {
  const line = all.toString('latin1').split(/[\r\n]/)[0] ?? '';
  return /^[ -~]{4,}/.exec(line)?.[0].slice(0, 60) ?? null;
}
