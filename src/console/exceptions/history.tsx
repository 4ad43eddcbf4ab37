import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import type { ExceptionAnswer } from '../../api/contract/index.ts';
import { call } from '../api/call.ts';
import { Moment } from '../ui/moment.tsx';
import { Panel } from '../ui/panel.tsx';
import { sayCount, sayDuration } from '../ui/words.ts';
import styles from './exceptions.module.css';
import { Standing } from './standing.tsx';

const mostShown = 5;

/** What this service was granted to this host before: the third time is a rule that nobody wrote. */
export function History({ one }: { readonly one: ExceptionAnswer }): ReactNode {
  const found = useQuery({
    queryKey: ['exceptions-of', one.service],
    queryFn: async ({ signal }) =>
      (await call('listExceptions', { query: { service: one.service, limit: 200 }, signal })).body.items,
  });
  const host = hostOf(one.to);
  const others = (found.data ?? []).filter((other) => other.id !== one.id && hostOf(other.to) === host);
  return (
    <Panel title="Before">
      {others.length === 0 ? (
        <p className={styles['quiet']}>
          {found.data === undefined ? 'Looking it up.' : 'Nobody asked for this pair before.'}
        </p>
      ) : (
        <>
          <p className={styles['quiet']}>
            Asked {sayCount(others.length, 'time')} before, granted{' '}
            {sayCount(others.filter(({ notBefore }) => notBefore !== null).length, 'time')}.
          </p>
          <ul className={styles['list']}>
            {others.slice(0, mostShown).map((other) => (
              <li key={other.id}>
                <Link to="/exceptions/$id" params={{ id: other.id }}>
                  {sayDuration(other.durationSeconds * 1_000)}, asked by {other.requester}
                </Link>{' '}
                <Moment at={other.submittedAt} /> <Standing one={other} />
              </li>
            ))}
          </ul>
        </>
      )}
    </Panel>
  );
}

function hostOf(to: string): string {
  return to.replace(/^\w+:\/\//, '').replace(/:[^:]*$/, '');
}
