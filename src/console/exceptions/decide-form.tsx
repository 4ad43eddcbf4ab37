import { Button, TextInput } from '@mantine/core';
import { type FormEvent, type ReactNode, useEffect, useState } from 'react';
import type { ExceptionAnswer, Narrowing } from '../../api/contract/index.ts';
import type { Answered } from '../api/call.ts';
import { isStale } from '../api/failure.ts';
import { ConfirmLine } from '../passkeys/confirm-line.tsx';
import { useConfirmedAct, useConfirming } from '../passkeys/use-confirmed-act.ts';
import { Panel } from '../ui/panel.tsx';
import { FormFailure } from '../ui/states.tsx';
import { sayDuration } from '../ui/words.ts';
import { Durations } from './durations.tsx';
import styles from './exceptions.module.css';
import { ReasonForm } from './reason-form.tsx';

type Looked = Pick<ExceptionAnswer, 'digest' | 'policyVersion' | 'durationSeconds' | 'to'>;

/** Approve what was looked at, or less of it; or deny. What changed since somebody began to look is told and never approved unseen. */
export function DecideForm({ answer }: { readonly answer: Answered<'showException'> }): ReactNode {
  const one = answer.body;
  const [looked, setLooked] = useState<Looked>(one);
  const [isDenying, setDenying] = useState(false);
  const isChanged = one.digest !== looked.digest;
  return (
    <Panel title="Your decision">
      {isChanged && (
        <div className={styles['form']}>
          <p className={styles['obstacle']} role="alert">
            {sayChange(looked, one)} What you see is how it stands now.
          </p>
          <Button variant="default" onClick={() => setLooked(one)}>
            I have looked at it again
          </Button>
        </div>
      )}
      {!isChanged && !isDenying && (
        <ApproveForm key={looked.digest} answer={answer} looked={looked} onDeny={() => setDenying(true)} />
      )}
      {!isChanged && isDenying && (
        <>
          <ReasonForm act="denyException" answer={answer} word="Deny it" />
          <Button variant="subtle" onClick={() => setDenying(false)}>
            Back
          </Button>
        </>
      )}
    </Panel>
  );
}

function sayChange(before: Looked, now: Looked): string {
  if (before.to !== now.to) return `The destination changed while you looked, from ${before.to} to ${now.to}.`;
  if (before.durationSeconds !== now.durationSeconds) return 'Its duration changed while you looked.';
  if (before.policyVersion !== now.policyVersion) return 'The policy changed while you looked.';
  return 'The request changed while you looked.';
}

interface ApproveFormProps {
  readonly answer: Answered<'showException'>;
  readonly looked: Looked;
  readonly onDeny: () => void;
}

function ApproveForm({ answer, looked, onDeny }: ApproveFormProps): ReactNode {
  const one = answer.body;
  const [seconds, setSeconds] = useState(one.durationSeconds);
  const [to, setTo] = useState(one.to);
  const [note, setNote] = useState('');
  const act = useConfirmedAct('approveException', () => undefined);
  const confirming = useConfirming(one.confirm);
  const narrow = narrowing(one, seconds, to.trim());
  const approve = (event: FormEvent): void => {
    event.preventDefault();
    const { digest, policyVersion } = looked;
    const reason = note.trim() === '' ? null : note.trim();
    const body = { digest, policyVersion, reason, narrow };
    act.run({ params: { id: one.id }, body }, confirming === 'passkey');
  };
  useEffect(() => setTo(one.to), [one.to]);
  return (
    <form onSubmit={approve} className={styles['form']}>
      <Durations label="Approve for" chosen={seconds} longest={one.durationSeconds} onChoose={setSeconds} />
      <TextInput
        label="Destination"
        description="What was asked for, or less of it"
        className="monoField"
        value={to}
        onChange={(event) => setTo(event.currentTarget.value)}
      />
      <TextInput label="Note" value={note} maxLength={500} onChange={(event) => setNote(event.currentTarget.value)} />
      <ConfirmLine confirming={confirming} />
      <FormFailure said={isStale(act.error) ? 'It changed while you decided. Look at it again.' : act.said} />
      <div className={styles['acts']}>
        <Button type="submit" loading={act.isBusy} disabled={confirming === undefined || confirming === 'lacking'}>
          {narrow === null ? 'Approve' : `Approve less: ${sayDuration(seconds * 1_000)}`}
        </Button>
        <Button variant="default" onClick={onDeny}>
          Deny
        </Button>
      </div>
    </form>
  );
}

function narrowing(one: ExceptionAnswer, durationSeconds: number, to: string): Narrowing | null {
  const isShorter = durationSeconds !== one.durationSeconds;
  const isElsewhere = to !== one.to && to !== '';
  if (!isShorter && !isElsewhere) return null;
  return { ...(isShorter ? { durationSeconds } : {}), ...(isElsewhere ? { to } : {}) };
}
