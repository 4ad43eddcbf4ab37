import { Button } from '@mantine/core';
import { useInfiniteQuery } from '@tanstack/react-query';
import { getRouteApi, Link } from '@tanstack/react-router';
import { type ReactNode, useMemo, useState } from 'react';
import type { DecisionRow } from '../../api/contract/index.ts';
import { call } from '../api/call.ts';
import { PageHead } from '../ui/page-head.tsx';
import { Empty, Failure, Waiting } from '../ui/states.tsx';
import { sayCount } from '../ui/words.ts';
import styles from './decisions.module.css';
import { Explained } from './explained.tsx';
import { FilterForm } from './filter-form.tsx';
import { DecisionRows } from './rows.tsx';
import { askedOf, filterOf } from './search.ts';
import { type Tail, useTail } from './use-tail.ts';

const route = getRouteApi('/decisions');

/** What was let out and what was refused: live, searched, and each explained. */
export function DecisionsPage(): ReactNode {
  const search = route.useSearch();
  const asked = askedOf(search);
  // What has an end is looked at, not followed.
  const isPast = search.until !== undefined;
  const [wantsLive, setLive] = useState(true);
  const isLive = wantsLive && !isPast;
  // What is shown while somebody reads further down; what comes meanwhile waits above.
  const [held, setHeld] = useState<Tail | null>(null);
  // Drawn anew from the top when somebody asks for what is new.
  const [releases, setReleases] = useState(0);
  const tail = useTail(filterOf(search), isLive);
  const found = useInfiniteQuery({
    queryKey: ['decisions', asked],
    initialPageParam: '',
    // What is new comes by the stream; asking again would only shift what somebody reads.
    staleTime: Number.POSITIVE_INFINITY,
    refetchOnWindowFocus: false,
    queryFn: async ({ pageParam, signal }) =>
      (await call('listDecisions', { query: { ...asked, limit: 200, cursor: pageParam }, signal })).body,
    getNextPageParam: ({ next }) => next,
  });
  const shown = held ?? tail;
  const pages = found.data?.pages;
  // Ten thousand of them: put together when one of both changes, and not with each key that is pressed.
  const rows = useMemo(() => merge(shown.rows, pages?.flatMap(({ items }) => items) ?? []), [shown.rows, pages]);
  const hold = (isReading: boolean): void => setHeld((before) => (isReading ? (before ?? tail) : null));
  const release = (): void => {
    setHeld(null);
    setReleases((before) => before + 1);
  };
  return (
    <>
      <PageHead title="Decisions" says="What was let out and what was refused, the newest first.">
        {!isPast && (
          <Button variant="default" onClick={() => setLive(!isLive)}>
            {isLive ? 'Pause' : 'Go live'}
          </Button>
        )}
      </PageHead>
      <FilterForm key={JSON.stringify(asked)} search={search} />
      <Standing tail={tail} held={held} off={offWords(isLive, isPast)} onRelease={release} />
      <div className={styles['split']} data-explained={search.id !== undefined}>
        <div className={styles['list']}>
          {found.error !== null && <Failure error={found.error} onRetry={() => void found.refetch()} />}
          {found.isLoading && <Waiting rows={12} />}
          {found.data !== undefined && rows.length === 0 && <Nothing isFiltered={Object.keys(asked).length > 0} />}
          {rows.length > 0 && <DecisionRows key={releases} rows={rows} search={search} onRead={hold} />}
          {found.hasNextPage && (
            <Button variant="default" loading={found.isFetchingNextPage} onClick={() => void found.fetchNextPage()}>
              Look further back
            </Button>
          )}
        </div>
        {search.id !== undefined && <Explained id={search.id} search={search} />}
      </div>
    </>
  );
}

// The stream and the search overlap where the page was opened.
function merge(live: readonly DecisionRow[], older: readonly DecisionRow[]): readonly DecisionRow[] {
  if (live.length === 0) return older;
  const known = new Set(live.map(({ id }) => id));
  return [...live, ...older.filter(({ id }) => !known.has(id))];
}

interface StandingProps {
  readonly tail: Tail;
  readonly held: Tail | null;
  /** Why nothing new is asked for, null where it is. */
  readonly off: string | null;
  readonly onRelease: () => void;
}

function Standing({ tail, held, off, onRelease }: StandingProps): ReactNode {
  const waiting = held === null ? 0 : tail.rows.length + tail.letGo - held.rows.length - held.letGo;
  return (
    <div className={styles['standing']}>
      <span role="status">{off ?? sayState(tail)}</span>
      {waiting > 0 && (
        <button type="button" onClick={onRelease}>
          {sayCount(waiting, 'new decision')}, show
        </button>
      )}
      {tail.letGo > 0 && <span>{sayCount(tail.letGo, 'older row')} let go of; the search finds them.</span>}
    </div>
  );
}

function offWords(isLive: boolean, isPast: boolean): string | null {
  if (isPast) return 'Up to a time in the filter: nothing new is asked for.';
  return isLive ? null : 'Paused: nothing new is asked for.';
}

function sayState({ state }: Tail): string {
  const words = {
    connecting: 'Connecting.',
    live: 'Live.',
    lost: 'The stream broke off and is tried again; nothing is missed.',
    ended: 'The stream has ended: your session may be over, or too many windows are open. Reload to go on.',
  };
  return words[state];
}

function Nothing({ isFiltered }: { readonly isFiltered: boolean }): ReactNode {
  if (isFiltered) {
    return (
      <Empty title="No decision matches">
        <p>
          Wait for one, look further back, or{' '}
          <Link to="/decisions" search={{}}>
            show all
          </Link>
          .
        </p>
      </Empty>
    );
  }
  return (
    <Empty title="Nothing has asked to go out yet" command="exeat env --as NAME">
      <p>Point a workload at the proxy, and its first request shows up here. This prints what it needs:</p>
    </Empty>
  );
}
