import type { ReactNode } from 'react';
import type { ReplayAnswer, ReplayRow } from '../../api/contract/index.ts';
import { Moment } from '../ui/moment.tsx';
import { Table } from '../ui/table.tsx';
import { sayCode, sayCount, sayInstant } from '../ui/words.ts';
import styles from './policy.module.css';

/** What was recorded, judged by the change beside the policy in force, with what it rests on. */
export function Replay({ replay }: { readonly replay: ReplayAnswer }): ReactNode {
  const { newlyDenied, newlyDeniedCount, newlyAllowed, newlyAllowedCount } = replay;
  return (
    <>
      <h3>What it would have meant</h3>
      <p>{sayReach(replay)}</p>
      <Rows
        title={
          newlyDeniedCount === 0
            ? 'Nothing that went out would be refused.'
            : `Would be refused: ${sayCount(newlyDeniedCount, 'destination')}`
        }
        rows={newlyDenied}
        count={newlyDeniedCount}
      />
      <Rows
        title={
          newlyAllowedCount === 0
            ? 'Nothing that was refused would go out.'
            : `Would go out: ${sayCount(newlyAllowedCount, 'destination')}`
        }
        rows={newlyAllowed}
        count={newlyAllowedCount}
      />
    </>
  );
}

function sayReach({ reach, from, until, wantedFrom, judged, leftOut }: ReplayAnswer): string {
  if (from === null || until === null)
    return `Nothing was recorded since ${sayInstant(wantedFrom)} UTC, so this tells nothing.`;
  const judgedText = `${sayCount(judged, 'recorded connection')} from ${sayInstant(from)} to ${sayInstant(until)} UTC.`;
  const why = {
    whole: '',
    kept: ' Records do not go back further.',
    cut: ' There are more records than are looked at: what is older is not in this.',
  }[reach];
  const left =
    leftOut === 0 ? '' : ` ${sayCount(leftOut, 'more')} named no service or destination and could not be judged.`;
  return `${judgedText}${why}${left}`;
}

function Rows({
  title,
  rows,
  count,
}: {
  readonly title: string;
  readonly rows: readonly ReplayRow[];
  readonly count: number;
}): ReactNode {
  if (rows.length === 0) return <p className={styles['dim']}>{title}</p>;
  return (
    <>
      <h4>{title}</h4>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls is reached by keyboard */}
      <section className={styles['scroll']} tabIndex={0} aria-label={title}>
        <Table className={styles['table']}>
          <thead>
            <tr>
              <th scope="col">Service</th>
              <th scope="col">Destination</th>
              <th scope="col">Let out</th>
              <th scope="col">Refused</th>
              <th scope="col">Last</th>
              <th scope="col">By the change</th>
            </tr>
          </thead>
          <tbody>
            {rows.map((row) => (
              <tr key={`${row.service} ${row.destination}`}>
                <td>
                  <strong>{row.service}</strong>
                  <small>{row.owner}</small>
                </td>
                <td className="mono">
                  {row.destination}:{row.ports.join(',')}
                </td>
                <td>{row.connections}</td>
                <td>{row.denied}</td>
                <td>
                  <Moment at={row.lastSeen} />
                </td>
                <td>{[...row.reasons.map(sayCode), ...row.ruleIds].join(', ')}</td>
              </tr>
            ))}
          </tbody>
        </Table>
      </section>
      {count > rows.length && <p className={styles['dim']}>{sayCount(count - rows.length, 'more destination')}.</p>}
    </>
  );
}
