import { type ReactNode, useEffect, useState } from 'react';
import { sayFrom, sayInstant } from './words.ts';

const tickMs = 15_000;

/** The time now, renewed while somebody looks. */
export function useNow(everyMs: number = tickMs): number {
  const [nowMs, setNowMs] = useState(Date.now);
  useEffect(() => {
    const timer = setInterval(() => setNowMs(Date.now()), everyMs);
    return () => clearInterval(timer);
  }, [everyMs]);
  return nowMs;
}

/** An instant: how far it is, and when exactly, in UTC. */
export function Moment({ at, isExact = false }: { readonly at: string; readonly isExact?: boolean }): ReactNode {
  const nowMs = useNow();
  const exact = `${sayInstant(at)} UTC`;
  return (
    <time dateTime={at} title={at}>
      {isExact ? `${exact}, ${sayFrom(at, nowMs)}` : sayFrom(at, nowMs)}
    </time>
  );
}
