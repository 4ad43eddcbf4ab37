import { Button } from '@mantine/core';
import { type FormEvent, type ReactNode, useState } from 'react';
import type { ExceptionAnswer } from '../../api/contract/index.ts';
import { isStale } from '../api/failure.ts';
import { ConfirmLine } from '../passkeys/confirm-line.tsx';
import { useConfirmedAct, useConfirming } from '../passkeys/use-confirmed-act.ts';
import { FormFailure } from '../ui/states.tsx';
import styles from './exceptions.module.css';
import { ReasonField } from './reason-field.tsx';

/** Lets what is held go on: a decision like an approval, on what is shown. */
export function ResumeForm({ one }: { readonly one: ExceptionAnswer }): ReactNode {
  const [reason, setReason] = useState('');
  const act = useConfirmedAct('resumeException', () => undefined);
  const confirming = useConfirming(one.confirm);
  const resume = (event: FormEvent): void => {
    event.preventDefault();
    const { digest, policyVersion } = one;
    act.run(
      { params: { id: one.id }, body: { digest, policyVersion, reason: reason.trim() } },
      confirming === 'passkey',
    );
  };
  return (
    <form onSubmit={resume} className={styles['form']}>
      <ReasonField value={reason} onChange={setReason} />
      <ConfirmLine confirming={confirming} />
      <FormFailure said={isStale(act.error) ? 'It changed while you decided. Look at it again.' : act.said} />
      <div className={styles['acts']}>
        <Button
          type="submit"
          loading={act.isBusy}
          disabled={reason.trim() === '' || confirming === undefined || confirming === 'lacking'}
        >
          Let it go on
        </Button>
      </div>
    </form>
  );
}
