import { Button, PasswordInput, TextInput } from '@mantine/core';
import { type FormEvent, type ReactNode, useState } from 'react';
import type { PasskeyAnswer } from '../../api/contract/index.ts';
import { FormFailure } from '../ui/states.tsx';
import { useAct } from '../ui/use-act.ts';
import styles from './passkeys.module.css';
import { useConfirmedAct } from './use-confirmed-act.ts';

interface ChangeProps {
  readonly one: PasskeyAnswer;
  readonly isLast: boolean;
  readonly onDone: () => void;
}

/** Calls a passkey something else, or removes it. */
export function ChangePasskey({ one, isLast, onDone }: ChangeProps): ReactNode {
  return (
    <div className={styles['change']}>
      <NameForm one={one} onDone={onDone} />
      <RemoveForm one={one} isLast={isLast} onDone={onDone} />
    </div>
  );
}

function NameForm({ one, onDone }: Omit<ChangeProps, 'isLast'>): ReactNode {
  const [name, setName] = useState(one.name);
  const act = useAct('namePasskey', onDone);
  const rename = (event: FormEvent): void => {
    event.preventDefault();
    act.run({ params: { id: one.id }, body: { name: name.trim() } });
  };
  return (
    <form onSubmit={rename} className={styles['form']}>
      <TextInput
        label="Call it"
        required
        maxLength={100}
        autoComplete="off"
        value={name}
        onChange={(event) => setName(event.currentTarget.value)}
      />
      <FormFailure said={act.said} />
      <div>
        <Button type="submit" variant="default" loading={act.isBusy} disabled={name.trim() === ''}>
          Save the name
        </Button>
      </div>
    </form>
  );
}

/** With a passkey while there is another one; the last one with the token, which nobody has who only sits down at an open page. */
function RemoveForm({ one, isLast, onDone }: ChangeProps): ReactNode {
  const [token, setToken] = useState('');
  const act = useConfirmedAct('removePasskey', onDone);
  const text = token.trim();
  const remove = (event: FormEvent): void => {
    event.preventDefault();
    const body = text === '' ? {} : { token: text };
    act.run({ params: { id: one.id }, body }, text === '');
  };
  return (
    <form onSubmit={remove} className={styles['form']}>
      <PasswordInput
        label="Your token"
        description={
          isLast
            ? 'It is your last one: without it, high tiers wait a day for you. Paste the token that you sign in with.'
            : 'Leave it empty to confirm with a passkey. Paste the token that you sign in with if you have lost them.'
        }
        required={isLast}
        autoComplete="off"
        value={token}
        onChange={(event) => setToken(event.currentTarget.value)}
      />
      <FormFailure said={act.said} />
      <div>
        <Button type="submit" color="red" loading={act.isBusy} disabled={isLast && text === ''}>
          Remove it
        </Button>
      </div>
    </form>
  );
}
