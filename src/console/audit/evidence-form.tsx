import { Button, TextInput } from '@mantine/core';
import { type FormEvent, type ReactNode, useState } from 'react';
import { Copied } from '../ui/copied.tsx';
import { saveFile } from '../ui/csv.ts';
import { toField, toInstant } from '../ui/instant-field.ts';
import { Panel } from '../ui/panel.tsx';
import { FormFailure } from '../ui/states.tsx';
import { useAct } from '../ui/use-act.ts';
import { sayCount } from '../ui/words.ts';
import styles from './audit.module.css';

const usualMs = 30 * 86_400_000;

interface Taken {
  readonly acts: number;
  /** What checks it. */
  readonly command: string;
}

/** Takes the acts of a time with their proofs, as one file that others can check; what the list below shows is another matter. */
export function EvidenceForm(): ReactNode {
  const [since, setSince] = useState(() => toField(new Date(Date.now() - usualMs).toISOString()));
  const [until, setUntil] = useState('');
  const [taken, setTaken] = useState<Taken | null>(null);
  const act = useAct('exportAudit', ({ body }) => {
    saveFile(
      body.name,
      Uint8Array.from(atob(body.archive), (one) => one.charCodeAt(0)),
      'application/gzip',
    );
    setTaken({
      acts: body.entries,
      command: `tar xzf ${body.name} && exeat audit verify ${body.folder}`,
    });
  });
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    setTaken(null);
    const span = Object.entries({ since: toInstant(since), until: toInstant(until) }).filter(([, at]) => at !== '');
    act.run({ body: Object.fromEntries(span) });
  };
  return (
    <Panel title="Evidence of a time">
      <p className={styles['quiet']}>
        Its acts with the proofs that they are in the log, for somebody who may not see the rest. That you took it
        stands in the log.
      </p>
      <form onSubmit={submit} className={styles['span']}>
        <TextInput
          label="From (UTC)"
          type="datetime-local"
          size="xs"
          value={since}
          onChange={({ currentTarget }) => setSince(currentTarget.value)}
        />
        <TextInput
          label="Until (UTC), now if empty"
          type="datetime-local"
          size="xs"
          value={until}
          onChange={({ currentTarget }) => setUntil(currentTarget.value)}
        />
        <Button type="submit" size="xs" variant="default" loading={act.isBusy}>
          Take evidence
        </Button>
      </form>
      <FormFailure said={act.said} />
      <div role="status" className={styles['taken']}>
        {act.said === null && taken !== null && (
          <>
            <p className={styles['quiet']}>{sayCount(taken.acts, 'act')} with proofs. This checks them:</p>
            <Copied text={taken.command} label="Copy the command of the check" />
          </>
        )}
      </div>
    </Panel>
  );
}
