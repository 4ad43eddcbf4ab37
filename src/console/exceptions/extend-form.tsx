import { Button, TextInput } from '@mantine/core';
import { useNavigate } from '@tanstack/react-router';
import { type FormEvent, type ReactNode, useState } from 'react';
import type { ExceptionAnswer } from '../../api/contract/index.ts';
import { FormFailure } from '../ui/states.tsx';
import { useAct } from '../ui/use-act.ts';
import { Durations } from './durations.tsx';
import styles from './exceptions.module.css';
import { ReasonField } from './reason-field.tsx';

/** Asks for more time: a new request, linked to this one, that leads to its own page. */
export function ExtendForm({ one }: { readonly one: ExceptionAnswer }): ReactNode {
  const navigate = useNavigate();
  const [seconds, setSeconds] = useState(one.durationSeconds);
  const [reason, setReason] = useState('');
  const [ticket, setTicket] = useState(one.ticket ?? '');
  const act = useAct(
    'extendException',
    ({ body }) => void navigate({ to: '/exceptions/$id', params: { id: body.id } }),
  );
  const extend = (event: FormEvent): void => {
    event.preventDefault();
    const body = {
      durationSeconds: seconds,
      reason: reason.trim(),
      ticket: ticket.trim() === '' ? null : ticket.trim(),
    };
    act.run({ params: { id: one.id }, body });
  };
  return (
    <form onSubmit={extend} className={styles['form']}>
      <Durations label="For" chosen={seconds} longest={one.durationSeconds} onChoose={setSeconds} />
      <ReasonField value={reason} onChange={setReason} />
      <TextInput
        label="Ticket"
        maxLength={256}
        value={ticket}
        onChange={(event) => setTicket(event.currentTarget.value)}
      />
      <FormFailure said={act.said} />
      <div className={styles['acts']}>
        <Button type="submit" loading={act.isBusy} disabled={reason.trim() === ''}>
          Ask for more time
        </Button>
      </div>
    </form>
  );
}
