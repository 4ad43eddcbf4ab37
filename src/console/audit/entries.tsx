import { Link } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import type { EntryAnswer } from '../../api/contract/index.ts';
import { Table } from '../ui/table.tsx';
import { sayInstant } from '../ui/words.ts';
import styles from './audit.module.css';

/** Acts, one a row; what each says of itself opens below it. */
export function Entries({ entries }: { readonly entries: readonly EntryAnswer[] }): ReactNode {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls is reached by keyboard
    <section className={styles['scroll']} tabIndex={0} aria-label="Acts">
      <Table className={styles['table']}>
        <thead>
          <tr>
            <th scope="col">Entry</th>
            <th scope="col">Time (UTC)</th>
            <th scope="col">Who</th>
            <th scope="col">Did</th>
            <th scope="col">To</th>
          </tr>
        </thead>
        <tbody>
          {entries.map((entry) => (
            <Row key={entry.seq} entry={entry} />
          ))}
        </tbody>
      </Table>
    </section>
  );
}

function Row({ entry }: { readonly entry: EntryAnswer }): ReactNode {
  const { seq, time, actor, action, subject, details } = entry;
  const [kind, id = ''] = subject.split('/', 2);
  return (
    <tr>
      <td className={styles['dim']}>{seq}</td>
      <td title={time}>{`${sayInstant(time)}:${time.slice(17, 19)}`}</td>
      <td>{actor}</td>
      <td>
        {action}
        {Object.keys(details).length > 0 && (
          <details>
            <summary>details</summary>
            <pre>{JSON.stringify(details, null, 2)}</pre>
          </details>
        )}
      </td>
      <td className="mono">
        {kind === 'exception' ? (
          <Link to="/exceptions/$id" params={{ id }}>
            {subject}
          </Link>
        ) : (
          subject
        )}
      </td>
    </tr>
  );
}
