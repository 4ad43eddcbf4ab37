import type { ReactNode } from 'react';
import type { OverviewAnswer, PointAnswer } from '../../api/contract/index.ts';
import { Moment } from '../ui/moment.tsx';
import { Facts, Panel } from '../ui/panel.tsx';
import { Tag } from '../ui/tag.tsx';
import { sayCount } from '../ui/words.ts';
import styles from './overview.module.css';

/** The enforcement points with the policy that each decides by, and which services are observed only, until when. */
export function Points({ overview }: { readonly overview: OverviewAnswer }): ReactNode {
  const { points, policyVersion, observeEnds } = overview;
  return (
    <>
      <Panel title="Enforcement points">
        <Facts
          rows={[
            [
              'Policy in force',
              policyVersion === null ? 'none: everything is denied' : <Version key="v" text={policyVersion} />,
            ],
            ...points.map((point) => [point.name, <Point key={point.name} point={point} />] as const),
            [
              'Points',
              points.length === 0 ? (
                <Tag key="none" tone="bad">
                  none answers
                </Tag>
              ) : null,
            ],
          ]}
        />
      </Panel>
      <Panel title="Observed only">
        {observeEnds.length === 0 ? (
          <p className={styles['quiet']}>None: every service is enforced.</p>
        ) : (
          <ul className={styles['edges']}>
            {observeEnds.map(({ service, until }) => (
              <li key={service}>
                {service}
                <small>
                  the clock enforces <Moment at={until} isExact />
                </small>
              </li>
            ))}
          </ul>
        )}
      </Panel>
    </>
  );
}

function Point({ point }: { readonly point: PointAnswer }): ReactNode {
  return (
    <>
      {point.isCurrent ? <Tag tone="good">decides by it</Tag> : <Tag tone="watch">decides by another one</Tag>}{' '}
      {!point.isKeepingRecords && <Tag tone="bad">keeps no records</Tag>}{' '}
      {sayCount(point.openConnections, 'connection')} open, up since <Moment at={point.startedAt} isExact />
    </>
  );
}

function Version({ text }: { readonly text: string }): ReactNode {
  return <code title={text}>{text.slice(0, 19)}</code>;
}
