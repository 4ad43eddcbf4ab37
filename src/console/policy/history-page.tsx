import { Button } from '@mantine/core';
import { useInfiniteQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import type { PolicyChangeAnswer } from '../../api/contract/index.ts';
import { call } from '../api/call.ts';
import { useMay } from '../session/session-state.ts';
import { Moment } from '../ui/moment.tsx';
import { PageHead } from '../ui/page-head.tsx';
import { Panel } from '../ui/panel.tsx';
import { Empty, Failure, Waiting } from '../ui/states.tsx';
import { Tag } from '../ui/tag.tsx';
import { sayCount, sayInstant } from '../ui/words.ts';
import styles from './history.module.css';

/** Every policy that was put in force, with what it opened and what it closed. */
export function HistoryPage(): ReactNode {
  const found = useInfiniteQuery({
    queryKey: ['policy-history'],
    initialPageParam: '',
    queryFn: async ({ pageParam, signal }) =>
      (await call('listPolicyChanges', { query: { limit: 50, cursor: pageParam }, signal })).body,
    getNextPageParam: ({ next }) => next,
  });
  const items = found.data?.pages.flatMap((page) => page.items) ?? [];
  const inForce = found.data?.pages[0]?.policyVersion ?? null;
  // Where the same policy came back, the latest time is the one in force.
  const newest = items.find(({ version }) => version === inForce)?.seq;
  return (
    <>
      <PageHead title="History of the policy" says="What was put in force, when, and what it opened and closed.">
        <Link to="/policy">Services</Link>
      </PageHead>
      {found.data === undefined && found.error === null && <Waiting rows={8} />}
      {found.error !== null && <Failure error={found.error} onRetry={() => void found.refetch()} />}
      {found.data !== undefined && items.length === 0 && (
        <Empty title="No policy was put in force yet" command="exeat policy check ./policy">
          <p>Everything is denied. This says what keeps the files from loading:</p>
        </Empty>
      )}
      {items.length > 0 && (
        <p className={styles['note']}>
          The files are the policy, so who wrote a line stands in their history: <code>git log -p -- policy/</code>
        </p>
      )}
      <div className={styles['versions']}>
        {items.map((change) => (
          <Version key={change.seq} change={change} isInForce={change.seq === newest} />
        ))}
      </div>
      {found.hasNextPage && (
        <Button variant="default" loading={found.isFetchingNextPage} onClick={() => void found.fetchNextPage()}>
          Show older ones
        </Button>
      )}
    </>
  );
}

interface VersionProps {
  readonly change: PolicyChangeAnswer;
  readonly isInForce: boolean;
}

function Version({ change, isInForce }: VersionProps): ReactNode {
  const { seq, time, version, before, isWidening, added, addedCount, removed, removedCount } = change;
  const mayAudit = useMay('audit:read');
  return (
    <Panel title={`${sayInstant(time)} UTC`}>
      <p className={styles['head']}>
        <code title={version}>{version.slice(0, 19)}</code>
        {isInForce && <Tag tone="good">in force</Tag>}
        <Tag tone={isWidening ? 'watch' : 'quiet'}>{sayDirection(change)}</Tag>
        <span>
          <Moment at={time} />, {sayCount(addedCount, 'entry', 'entries')} came, {removedCount.toLocaleString('en')}{' '}
          went
          {mayAudit && (
            <>
              ,{' '}
              <Link to="/audit" search={{ action: 'policy.changed' }}>
                act {seq}
              </Link>
            </>
          )}
        </span>
      </p>
      <details open={before !== null && added.length + removed.length <= 12}>
        <summary>What came and went</summary>
        <ul className={styles['facts']} aria-label="What came and went">
          {removed.map((fact) => (
            <Fact key={`- ${fact}`} sign="−" word="went" fact={fact} />
          ))}
          {added.map((fact) => (
            <Fact key={`+ ${fact}`} sign="+" word="came" fact={fact} />
          ))}
        </ul>
        {addedCount + removedCount > added.length + removed.length && (
          <p className={styles['note']}>
            and {(addedCount + removedCount - added.length - removed.length).toLocaleString('en')} more, that the log
            does not hold
          </p>
        )}
      </details>
    </Panel>
  );
}

function sayDirection({ before, isWidening }: PolicyChangeAnswer): string {
  if (before === null) return 'the first one';
  return isWidening ? 'opens more' : 'opens nothing more';
}

interface FactProps {
  readonly sign: string;
  readonly word: string;
  readonly fact: string;
}

function Fact({ sign, word, fact }: FactProps): ReactNode {
  return (
    <li data-of={word}>
      <span title={word}>{sign}</span>
      <code>{readable(fact)}</code>
    </li>
  );
}

/** The end of an observation is kept as milliseconds, which nobody reads. */
function readable(fact: string): string {
  const [, start, ms] = /^(observe .* until )(\d{13})$/.exec(fact) ?? [];
  return start === undefined ? fact : `${start}${new Date(Number(ms)).toISOString().slice(0, 10)}`;
}
