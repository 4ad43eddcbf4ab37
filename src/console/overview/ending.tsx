import { Link } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import type { ExceptionAnswer } from '../../api/contract/index.ts';
import { useNow } from '../ui/moment.tsx';
import { sayDuration, sayInstant } from '../ui/words.ts';
import styles from './overview.module.css';

const mostShown = 6;

/** Exceptions whose end is near, the next one first, with what is left of each. */
export function Ending({ ending }: { readonly ending: readonly ExceptionAnswer[] }): ReactNode {
  const nowMs = useNow();
  if (ending.length === 0) return <p className={styles['quiet']}>None ends within four hours.</p>;
  const next = ending.toSorted((one, other) => Date.parse(one.notAfter ?? '') - Date.parse(other.notAfter ?? ''));
  return (
    <>
      <ul className={styles['edges']}>
        {next.slice(0, mostShown).map(({ id, service, to, notAfter, owner }) => (
          <li key={id}>
            <Link to="/exceptions/$id" params={{ id }}>
              {service} → <span className="mono">{to}</span>
            </Link>
            <small title={notAfter === null ? undefined : `${sayInstant(notAfter)} UTC`}>
              ends in {sayDuration(Date.parse(notAfter ?? '') - nowMs)}, {owner} answers for it
            </small>
          </li>
        ))}
      </ul>
      {ending.length > mostShown && (
        <p className={styles['quiet']}>
          <Link to="/exceptions" search={{ show: 'in-force' }}>
            and {ending.length - mostShown} more
          </Link>
        </p>
      )}
    </>
  );
}
