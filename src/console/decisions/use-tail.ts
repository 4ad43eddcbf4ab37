import { useEffect, useRef, useState } from 'react';
import type { DecisionFilter, DecisionRow } from '../../api/contract/index.ts';

/** How the stream stands: on its way, live, broken off and trying again, or ended by the other side. */
export type TailState = 'connecting' | 'live' | 'lost' | 'ended';

/** What the stream brought, the newest first. */
export interface Tail {
  readonly rows: readonly DecisionRow[];
  readonly state: TailState;
  /** Rows that were let go of because there were too many; the search has them. */
  readonly letGo: number;
}

/** As many as a person can scroll through, and a page can hold without a thought. */
export const mostRows = 10_000;
// Four times a second is live for eyes, and leaves the page free for hands.
const drawMs = 250;

const nothing: Tail = { rows: [], state: 'connecting', letGo: 0 };

/** Follows decisions as they are recorded. While `isOn` is false nothing is asked for; a change of the filter begins anew. */
export function useTail(filter: DecisionFilter, isOn: boolean): Tail {
  const query = new URLSearchParams(Object.entries(filter).map(([name, value]) => [name, String(value)])).toString();
  const [tail, setTail] = useState(nothing);
  const waiting = useRef<DecisionRow[]>([]);
  useEffect(() => {
    setTail(nothing);
    waiting.current = [];
    if (!isOn) return undefined;
    const source = new EventSource(`/api/v1/decisions/tail${query === '' ? '' : `?${query}`}`);
    const stand = (state: TailState): void => setTail((before) => ({ ...before, state }));
    source.addEventListener('begun', () => stand('live'));
    source.addEventListener('decision', ({ data }) => {
      waiting.current.push(JSON.parse(data as string) as DecisionRow);
    });
    source.addEventListener('ended', () => {
      source.close();
      stand('ended');
    });
    // The browser tries again by itself and says where it stopped; an answer that is no stream ends it.
    source.onerror = () => stand(source.readyState === EventSource.CLOSED ? 'ended' : 'lost');
    const drawing = setInterval(() => {
      const fresh = waiting.current;
      if (fresh.length === 0) return;
      waiting.current = [];
      setTail((before) => add(before, fresh));
    }, drawMs);
    return () => {
      clearInterval(drawing);
      source.close();
    };
  }, [query, isOn]);
  return tail;
}

function add(before: Tail, fresh: readonly DecisionRow[]): Tail {
  const rows = [...fresh.toReversed(), ...before.rows];
  return { state: 'live', rows: rows.slice(0, mostRows), letGo: before.letGo + Math.max(0, rows.length - mostRows) };
}
