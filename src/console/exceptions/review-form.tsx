import { Button, NativeSelect, Textarea } from '@mantine/core';
import { type FormEvent, type ReactNode, useState } from 'react';
import type { ReviewOutcome } from '../../api/contract/index.ts';
import type { Answered } from '../api/call.ts';
import { Panel } from '../ui/panel.tsx';
import { FormFailure } from '../ui/states.tsx';
import { useAct } from '../ui/use-act.ts';
import styles from './exceptions.module.css';

const outcomes: Readonly<Record<ReviewOutcome, string>> = {
  ok: 'It was used for what it was asked for',
  should_be_permanent: 'It should be a rule of the policy',
  misuse: 'It was used for something else',
  policy_gap: 'The policy lacks something else',
};

/** Says what became of it, after its end. */
export function ReviewForm({ answer }: { readonly answer: Answered<'showException'> }): ReactNode {
  const [outcome, setOutcome] = useState<ReviewOutcome>('ok');
  const [note, setNote] = useState('');
  const act = useAct('reviewException', () => undefined);
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    const body = { outcome, note: note.trim() === '' ? null : note.trim() };
    act.run({ params: { id: answer.body.id }, body, ifMatch: answer.etag });
  };
  return (
    <Panel title="Your review">
      <form onSubmit={submit} className={styles['form']}>
        <NativeSelect
          label="What became of it"
          value={outcome}
          data={Object.entries(outcomes).map(([value, label]) => ({ value, label }))}
          onChange={(event) => setOutcome(event.currentTarget.value as ReviewOutcome)}
        />
        <Textarea
          label="Note"
          autosize
          minRows={2}
          value={note}
          onChange={(event) => setNote(event.currentTarget.value)}
        />
        <FormFailure said={act.said} />
        <div className={styles['acts']}>
          <Button type="submit" loading={act.isBusy}>
            Review it
          </Button>
        </div>
      </form>
    </Panel>
  );
}
