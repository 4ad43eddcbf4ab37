import type { ReactNode } from 'react';
import type { DayAnswer } from '../../api/contract/index.ts';
import styles from './overview.module.css';

const mostDays = 30;
const heightPx = 90;

/** What was let out and refused, a bar a day; the table below holds the same for who reads it. */
export function Days({ days }: { readonly days: readonly DayAnswer[] }): ReactNode {
  const most = Math.max(1, ...days.map(({ allowed, denied }) => allowed + denied));
  const last = days.at(-1);
  return (
    <>
      <svg
        viewBox={`0 0 ${mostDays * 10} ${heightPx}`}
        preserveAspectRatio="none"
        className={styles['chart']}
        aria-hidden="true"
      >
        {days.map((day, at) => (
          <Bar key={day.day} day={day} most={most} x={(mostDays - days.length + at) * 10 + 1} />
        ))}
      </svg>
      {last !== undefined && (
        <p className={styles['legend']}>
          On {last.day}: <span data-of="allow">{last.allowed.toLocaleString('en')} allowed</span>,{' '}
          <span data-of="deny">{last.denied.toLocaleString('en')} denied</span>,{' '}
          <span data-of="watch">{last.wouldDeny.toLocaleString('en')} that enforce would deny</span>.
        </p>
      )}
      <details className={styles['twin']}>
        <summary>As a table</summary>
        <table>
          <thead>
            <tr>
              <th scope="col">Day</th>
              <th scope="col">Allowed</th>
              <th scope="col">Denied</th>
              <th scope="col">Would be denied</th>
            </tr>
          </thead>
          <tbody>
            {days.toReversed().map(({ day, allowed, denied, wouldDeny }) => (
              <tr key={day}>
                <td>{day}</td>
                <td>{allowed}</td>
                <td>{denied}</td>
                <td>{wouldDeny}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </details>
    </>
  );
}

function Bar({ day, most, x }: { readonly day: DayAnswer; readonly most: number; readonly x: number }): ReactNode {
  const tall = (count: number): number => (count / most) * (heightPx - 2);
  const clean = day.allowed - day.wouldDeny;
  const [allow, watch, deny] = [tall(clean), tall(day.wouldDeny), tall(day.denied)];
  return (
    <>
      <rect x={x} width="8" y={heightPx - allow} height={allow} className={styles['allow']} />
      <rect x={x} width="8" y={heightPx - allow - watch} height={watch} className={styles['watch']} />
      <rect x={x} width="8" y={heightPx - allow - watch - deny} height={deny} className={styles['deny']} />
    </>
  );
}
