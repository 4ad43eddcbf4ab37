import { Link } from '@tanstack/react-router';
import { type ReactNode, useEffect, useState } from 'react';
import { flushSync } from 'react-dom';
import type { OpeningAnswer } from '../../api/contract/index.ts';
import { Moment } from '../ui/moment.tsx';
import { Table } from '../ui/table.tsx';
import { Tag } from '../ui/tag.tsx';
import { sayCode, sayInstant } from '../ui/words.ts';
import styles from './open.module.css';

const firstShown = 200;

/** What is open, one way out a row. Printed whole; on the screen the first ones, until somebody wants all. */
export function OpenTable({ openings }: { readonly openings: readonly OpeningAnswer[] }): ReactNode {
  const [isWhole, setWhole] = useState(false);
  useEffect(() => {
    // Drawn before the browser takes its picture for the printer.
    const whole = (): void => flushSync(() => setWhole(true));
    window.addEventListener('beforeprint', whole);
    return () => window.removeEventListener('beforeprint', whole);
  }, []);
  const shown = isWhole ? openings : openings.slice(0, firstShown);
  return (
    <>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls is reached by keyboard */}
      <section className={styles['scroll']} tabIndex={0} aria-label="Ways out">
        <Table className={styles['table']}>
          <thead>
            <tr>
              <th scope="col">Who</th>
              <th scope="col">May reach</th>
              <th scope="col">By</th>
              <th scope="col">Owner and reason</th>
              <th scope="col">Ends</th>
              <th scope="col">Last used</th>
            </tr>
          </thead>
          <tbody>
            {shown.map((one) => (
              <Row key={`${one.kind} ${one.id} ${one.to}`} one={one} />
            ))}
          </tbody>
        </Table>
      </section>
      {shown.length < openings.length && (
        <button type="button" className={styles['more']} onClick={() => setWhole(true)}>
          Show {openings.length - shown.length} more
        </button>
      )}
    </>
  );
}

/** How far it is on a screen; on paper, which is read later, when exactly. */
function When({ at }: { readonly at: string }): ReactNode {
  return (
    <>
      <span className={styles['onScreen']}>
        <Moment at={at} />
      </span>
      <span className={styles['printed']}>{sayInstant(at)}</span>
    </>
  );
}

function Row({ one }: { readonly one: OpeningAnswer }): ReactNode {
  return (
    <tr>
      <td>
        <strong>{one.service ?? one.identities[0] ?? 'anybody'}</strong>
        {one.service !== null && <small>{one.identities.join(', ')}</small>}
      </td>
      <td className="mono">{one.to}</td>
      <td>
        <Tag tone={one.kind === 'rule' ? 'quiet' : 'watch'}>{sayCode(one.kind)}</Tag>
        <small>
          {one.kind === 'grant' ? (
            <Link to="/exceptions/$id" params={{ id: one.id }}>
              {one.id}
            </Link>
          ) : (
            one.from
          )}
        </small>
      </td>
      <td>
        {one.owner}
        <small>
          {[one.reason, one.approvedBy.length > 0 ? `approved by ${one.approvedBy.join(', ')}` : null, one.note]
            .filter((part) => part !== null)
            .join('; ')}
        </small>
      </td>
      <td>{one.until === null ? 'with its rule' : <When at={one.until} />}</td>
      <td>{one.lastUsed === null ? 'never seen' : <When at={one.lastUsed} />}</td>
    </tr>
  );
}
