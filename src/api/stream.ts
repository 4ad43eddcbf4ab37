import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import type { FastifyReply } from 'fastify';
import type { Result } from '../base/index.ts';
import type { Call } from './call.ts';
import type { RequestFault } from './problems.ts';

/** One event: where to go on after it, its kind, and plain data. */
export interface StreamEvent {
  readonly id: string;
  readonly event: string;
  readonly data: unknown;
}

/** Answers an endpoint that goes on telling. `after` is the id of the last event that the caller has, null for none. */
export type Stream = (
  call: Call<unknown, unknown, unknown>,
  after: string | null,
  signal: AbortSignal,
) => Result<AsyncIterable<StreamEvent>, RequestFault>;

/** How a stream is written. */
export interface StreamOptions {
  /** Ends the source with the stream. */
  readonly stop: AbortController;
  /** Whether the reader may still see. */
  readonly mayGoOn: () => Promise<boolean>;
  /** How long a reader may take nothing, in milliseconds. Default: 30,000. */
  readonly drainMs?: number;
}

/** How many streams are open, of everybody and of each. */
export interface StreamSeats {
  /** Takes a seat; null where none is left. The function gives it back. */
  take(person: string): (() => void) | null;
}

// A reader costs a file handle and a look at the folder four times a second. A person has a few windows.
const mostStreams = 64;
const mostOfPerson = 6;

/** Makes the seats. */
export function createStreamSeats(): StreamSeats {
  const taken = new Map<string, number>();
  const all = (): number => [...taken.values()].reduce((sum, count) => sum + count, 0);
  return {
    take: (person) => {
      const own = taken.get(person) ?? 0;
      if (own >= mostOfPerson || all() >= mostStreams) return null;
      taken.set(person, own + 1);
      return () => {
        const left = (taken.get(person) ?? 1) - 1;
        if (left <= 0) taken.delete(person);
        else taken.set(person, left);
      };
    },
  };
}

// Often enough for proxies on the way not to take it for dead, and for whoever lost their right to see.
const beatMs = 5_000;
// A reader that takes nothing for so long is gone; until then it holds nothing of ours but a place in a file.
const usualDrainMs = 30_000;

/**
 * Writes events until they end, the reader goes, or `mayGoOn` says no. INVARIANT: nothing is read ahead of the reader: what it does not take
 * stays in the source.
 */
export async function writeStream(
  reply: FastifyReply,
  events: AsyncIterable<StreamEvent>,
  { stop, mayGoOn, drainMs = usualDrainMs }: StreamOptions,
): Promise<void> {
  reply.hijack();
  const { raw } = reply;
  raw.on('error', () => stop.abort());
  raw.once('close', () => stop.abort());
  raw.writeHead(200, {
    ...(reply.getHeaders() as Record<string, string>),
    'content-type': 'text/event-stream',
    // nginx and those that do as it does pass it on as it comes then.
    'x-accel-buffering': 'no',
  });
  const beat = setInterval(() => {
    void mayGoOn().then((isAllowed) => {
      if (!isAllowed) stop.abort();
      else if (raw.writableLength === 0) raw.write(':\n\n');
    });
  }, beatMs);
  try {
    for await (const event of events) {
      if (stop.signal.aborted || !(await write(raw, event, { signal: stop.signal, drainMs }))) break;
    }
  } finally {
    clearInterval(beat);
    if (!raw.destroyed) raw.end('event: ended\ndata: {}\n\n');
  }
}

async function write(
  raw: ServerResponse,
  { id, event, data }: StreamEvent,
  { signal, drainMs }: { readonly signal: AbortSignal; readonly drainMs: number },
): Promise<boolean> {
  if (raw.write(`id: ${id}\nevent: ${event}\ndata: ${JSON.stringify(data)}\n\n`)) return true;
  try {
    await once(raw, 'drain', { signal: AbortSignal.any([signal, AbortSignal.timeout(drainMs)]) });
    return true;
  } catch {
    raw.destroy();
    return false;
  }
}
