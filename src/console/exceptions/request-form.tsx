import { Button, Textarea, TextInput } from '@mantine/core';
import { useNavigate } from '@tanstack/react-router';
import { type FormEvent, type ReactNode, useState } from 'react';
import type { ExplainedDecision, RequestBody } from '../../api/contract/index.ts';
import { Panel } from '../ui/panel.tsx';
import { FormFailure } from '../ui/states.tsx';
import { useAct } from '../ui/use-act.ts';
import { sayInstant } from '../ui/words.ts';
import { Durations } from './durations.tsx';
import styles from './exceptions.module.css';
import { Preview } from './preview.tsx';
import { usePreview } from './use-preview.ts';

/** What is filled in before anybody writes. */
export interface Asked {
  readonly service: string;
  readonly to: string;
  readonly owner: string;
  readonly decision: string | null;
}

interface FormProps {
  readonly asked: Asked;
  readonly denial: ExplainedDecision | null;
}

interface Written {
  readonly service: string;
  readonly to: string;
  readonly owner: string;
  readonly durationSeconds: number;
  readonly reason: string;
  readonly ticket: string;
}

const hour = 3_600;
// A working day: long enough to do it, short enough to be over when it is forgotten.
const usualSeconds = 8 * hour;

/** The form, with what it would come to beside it, told by the policy while somebody writes. */
export function RequestForm({ asked, denial }: FormProps): ReactNode {
  const navigate = useNavigate();
  const [written, setWritten] = useState<Written>({ ...asked, durationSeconds: usualSeconds, reason: '', ticket: '' });
  const change = (part: Partial<Written>): void => setWritten((before) => ({ ...before, ...part }));
  const preview = usePreview(written);
  const act = useAct(
    'requestException',
    ({ body }) => void navigate({ to: '/exceptions/$id', params: { id: body.id } }),
  );
  const owner = written.owner === '' ? (preview.said?.service?.owner ?? '') : written.owner;
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    act.run({ body: toBody({ ...written, owner }, asked.decision) });
  };
  return (
    <div className={styles['two']}>
      <form onSubmit={submit} className={styles['form']}>
        {denial !== null && <DenialLine denial={denial} />}
        <div className={styles['pair']}>
          <Field
            label="Service"
            hint="Who shall reach it"
            value={written.service}
            onChange={(service) => change({ service })}
          />
          <Field
            label="Destination"
            hint="host:port, as policies write it"
            value={written.to}
            onChange={(to) => change({ to })}
            isMono
          />
        </div>
        <Durations
          chosen={written.durationSeconds}
          longest={preview.said?.longestSeconds ?? null}
          onChoose={(durationSeconds) => change({ durationSeconds })}
        />
        <Textarea
          label="Reason"
          description="For who decides, and for auditors in a year: what is it for?"
          required
          minRows={3}
          autosize
          maxLength={500}
          value={written.reason}
          onChange={(event) => change({ reason: event.currentTarget.value })}
        />
        <div className={styles['pair']}>
          <Field
            label="Owner"
            hint="Which owner of the policy answers for it"
            value={owner}
            onChange={(text) => change({ owner: text })}
          />
          <Field
            label="Ticket"
            hint="If there is one"
            value={written.ticket}
            onChange={(ticket) => change({ ticket })}
            isOptional
          />
        </div>
        <FormFailure said={act.said} />
        <div className={styles['acts']}>
          <Button type="submit" loading={act.isBusy} disabled={preview.said?.obstacle != null}>
            Ask for it
          </Button>
        </div>
      </form>
      <Panel title="What this would come to">
        <Preview said={preview.said} problem={preview.problem} written={written} />
      </Panel>
    </div>
  );
}

function toBody(written: Written, decision: string | null): RequestBody {
  const { service, to, owner, reason, ticket, durationSeconds } = written;
  return {
    service: service.trim(),
    to: to.trim(),
    owner: owner.trim(),
    reason: reason.trim(),
    ticket: ticket.trim() === '' ? null : ticket.trim(),
    durationSeconds,
    decision,
    ...{ identity: null, via: [], startAt: null, bytesUp: null, bytesDown: null, beneficiary: null },
  };
}

interface FieldProps {
  readonly label: string;
  readonly hint: string;
  readonly value: string;
  readonly onChange: (text: string) => void;
  readonly isMono?: boolean;
  readonly isOptional?: boolean;
}

function Field({ label, hint, value, onChange, isMono = false, isOptional = false }: FieldProps): ReactNode {
  return (
    <TextInput
      label={label}
      description={hint}
      required={!isOptional}
      autoComplete="off"
      spellCheck={false}
      maxLength={512}
      className={isMono ? 'monoField' : ''}
      value={value}
      onChange={(event) => onChange(event.currentTarget.value)}
    />
  );
}

function DenialLine({ denial }: { readonly denial: ExplainedDecision }): ReactNode {
  const { decision, says } = denial;
  return (
    <p className={styles['quiet']}>
      Answers the decision <code>{decision.id}</code> of {sayInstant(decision.time)} UTC: {says}.
      {denial.requestable === null &&
        ' No exception would have let it through; ask only if something else changes too.'}
    </p>
  );
}
