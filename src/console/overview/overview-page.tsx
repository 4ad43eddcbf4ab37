import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import type { ExceptionAnswer, OverviewAnswer } from '../../api/contract/index.ts';
import { call } from '../api/call.ts';
import { PageHead } from '../ui/page-head.tsx';
import { Panel } from '../ui/panel.tsx';
import { Empty, Failure, Waiting } from '../ui/states.tsx';
import { Tag } from '../ui/tag.tsx';
import { sayCount, sayDuration } from '../ui/words.ts';
import { Days } from './days.tsx';
import { Edges } from './edges.tsx';
import styles from './overview.module.css';
import { Points } from './points.tsx';

const renewMs = 10_000;
const soonMs = 4 * 3_600_000;

/** Whether enforcement holds, what goes out, and what wants somebody to look. */
export function OverviewPage(): ReactNode {
  const found = useQuery({
    queryKey: ['overview'],
    refetchInterval: renewMs,
    queryFn: async ({ signal }) => (await call('showOverview', { signal })).body,
  });
  return (
    <>
      <PageHead title="Overview" says="Whether enforcement holds, and what wants somebody to look." />
      {found.data !== undefined && <Shown overview={found.data} />}
      {found.data === undefined && found.error === null && <Waiting rows={8} />}
      {found.error !== null && <Failure error={found.error} onRetry={() => void found.refetch()} />}
    </>
  );
}

function Shown({ overview }: { readonly overview: OverviewAnswer }): ReactNode {
  const { problems, days, fresh, freshCount, broken, brokenCount } = overview;
  return (
    <div className={styles['stack']}>
      {problems.length > 0 && (
        <section className={styles['problems']} aria-label="Problems">
          <strong>{sayCount(problems.length, 'problem')}</strong>
          <ul>
            {problems.map((line) => (
              <li key={line}>{line}</li>
            ))}
          </ul>
        </section>
      )}
      <Figures overview={overview} />
      {days.length === 0 && (
        <Empty title="Nothing has asked to go out yet" command="exeat env --as NAME">
          <p>Point a workload at the proxy and watch it under Decisions. This prints what it needs:</p>
        </Empty>
      )}
      {days.length > 0 && (
        <Panel title="Connections judged, by day (UTC)">
          <Days days={days} />
        </Panel>
      )}
      <div className={styles['two']}>
        <Panel title={`New destinations since yesterday: ${freshCount}`}>
          <Edges edges={fresh} all={freshCount} none="None. What goes out went out before." />
        </Panel>
        <Panel title={`Worked before, refused now: ${brokenCount}`}>
          <Edges edges={broken} all={brokenCount} none="None. Nothing that worked within 30 days is refused." />
        </Panel>
      </div>
      <Points overview={overview} />
    </div>
  );
}

function Figures({ overview }: { readonly overview: OverviewAnswer }): ReactNode {
  const { servicesByMode, enforcedShare } = overview;
  const waiting = useExceptions('pending');
  const active = useExceptions('active');
  const ending = active?.filter(({ notAfter }) => notAfter !== null && Date.parse(notAfter) - Date.now() < soonMs);
  return (
    <dl className={styles['figures']}>
      <Figure name="Services under enforce" value={servicesByMode === null ? 'unknown' : share(servicesByMode)}>
        {servicesByMode !== null && servicesByMode.observe > 0 && (
          <Tag tone="watch">{sayCount(servicesByMode.observe, 'is observed', 'are observed')}</Tag>
        )}
      </Figure>
      <Figure
        name="Connections under enforce"
        value={enforcedShare === null ? 'none yet' : `${Math.floor(enforcedShare * 1_000) / 10} %`}
      >
        of 30 days
      </Figure>
      <Figure name="Requests that wait" value={waiting === null ? '…' : String(waiting.length)}>
        <Link to="/exceptions">Decide</Link>
      </Figure>
      <Figure name="Exceptions in force" value={active === null ? '…' : String(active.length)}>
        {ending !== undefined && ending.length > 0 ? (
          <Link to="/exceptions" search={{ show: 'in-force' }}>
            {sayCount(ending.length, 'ends', 'end')} within {sayDuration(soonMs)}
          </Link>
        ) : (
          'none ends soon'
        )}
      </Figure>
    </dl>
  );
}

function share({ enforce, observe }: { readonly enforce: number; readonly observe: number }): string {
  return `${enforce} of ${enforce + observe}`;
}

interface FigureProps {
  readonly name: string;
  readonly value: string;
  readonly children: ReactNode;
}

function Figure({ name, value, children }: FigureProps): ReactNode {
  return (
    <div className={styles['figure']}>
      <dt>{name}</dt>
      <dd className={styles['value']}>{value}</dd>
      <dd className={styles['note']}>{children}</dd>
    </div>
  );
}

function useExceptions(status: string): readonly ExceptionAnswer[] | null {
  const { data } = useQuery({
    queryKey: ['exceptions-by', status],
    refetchInterval: renewMs,
    queryFn: async ({ signal }) => (await call('listExceptions', { query: { status, limit: 500 }, signal })).body.items,
  });
  return data ?? null;
}
