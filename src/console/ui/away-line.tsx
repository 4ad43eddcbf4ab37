import { type Query, type QueryClient, useQueryClient } from '@tanstack/react-query';
import { type ReactNode, useEffect, useState, useSyncExternalStore } from 'react';
import { isAway } from '../api/failure.ts';
import styles from './shell.module.css';

const againMs = 3_000;

/** Says that the browser or control is away while either is, and asks again until both are back. What was shown stays. */
export function AwayLine(): ReactNode {
  const client = useQueryClient();
  const isOnline = useOnline();
  const isGone = useSyncExternalStore(
    (onChange) => client.getQueryCache().subscribe(onChange),
    () => client.getQueryCache().getAll().some(isWaiting),
  );
  useEffect(() => {
    if (!isGone || !isOnline) return;
    const timer = setInterval(() => void askAgain(client), againMs);
    return () => clearInterval(timer);
  }, [client, isGone, isOnline]);
  return (
    <div role="status" className={styles['offline']} hidden={isOnline && !isGone}>
      {isOnline
        ? 'Control does not answer. What you see may be old; enforcement goes on without it, and this page goes on when it is back.'
        : 'This browser is offline. What you see may be old; enforcement goes on without it.'}
    </div>
  );
}

// Queries that nobody answered when they were asked last.
const unanswered = new WeakSet<Query>();

function isWaiting(query: Query): boolean {
  const { error, fetchFailureReason, fetchStatus } = query.state;
  if (isAway(error) || isAway(fetchFailureReason)) unanswered.add(query);
  // While it is asked again nothing is known yet: a line that went for a moment would make the page jump each time.
  else if (fetchStatus !== 'fetching') unanswered.delete(query);
  return query.isActive() && unanswered.has(query);
}

function askAgain(client: QueryClient): Promise<void> {
  return client.refetchQueries({ predicate: (query) => isWaiting(query) && query.state.fetchStatus === 'idle' });
}

function useOnline(): boolean {
  const [isOnline, setOnline] = useState(navigator.onLine);
  useEffect(() => {
    const look = (): void => setOnline(navigator.onLine);
    window.addEventListener('online', look);
    window.addEventListener('offline', look);
    return () => {
      window.removeEventListener('online', look);
      window.removeEventListener('offline', look);
    };
  }, []);
  return isOnline;
}
