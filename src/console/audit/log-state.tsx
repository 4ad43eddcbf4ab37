import type { UseQueryResult } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import type { AuditState } from '../../api/contract/index.ts';
import { Moment } from '../ui/moment.tsx';
import { Facts, Panel } from '../ui/panel.tsx';
import { Failure } from '../ui/states.tsx';
import { Tag } from '../ui/tag.tsx';
import { sayCount } from '../ui/words.ts';
import styles from './audit.module.css';
import { Checkpoints } from './checkpoints.tsx';
import { EvidenceForm } from './evidence-form.tsx';
import { Verification } from './verification.tsx';

/** How far the log goes, whether it can be written and believed, and what an auditor takes away from it. */
export function LogState({ found }: { readonly found: UseQueryResult<AuditState> }): ReactNode {
  const state = found.data;
  return (
    <>
      {found.error !== null && <Failure error={found.error} onRetry={() => void found.refetch()} />}
      {state !== undefined && (
        <div className={styles['state']}>
          <div>
            <Panel title="The log">
              <Facts rows={rowsOf(state)} />
            </Panel>
            <Verification state={state} />
          </div>
          <div>
            <Checkpoints size={state.size} />
            <EvidenceForm />
          </div>
        </div>
      )}
    </>
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
