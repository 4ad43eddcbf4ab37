import { createConnection, type Socket } from 'node:net';
import { type Fault, failed, fault, type Result } from '../../base/index.ts';
import { onLines } from '../../transport/index.ts';
import type { Drift } from './drift.ts';
import { type HelperAsk, maxLineBytes } from './helper-protocol.ts';

/** A connection to the helper that is made again whenever it ends. */
export interface HelperLine {
  /** Faults: `helper_away`, `helper_late`, `helper_busy`, or what the helper answers. */
  ask<T>(name: HelperAsk, body: unknown, more: AskOptions): Promise<Result<T>>;
  isReady(): boolean;
  close(): void;
}

/** How a question is asked. */
export interface AskOptions {
  readonly timeoutMs: number;
  /** Told each part of an answer that comes in parts, before its end. Default: nobody is told. */
  readonly onPart?: (part: unknown) => void;
}

interface HelperAnswer {
  readonly id?: number | null;
  readonly drift?: Drift;
  readonly part?: unknown;
}

interface Waiting {
  readonly end: (answer: Result<unknown>) => void;
  readonly onPart: AskOptions['onPart'];
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
  const waiting = new Map<number, Waiting>();
  let socket: Socket | null = null;
  let isReady = false;
  let isClosed = false;
  let retry: NodeJS.Timeout | null = null;
  let attempt = 0;
  let lastId = 0;

  const ask = <T>(name: HelperAsk, body: unknown, { timeoutMs, onPart }: AskOptions): Promise<Result<T>> =>
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
      waiting.set(id, { end, onPart });
      socket.write(`${JSON.stringify({ id, ask: name, body })}\n`);
    });
  const take = (line: string): void => {
    const { id, drift, part, ...answer } = JSON.parse(line) as HelperAnswer & Result<unknown>;
    if (drift !== undefined) events.onDrift(drift);
    else if (part !== undefined) waiting.get(id ?? -1)?.onPart?.(part);
    else waiting.get(id ?? -1)?.end(answer);
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
      for (const { end } of [...waiting.values()]) end(failed(away()));
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
