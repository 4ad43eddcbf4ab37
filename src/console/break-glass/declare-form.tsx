import { Button, TextInput } from '@mantine/core';
import { useQueryClient } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { type FormEvent, type ReactNode, useState } from 'react';
import type { PasskeyAnswer, PreviewAnswer } from '../../api/contract/index.ts';
import { isOver, sayFailure } from '../api/failure.ts';
import { Durations } from '../exceptions/durations.tsx';
import { ReasonField } from '../exceptions/reason-field.tsx';
import { usePreview } from '../exceptions/use-preview.ts';
import { CeremonyFailure } from '../passkeys/ceremony.ts';
import { useSession } from '../session/session-state.ts';
import { Panel } from '../ui/panel.tsx';
import { FormFailure } from '../ui/states.tsx';
import { Worded } from '../ui/worded.tsx';
import { sayBytes, sayDuration } from '../ui/words.ts';
import styles from './break-glass.module.css';
import { declare } from './declaration.ts';

const leastReason = 10;

/** Declares break-glass: what opens, for how long and what follows stands beside the button before anybody presses it. */
export function DeclareForm({ passkeys }: { readonly passkeys: readonly PasskeyAnswer[] }): ReactNode {
  const [written, setWritten] = useState({ service: '', to: '', reason: '', seconds: 900 });
  const preview = usePreview(written);
  const act = useDeclare(passkeys);
  const { said } = preview;
  const obstacle = said === null ? null : said.service === null ? 'the policy has no such service' : said.obstacle;
  const isReady = said !== null && obstacle === null && written.reason.trim().length >= leastReason;
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    if (said === null) return;
    const { service, reason, seconds } = written;
    void act.run({ service: service.trim(), to: said.to, reason: reason.trim(), seconds });
  };
  const field = (key: 'service' | 'to') => ({
    required: true,
    autoComplete: 'off',
    spellCheck: false,
    maxLength: 512,
    value: written[key],
    onChange: (event: { readonly currentTarget: { readonly value: string } }) =>
      setWritten({ ...written, [key]: event.currentTarget.value }),
  });
  return (
    <Panel title="Declare it">
      <form onSubmit={submit} className={styles['form']}>
        <TextInput label="Service" description="Who shall reach it" {...field('service')} />
        <TextInput
          label="Destination"
          description="Exactly one host and one port"
          className="monoField"
          {...field('to')}
        />
        <Durations
          chosen={written.seconds}
          longest={said?.breakGlass.longestSeconds ?? null}
          usual={[900, 1_800, 3_600]}
          onChoose={(seconds) => setWritten({ ...written, seconds })}
        />
        <ReasonField
          hint="What is on fire, for everybody who hears of it now and reviews it then"
          value={written.reason}
          onChange={(reason) => setWritten({ ...written, reason })}
        />
        {preview.problem !== null && <Obstacle text={preview.problem} />}
        {obstacle !== null && <Obstacle text={`It cannot be opened: ${obstacle}.`} />}
        {said !== null && obstacle === null && <Opens said={said} written={written} />}
        <FormFailure said={act.said} />
        <div>
          <Button type="submit" color="red" loading={act.isBusy} disabled={!isReady}>
            Break the glass
          </Button>
        </div>
      </form>
    </Panel>
  );
}

function Obstacle({ text }: { readonly text: string }): ReactNode {
  return (
    <p className={styles['obstacle']}>
      <Worded text={text} />
    </p>
  );
}

interface OpensProps {
  readonly said: PreviewAnswer;
  readonly written: { readonly service: string; readonly seconds: number };
}

function Opens({ said, written }: OpensProps): ReactNode {
  const { person } = useSession();
  const { firstStepSeconds, bytesUp, reviewWithinSeconds } = said.breakGlass;
  const step = Math.min(firstStepSeconds, written.seconds);
  return (
    <ul className={styles['opens']} aria-label="What it opens">
      <li>
        <strong>{written.service.trim()}</strong> may reach <code>{said.to}</code> at once, by {person.name}
      </li>
      <li>
        for {sayDuration(step * 1_000)}, and for {sayDuration(written.seconds * 1_000)} in all once somebody else stands
        by it
      </li>
      <li>at most {sayBytes(bytesUp)} up</li>
      <li>everybody hears of it; its review is due within {sayDuration(reviewWithinSeconds * 1_000)}</li>
      <li>your passkey signs just this</li>
    </ul>
  );
}

function useDeclare(passkeys: readonly PasskeyAnswer[]): {
  readonly run: (declared: Parameters<typeof declare>[0]) => Promise<void>;
  readonly isBusy: boolean;
  readonly said: string | null;
} {
  const client = useQueryClient();
  const navigate = useNavigate();
  const [isBusy, setBusy] = useState(false);
  const [said, setSaid] = useState<string | null>(null);
  return {
    isBusy,
    said,
    run: async (declared) => {
      setSaid(null);
      setBusy(true);
      try {
        const id = await declare(declared, passkeys);
        await client.invalidateQueries({ predicate: ({ queryKey }) => queryKey[0] !== 'session' });
        await navigate({ to: '/exceptions/$id', params: { id } });
      } catch (error) {
        setSaid(error instanceof CeremonyFailure ? error.message : isOver(error) ? null : sayFailure(error));
      } finally {
        setBusy(false);
      }
    },
  };
}
