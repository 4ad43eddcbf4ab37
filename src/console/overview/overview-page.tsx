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
import { Changes } from './changes.tsx';
import { Days } from './days.tsx';
import { Edges } from './edges.tsx';
import { Ending } from './ending.tsx';
import { Now } from './now.tsx';
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
      <PageHead title="Overview" says="What goes out, whether enforcement holds, and what wants somebody to look." />
      {found.data !== undefined && <Shown overview={found.data} />}
      {found.data === undefined && found.error === null && <Waiting rows={8} />}
      {found.error !== null && <Failure error={found.error} onRetry={() => void found.refetch()} />}
    </>
  );
}

function Shown({ overview }: { readonly overview: OverviewAnswer }): ReactNode {
  const { problems, days, fresh, freshCount, broken, brokenCount } = overview;
  const waiting = useExceptions('pending');
  const active = useExceptions('active');
  const ending =
    active?.filter(({ notAfter }) => notAfter !== null && Date.parse(notAfter) - Date.now() < soonMs) ?? [];
  return (
    <div className={styles['stack']}>
      <Problems problems={problems} />
      <Figures overview={overview} waiting={waiting} active={active} endingCount={ending.length} />
      {days.length === 0 && (
        <Empty title="Nothing has asked to go out yet" command="exeat env --as NAME">
          <p>Point a workload at the proxy and watch it under Decisions. This prints what it needs:</p>
        </Empty>
      )}
      {days.length > 0 && <Now now={overview.now} />}
      <div className={styles['two']}>
        <div className={styles['stack']}>
          <Panel title={`New destinations since yesterday: ${freshCount}`}>
            <Edges edges={fresh} all={freshCount} none="None. What goes out went out before." />
          </Panel>
          <Panel title={`Worked before, refused now: ${brokenCount}`}>
            <Edges edges={broken} all={brokenCount} none="None. Nothing that worked within 30 days is refused." />
          </Panel>
        </div>
        <div className={styles['stack']}>
          <Panel title={`Exceptions ending soon: ${ending.length}`}>
            <Ending ending={ending} />
          </Panel>
          <Panel title="What changed since yesterday">
            <Changes changes={overview.changes} />
          </Panel>
          <Points overview={overview} />
        </div>
      </div>
      {days.length > 0 && (
        <Panel title="Judged by day (UTC): connections, and questions to the DNS filter">
          <Days days={days} />
        </Panel>
      )}
    </div>
  );
}

function Problems({ problems }: Pick<OverviewAnswer, 'problems'>): ReactNode {
  if (problems.length === 0) return null;
  return (
    <section className={styles['problems']} aria-label="Problems">
      <strong>{sayCount(problems.length, 'problem')}</strong>
      <ul>
        {problems.map((line) => (
          <li key={line}>{line}</li>
        ))}
      </ul>
    </section>
  );
}

interface FiguresProps {
  readonly overview: OverviewAnswer;
  readonly waiting: readonly ExceptionAnswer[] | null;
  readonly active: readonly ExceptionAnswer[] | null;
  readonly endingCount: number;
}

function Figures({ overview, waiting, active, endingCount }: FiguresProps): ReactNode {
  const { servicesByMode, enforcedShare, namedShare } = overview;
  return (
    <dl className={styles['figures']}>
      <Figure name="Services under enforce" value={servicesByMode === null ? 'unknown' : share(servicesByMode)}>
        {servicesByMode !== null && servicesByMode.observe > 0 && (
          <Tag tone="watch">{sayCount(servicesByMode.observe, 'is observed', 'are observed')}</Tag>
        )}
      </Figure>
      <Figure name="Connections under enforce" value={percent(enforcedShare)}>
        of 30 days
      </Figure>
      <Figure name="Connections named" value={percent(namedShare)}>
        service and host known by name
      </Figure>
      <Figure name="Requests that wait" value={waiting === null ? '…' : String(waiting.length)}>
        <Link to="/exceptions">Decide</Link>
      </Figure>
      <Figure name="Exceptions in force" value={active === null ? '…' : String(active.length)}>
        {endingCount > 0 ? (
          <Link to="/exceptions" search={{ show: 'in-force' }}>
            {sayCount(endingCount, 'ends', 'end')} within {sayDuration(soonMs)}
          </Link>
        ) : (
          'none ends soon'
        )}
      </Figure>
    </dl>
  );
}

function percent(part: number | null): string {
  return part === null ? 'none yet' : `${Math.floor(part * 1_000) / 10} %`;
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
