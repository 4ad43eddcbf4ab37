import { Link } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import type { ChangeAnswer } from '../../api/contract/index.ts';
import { Moment } from '../ui/moment.tsx';
import { Tag, type Tone } from '../ui/tag.tsx';
import { sayCount } from '../ui/words.ts';
import styles from './overview.module.css';

/** What was changed within a day: the policy, and what exceptions opened and closed. */
export function Changes({ changes }: { readonly changes: readonly ChangeAnswer[] }): ReactNode {
  if (changes.length === 0) return <p className={styles['quiet']}>Nothing within a day: the same is open as before.</p>;
  return (
    <ul className={styles['edges']}>
      {changes.map((change) => (
        <li key={change.seq}>
          <What change={change} />
          <small>
            <How action={change.action} /> by {change.actor} <Moment at={change.time} />
          </small>
        </li>
      ))}
    </ul>
  );
}

function What({ change: { subject, service, to, added, removed } }: { readonly change: ChangeAnswer }): ReactNode {
  if (subject === 'policy') {
    return (
      <Link to="/policy/history">
        The policy: {sayCount(added ?? 0, 'entry', 'entries')} came, {(removed ?? 0).toLocaleString('en')} went
      </Link>
    );
  }
  const id = subject.slice(subject.indexOf('/') + 1);
  return (
    <Link to="/exceptions/$id" params={{ id }}>
      {service === null ? subject : `${service} \u2192 `}
      {to !== null && <span className="mono">{to}</span>}
    </Link>
  );
}

const said: Readonly<Record<string, readonly [string, Tone]>> = {
  'policy.changed': ['put in force', 'plain'],
  'exception.granted': ['granted', 'good'],
  'exception.declared': ['break-glass', 'bad'],
  'exception.learned': ['break-glass without control', 'bad'],
  'exception.resumed': ['let go on', 'good'],
  'exception.suspended': ['held', 'watch'],
  'exception.revoked': ['ended early', 'quiet'],
  'exception.closed': ['over', 'quiet'],
};

function How({ action }: { readonly action: string }): ReactNode {
  const [word, tone] = said[action] ?? [action, 'plain'];
  return <Tag tone={tone}>{word}</Tag>;
}
