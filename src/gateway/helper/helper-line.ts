import { createConnection, type Socket } from 'node:net';
import { type Fault, failed, fault, type Result } from '../../base/index.ts';
import { onLines } from '../../transport/index.ts';
import type { Drift } from './drift.ts';
import { type HelperAsk, maxLineBytes } from './helper-protocol.ts';

/** A connection to the helper that is made again whenever it ends. */
export interface HelperLine {
  /** Faults: `helper_away`, `helper_late`, `helper_busy`, or what the helper answers. */
  ask<T>(name: HelperAsk, body: unknown, timeoutMs: number): Promise<Result<T>>;
  isReady(): boolean;
  close(): void;
}

/** Who is told what comes by itself. */
export interface HelperLineEvents {
  readonly onDrift: (drift: Drift) => void;
  readonly onCome: () => Promise<void>;
  readonly onGo: () => void;
}

const firstRetryMs = 50;
const lastRetryMs = 1_000;
const mostWaiting = 100_000;

/** Connects to the helper, until closed. */
export function keepHelperLine(path: string, events: HelperLineEvents): HelperLine {
  const waiting = new Map<number, (answer: Result<unknown>) => void>();
  let socket: Socket | null = null;
  let isReady = false;
  let isClosed = false;
  let retry: NodeJS.Timeout | null = null;
  let attempt = 0;
  let lastId = 0;

  const ask = <T>(name: HelperAsk, body: unknown, timeoutMs: number): Promise<Result<T>> =>
    new Promise((resolve) => {
      if (socket === null || !isReady) return resolve(failed(away()));
      if (waiting.size >= mostWaiting) return resolve(failed(fault('helper_busy', 'too much waits for the helper')));
      lastId += 1;
      const id = lastId;
      const end = (answer: Result<unknown>): void => {
        clearTimeout(timer);
        waiting.delete(id);
        resolve(answer as Result<T>);
      };
      const late = fault('helper_late', `the helper did not answer within ${timeoutMs} ms`);
      const timer = setTimeout(() => end(failed(late)), timeoutMs);
      waiting.set(id, end);
      socket.write(`${JSON.stringify({ id, ask: name, body })}\n`);
    });
  const take = (line: string): void => {
    const { id, drift, ...answer } = JSON.parse(line) as { id?: number | null; drift?: Drift } & Result<unknown>;
    if (drift !== undefined) events.onDrift(drift);
    else waiting.get(id ?? -1)?.(answer);
  };
  const begin = (): void => {
    const mine = createConnection(path);
    socket = mine;
    mine.on('error', () => mine.destroy());
    mine.on('connect', () => {
      attempt = 0;
      isReady = true;
      void events.onCome();
    });
    mine.on('close', () => {
      const wasReady = isReady;
      isReady = false;
      for (const end of [...waiting.values()]) end(failed(away()));
      if (isClosed) return;
      if (wasReady) events.onGo();
      retry = setTimeout(begin, Math.min(firstRetryMs * 2 ** attempt, lastRetryMs));
      attempt += 1;
    });
    onLines(mine, maxLineBytes, take);
  };

  begin();
  return {
    ask,
    isReady: () => isReady,
    close: () => {
      isClosed = true;
      if (retry !== null) clearTimeout(retry);
      socket?.destroy();
    },
  };
}

function away(): Fault {
  return fault('helper_away', 'the helper of the gateway is not there, it is started again or look at its log');
}
