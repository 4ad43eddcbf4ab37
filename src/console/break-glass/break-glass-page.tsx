import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import type { ExceptionAnswer } from '../../api/contract/index.ts';
import { call } from '../api/call.ts';
import { Standing } from '../exceptions/standing.tsx';
import { Timeline } from '../exceptions/timeline.tsx';
import { useOwnPasskeys } from '../passkeys/use-confirmed-act.ts';
import { Moment } from '../ui/moment.tsx';
import { PageHead } from '../ui/page-head.tsx';
import { Panel } from '../ui/panel.tsx';
import { Empty, Failure, Waiting } from '../ui/states.tsx';
import { Tag } from '../ui/tag.tsx';
import styles from './break-glass.module.css';
import { DeclareForm } from './declare-form.tsx';
import { Enrolled } from './enrolled.tsx';

const renewMs = 5_000;

/** What was opened without asking: what is open now, whose review is due, and how to declare it. */
export function BreakGlassPage(): ReactNode {
  const found = useQuery({
    queryKey: ['break-glass'],
    refetchInterval: renewMs,
    queryFn: async ({ signal }) =>
      (await call('listExceptions', { query: { kind: 'break-glass', limit: 200 }, signal })).body.items,
  });
  return (
    <>
      <PageHead
        title="Break-glass"
        says="When there is no time to ask: one host and port, for an hour at most, at once. Everybody hears of it, and somebody reviews it."
      />
      <div className={styles['two']}>
        <div className={styles['column']}>
          {found.data === undefined && found.error === null && <Waiting />}
          {found.data === undefined && found.error !== null && (
            <Failure error={found.error} onRetry={() => void found.refetch()} />
          )}
          {found.data !== undefined && <Lists all={found.data} />}
        </div>
        <div className={styles['column']}>
          <Declaring />
          <Enrolled />
        </div>
      </div>
    </>
  );
}

function Lists({ all }: { readonly all: readonly ExceptionAnswer[] }): ReactNode {
  const open = all.filter(({ status }) => status === 'active' || status === 'suspended');
  const due = all.filter(({ reviewStatus }) => reviewStatus === 'review_due' || reviewStatus === 'review_overdue');
  const rest = all.filter((one) => !open.includes(one) && !due.includes(one));
  if (all.length === 0) {
    return (
      <Empty
        title="Nobody has broken the glass yet"
        command="exeat break-glass open --service SERVICE --to HOST:443 --reason 'WHAT IS ON FIRE' --key KEY.pem --key-id ID"
      >
        <p>Enrol a passkey or a key before you need it. On the command line:</p>
      </Empty>
    );
  }
  return (
    <>
      <Rows title="Open now" rows={open} nothing="Nothing is open by break-glass." />
      <Rows
        title="Reviews that are due"
        rows={due}
        nothing="Every review is done. An overdue one blocks the next break-glass."
      />
      {rest.length > 0 && <Rows title="Before" rows={rest} nothing="" />}
    </>
  );
}

interface RowsProps {
  readonly title: string;
  readonly rows: readonly ExceptionAnswer[];
  readonly nothing: string;
}

function Rows({ title, rows, nothing }: RowsProps): ReactNode {
  return (
    <Panel title={title}>
      {rows.length === 0 ? (
        <p className={styles['quiet']}>{nothing}</p>
      ) : (
        <ul className={styles['rows']}>
          {rows.map((one) => (
            <Row key={one.id} one={one} />
          ))}
        </ul>
      )}
    </Panel>
  );
}

function Row({ one }: { readonly one: ExceptionAnswer }): ReactNode {
  const waitsForSecond = one.status === 'active' && one.acknowledged === null;
  return (
    <li>
      <div>
        <Link to="/exceptions/$id" params={{ id: one.id }} className={styles['what']}>
          {one.service} <span aria-hidden="true">→</span> <span className="mono">{one.to}</span>
        </Link>{' '}
        <Standing one={one} /> {waitsForSecond && <Tag tone="watch">nobody stands by it</Tag>}
        <small>
          {one.requester} <Moment at={one.submittedAt} />: {one.reason}
        </small>
        <Review one={one} />
      </div>
      <Timeline one={one} />
    </li>
  );
}

function Review({ one }: { readonly one: ExceptionAnswer }): ReactNode {
  if (one.review !== null) {
    return (
      <small>
        reviewed by {one.review.by} <Moment at={one.review.at} />
        {one.review.note !== null && `: ${one.review.note}`}
      </small>
    );
  }
  if (one.reviewStatus === null || one.reviewDueAt === null) return null;
  return (
    <small>
      {one.reviewStatus === 'review_overdue' ? 'review overdue, it was due ' : 'review due '}
      <Moment at={one.reviewDueAt} />
    </small>
  );
}

/** The form for whoever may, and for everybody else the way there. */
function Declaring(): ReactNode {
  const passkeys = useOwnPasskeys();
  if (passkeys === undefined) return null;
  const enrolled = passkeys.filter(({ isEnrolled }) => isEnrolled);
  if (enrolled.length > 0) return <DeclareForm passkeys={enrolled} />;
  return (
    <Panel title="Declare it">
      <p className={styles['quiet']}>
        {passkeys.length === 0 ? (
          <>
            It is signed with a passkey or a key that an admin has enrolled, and never opened by a token alone.{' '}
            <Link to="/passkeys">Register a passkey</Link> first, before you need it.
          </>
        ) : (
          'Your passkey is not enrolled. Ask an admin to enrol it, before you need it.'
        )}
      </p>
    </Panel>
  );
}
