import type { ReactNode } from 'react';
import type { ExceptionAnswer } from '../../api/contract/index.ts';
import type { Answered } from '../api/call.ts';
import { useMay, useSession } from '../session/session-state.ts';
import { DecideForm } from './decide-form.tsx';
import { GrantActs } from './grant-acts.tsx';
import { ReasonForm } from './reason-form.tsx';
import { ReviewForm } from './review-form.tsx';
import { StandByForm } from './stand-by-form.tsx';
import { Told } from './told.tsx';

/** What whoever looks may do now. Where somebody may not, the reason stands there instead of a button that would be refused. */
export function Actions({ answer }: { readonly answer: Answered<'showException'> }): ReactNode {
  const one = answer.body;
  const isOwn = useIsOwn(one);
  const mayApprove = useMay('exception:approve');
  const mayReview = useMay('exception:review');
  if (one.status === 'pending') return <PendingActs answer={answer} isOwn={isOwn} mayApprove={mayApprove} />;
  if (['active', 'approved', 'suspended'].includes(one.status)) {
    const waitsForSecond = one.kind === 'break-glass' && one.status === 'active' && one.acknowledged === null;
    return (
      <>
        {waitsForSecond && mayApprove && !isOwn && <StandByForm one={one} />}
        {waitsForSecond && isOwn && (
          <Told text="Somebody else must stand by it before its first step is over. Send them the address of this page." />
        )}
        <GrantActs answer={answer} isOwn={isOwn} mayApprove={mayApprove} />
      </>
    );
  }
  const isDue = one.reviewStatus === 'review_due' || one.reviewStatus === 'review_overdue';
  return isDue && mayReview && !isOwn ? <ReviewForm answer={answer} /> : null;
}

function useIsOwn(one: ExceptionAnswer): boolean {
  const { person } = useSession();
  return one.requester === person.id || one.beneficiary === person.id || person.linkedTo.includes(one.requester);
}

interface PendingActsProps {
  readonly answer: Answered<'showException'>;
  readonly isOwn: boolean;
  readonly mayApprove: boolean;
}

function PendingActs({ answer, isOwn, mayApprove }: PendingActsProps): ReactNode {
  if (isOwn) {
    return (
      <Told text="You asked for it, so somebody else decides. Send them the address of this page.">
        <ReasonForm act="withdrawException" answer={answer} word="Take it back" />
      </Told>
    );
  }
  return mayApprove ? (
    <DecideForm answer={answer} />
  ) : (
    <Told text="It waits for somebody who may approve. Your token may not." />
  );
}
