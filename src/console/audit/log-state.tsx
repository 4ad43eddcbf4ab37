import { useQuery } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import type { AuditState } from '../../api/contract/index.ts';
import { call } from '../api/call.ts';
import { Copied } from '../ui/copied.tsx';
import { Moment } from '../ui/moment.tsx';
import { Facts, Panel } from '../ui/panel.tsx';
import { Failure } from '../ui/states.tsx';
import { Tag } from '../ui/tag.tsx';
import { sayCount } from '../ui/words.ts';
import styles from './audit.module.css';

/** How far the log goes, whether it can be written, who else keeps its checkpoints, and how to verify it without us. */
export function LogState(): ReactNode {
  const found = useQuery({
    queryKey: ['audit-state'],
    refetchInterval: 10_000,
    queryFn: async ({ signal }) => (await call('auditState', { signal })).body,
  });
  return (
    <div className={styles['state']}>
      <Panel title="The log">
        {found.error !== null && <Failure error={found.error} onRetry={() => void found.refetch()} />}
        {/* Its room is there before it is, so that what stands below does not jump. */}
        <div className={styles['told']} aria-busy={found.data === undefined && found.error === null}>
          {found.data !== undefined && <Facts rows={rowsOf(found.data)} />}
        </div>
      </Panel>
      <Panel title="Verify it">
        <p className={styles['quiet']}>
          This page only tells what control says of itself. Proof needs the files and the public key, on a machine that
          you trust:
        </p>
        <Copied text="exeat audit verify" label="Copy the command" />
      </Panel>
    </div>
  );
}

function rowsOf(state: AuditState): readonly (readonly [string, ReactNode])[] {
  const { size, isWritable, pendingActs, anchors, checkpoint } = state;
  const root = checkpoint?.split('\n')[2];
  return [
    ['Entries', size.toLocaleString('en')],
    [
      'Stands',
      isWritable ? (
        <Tag key="good" tone="good">
          written
        </Tag>
      ) : (
        <Tag key="bad" tone="bad">
          cannot be written, nothing is widened
        </Tag>
      ),
    ],
    ['Waiting', pendingActs === 0 ? null : `${sayCount(pendingActs, 'act')} in force, not written down yet`],
    ['Root', root === undefined ? 'no checkpoint yet' : <code key="root">{root}</code>],
    [
      'Anchors',
      anchors.length === 0 ? (
        'none: whoever holds this machine could write another log. Name some in audit.anchors.'
      ) : (
        <ul key="anchors" className={styles['anchors']}>
          {anchors.map(({ anchor, lastAt, problem }) => (
            <li key={anchor}>
              {anchor} {problem !== null && <Tag tone="bad">{problem}</Tag>}{' '}
              {lastAt === null ? 'never' : <Moment at={lastAt} />}
            </li>
          ))}
        </ul>
      ),
    ],
  ];
}
