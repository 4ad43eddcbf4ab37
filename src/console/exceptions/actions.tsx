import type { ReactNode } from 'react';
import type { Answered } from '../api/call.ts';
import { useMay, useSession } from '../session/session-state.ts';
import { Panel } from '../ui/panel.tsx';
import { DecideForm } from './decide-form.tsx';
import styles from './exceptions.module.css';
import { ReasonForm } from './reason-form.tsx';
import { ReviewForm } from './review-form.tsx';

/** What whoever looks may do now. Where somebody may not, the reason stands there instead of a button that would be refused. */
export function Actions({ answer }: { readonly answer: Answered<'showException'> }): ReactNode {
  const one = answer.body;
  const { person } = useSession();
  const mayApprove = useMay('exception:approve');
  const mayRevoke = useMay('exception:revoke');
  const mayReview = useMay('exception:review');
  const isOwn = one.requester === person.id || one.beneficiary === person.id || person.linkedTo.includes(one.requester);
  if (one.status === 'pending') {
    return (
      <>
        {mayApprove && !isOwn && <DecideForm answer={answer} />}
        {!mayApprove && !isOwn && <Told text="It waits for somebody who may approve. Your token may not." />}
        {isOwn && (
          <Told text="You asked for it, so somebody else decides. Send them the address of this page.">
            <ReasonForm act="withdrawException" answer={answer} word="Take it back" />
          </Told>
        )}
      </>
    );
  }
  if (['active', 'approved', 'suspended'].includes(one.status)) {
    return mayRevoke || isOwn ? (
      <Told text="It ends by itself. To end it now cuts its connections within a second.">
        <ReasonForm act="revokeException" answer={answer} word="End it now" />
      </Told>
    ) : null;
  }
  const isDue = one.reviewStatus === 'review_due' || one.reviewStatus === 'review_overdue';
  return isDue && mayReview && !isOwn ? <ReviewForm answer={answer} /> : null;
}

function Told({ text, children }: { readonly text: string; readonly children?: ReactNode }): ReactNode {
  return (
    <Panel title="What you can do">
      <p className={styles['quiet']}>{text}</p>
      {children}
    </Panel>
  );
}
