import { Button, TextInput } from '@mantine/core';
import { useQueryClient } from '@tanstack/react-query';
import { type FormEvent, type ReactNode, useState } from 'react';
import { call } from '../api/call.ts';
import { sayFailure } from '../api/failure.ts';
import { Copied } from '../ui/copied.tsx';
import { FormFailure } from '../ui/states.tsx';
import { Wordmark } from '../ui/wordmark.tsx';
import { signIn } from './session-state.ts';
import { SignInForm } from './sign-in-form.tsx';
import styles from './welcome.module.css';

/** The way in: by a token, or by a link of the first start (`/setup#…`). */
export function Welcome(): ReactNode {
  const [secret, setSecret] = useState(readSetupSecret);
  return (
    <main className={styles['welcome']}>
      <div className={styles['card']}>
        <Wordmark isLarge />
        {secret === null ? (
          <>
            <h1>Sign in</h1>
            <SignInForm />
            <p className={styles['hint']}>
              At the first start <code>exeat up</code> prints one-time links for the first three people. Open yours.
            </p>
          </>
        ) : (
          <Claim secret={secret} onLeave={() => setSecret(null)} />
        )}
      </div>
    </main>
  );
}

// The secret stands after `#`, which no browser sends anywhere; it leaves the address, and with that the history, at once.
function readSetupSecret(): string | null {
  if (location.pathname !== '/setup' || location.hash.length < 2) return null;
  const secret = decodeURIComponent(location.hash.slice(1));
  history.replaceState(null, '', '/setup');
  return secret;
}

interface ClaimProps {
  readonly secret: string;
  readonly onLeave: () => void;
}

function Claim({ secret, onLeave }: ClaimProps): ReactNode {
  const client = useQueryClient();
  const [id, setId] = useState('');
  const [name, setName] = useState('');
  const [problem, setProblem] = useState<string | null>(null);
  const [token, setToken] = useState<string | null>(null);
  const enter = async (made: string): Promise<void> => {
    history.replaceState(null, '', '/');
    await signIn(client, made).catch((error: unknown) => setProblem(sayFailure(error)));
  };
  const claim = async (event: FormEvent): Promise<void> => {
    event.preventDefault();
    setProblem(null);
    try {
      const { body } = await call('claimSetup', { body: { secret, id, name, breakGlassKey: null } });
      setToken(body.secret);
    } catch (error) {
      setProblem(sayFailure(error));
    }
  };
  if (token !== null) return <KeepToken token={token} problem={problem} onEnter={() => void enter(token)} />;
  return (
    <form onSubmit={(event) => void claim(event)} className={styles['form']}>
      <h1>Claim your account</h1>
      <p>This link was printed at the first start and works once. Choose how you are called here.</p>
      <TextInput
        label="Id"
        description="Short, as it stands in tables: ana"
        required
        data-autofocus
        autoComplete="off"
        value={id}
        onChange={(event) => setId(event.currentTarget.value)}
      />
      <TextInput
        label="Name"
        description="For people: Ana Diaz"
        required
        autoComplete="off"
        value={name}
        onChange={(event) => setName(event.currentTarget.value)}
      />
      <FormFailure said={problem} />
      <Button type="submit" fullWidth>
        Claim it
      </Button>
      <Button variant="subtle" onClick={onLeave} fullWidth>
        I have a token already
      </Button>
    </form>
  );
}

interface KeepTokenProps {
  readonly token: string;
  readonly problem: string | null;
  readonly onEnter: () => void;
}

function KeepToken({ token, problem, onEnter }: KeepTokenProps): ReactNode {
  return (
    <div className={styles['form']}>
      <h1>Keep this token</h1>
      <p>
        It is how you sign in, here and on the command line, for 30 days. It is shown this once and not kept anywhere.
        Put it into your password manager.
      </p>
      <Copied text={token} label="Copy the token" />
      <FormFailure said={problem} />
      <Button onClick={onEnter} fullWidth>
        I have kept it, sign in
      </Button>
    </div>
  );
}
