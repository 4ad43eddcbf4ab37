import { Button } from '@mantine/core';
import { type FormEvent, type ReactNode, useState } from 'react';
import type { Answered } from '../api/call.ts';
import { FormFailure } from '../ui/states.tsx';
import { useAct } from '../ui/use-act.ts';
import styles from './exceptions.module.css';
import { ReasonField } from './reason-field.tsx';

interface ReasonFormProps {
  readonly act: 'withdrawException' | 'revokeException' | 'suspendException' | 'denyException';
  readonly answer: Answered<'showException'>;
  readonly word: string;
}

/** An act that takes something away and says why. It holds for what is shown: what changed meanwhile is looked at again first. */
export function ReasonForm({ act: id, answer, word }: ReasonFormProps): ReactNode {
  const [reason, setReason] = useState('');
  const act = useAct(id, () => setReason(''));
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    act.run({ params: { id: answer.body.id }, body: { reason: reason.trim() }, ifMatch: answer.etag });
  };
  return (
    <form onSubmit={submit} className={styles['form']}>
      <ReasonField value={reason} onChange={setReason} />
      <FormFailure said={act.said} />
      <div className={styles['acts']}>
        <Button type="submit" color="red" loading={act.isBusy} disabled={reason.trim() === ''}>
          {word}
        </Button>
      </div>
    </form>
  );
}
