import { useQuery } from '@tanstack/react-query';
import { getRouteApi, Link } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import { type Answered, call } from '../api/call.ts';
import { Moment } from '../ui/moment.tsx';
import { PageHead } from '../ui/page-head.tsx';
import { Facts, Panel } from '../ui/panel.tsx';
import { Failure, Waiting } from '../ui/states.tsx';
import { sayBytes, sayDuration } from '../ui/words.ts';
import { Actions } from './actions.tsx';
import { Delta } from './delta.tsx';
import styles from './exceptions.module.css';
import { History } from './history.tsx';
import { Standing, TierTag } from './standing.tsx';
import { Timeline } from './timeline.tsx';
import { Usage } from './usage.tsx';

const route = getRouteApi('/exceptions/$id');
const renewMs = 5_000;

/** One exception: what it opens, how it stands, and what can be done about it by whoever looks. */
export function ExceptionPage(): ReactNode {
  const { id } = route.useParams();
  const found = useQuery({
    queryKey: ['exception', id],
    refetchInterval: renewMs,
    queryFn: ({ signal }) => call('showException', { params: { id }, signal }),
  });
  if (found.data === undefined) {
    return found.error === null ? <Waiting /> : <Failure error={found.error} onRetry={() => void found.refetch()} />;
  }
  return <Shown answer={found.data} />;
}

function Shown({ answer }: { readonly answer: Answered<'showException'> }): ReactNode {
  const one = answer.body;
  return (
    <>
      <PageHead title={`${one.service} → ${one.to}`} says={<Standing one={one} />} />
      <div className={styles['two']}>
        <div className={styles['column']}>
          <Panel title="What it opens">
            <p className={styles['said']}>
              <strong>{one.service}</strong> may reach <code>{one.to}</code> for{' '}
              {sayDuration(one.durationSeconds * 1_000)}
              {one.notBefore === null ? ' from its approval on' : ''}.
            </p>
            <Timeline one={one} />
            <Delta one={one} />
          </Panel>
          <Actions answer={answer} />
        </div>
        <div className={styles['column']}>
          <Panel title="The request">
            <RequestFacts one={one} />
          </Panel>
          {one.decisions.length > 0 && (
            <Panel title="Decisions">
              <ul className={styles['list']}>
                {one.decisions.map((each) => (
                  <li key={`${each.by} ${each.at}`}>
                    {each.by} {each.verdict === 'approve' ? 'approved' : 'denied'} it <Moment at={each.at} />
                    {each.confirmedBy !== null && `, confirmed with a ${each.confirmedBy}`}
                    {each.reason !== null && `: ${each.reason}`}
                    {!each.isCurrent && <small> (for what was asked before an edit)</small>}
                  </li>
                ))}
              </ul>
            </Panel>
          )}
          {one.notBefore !== null && <Usage id={one.id} />}
          <History one={one} />
        </div>
      </div>
    </>
  );
}

function Other({ id }: { readonly id: string }): ReactNode {
  return (
    <Link to="/exceptions/$id" params={{ id }}>
      {id}
    </Link>
  );
}

function sayHeld({ held }: Answered<'showException'>['body']): string | null {
  return held === null ? null : `${held.by ?? 'by itself'}: ${held.reason}`;
}

function RequestFacts({ one }: { readonly one: Answered<'showException'>['body'] }): ReactNode {
  return (
    <Facts
      rows={[
        ['Reason', one.reason],
        ['Ticket', one.ticket],
        ['Asked by', one.requester],
        ['For', one.beneficiary === one.requester ? null : one.beneficiary],
        ['Asked', <Moment key="asked" at={one.submittedAt} isExact />],
        ['Owner', one.owner],
        ['Tier', <TierTag key="tier" tier={one.tier} />],
        ['Identity', one.identity === null ? null : <code key="identity">{one.identity}</code>],
        ['Through', one.via.length === 0 ? null : one.via.join(', ')],
        ['At most up', one.bytesUp === null ? null : sayBytes(one.bytesUp)],
        ['At most down', one.bytesDown === null ? null : sayBytes(one.bytesDown)],
        ['Starts', one.notBefore === null ? null : <Moment key="starts" at={one.notBefore} isExact />],
        ['Ends', one.notAfter === null ? null : <Moment key="ends" at={one.endedAt ?? one.notAfter} isExact />],
        ['Ended by', one.endedBy],
        ['Reviewed', one.review === null ? null : `${one.review.outcome} by ${one.review.by}`],
        ['Held', sayHeld(one)],
        ['Stands by it', one.acknowledged?.by],
        ['Extends', one.extends === null ? null : <Other key="extends" id={one.extends} />],
        ['Answers', one.decision === null ? null : <code key="decision">{one.decision}</code>],
        ['Id', <code key="id">{one.id}</code>],
      ]}
    />
  );
}
