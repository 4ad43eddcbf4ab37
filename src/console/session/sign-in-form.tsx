import { Button, PasswordInput } from '@mantine/core';
import { useQueryClient } from '@tanstack/react-query';
import { type FormEvent, type ReactNode, useState } from 'react';
import { isOver, Refusal, sayFailure } from '../api/failure.ts';
import { FormFailure } from '../ui/states.tsx';
import { signIn } from './session-state.ts';
import styles from './welcome.module.css';

/** Takes a token and signs in. The token goes into the body of one request and is kept nowhere. */
export function SignInForm(): ReactNode {
  const client = useQueryClient();
  const [token, setToken] = useState('');
  const [problem, setProblem] = useState<string | null>(null);
  const [isBusy, setBusy] = useState(false);
  const submit = async (event: FormEvent): Promise<void> => {
    event.preventDefault();
    setBusy(true);
    setProblem(null);
    try {
      await signIn(client, token.trim());
    } catch (error) {
      setProblem(sayWhy(error));
      setBusy(false);
    }
  };
  return (
    <form onSubmit={(event) => void submit(event)} className={styles['form']}>
      <PasswordInput
        label="Token"
        description={
          <>
            The command <code>exeat token create --label browser --scope read exception:request</code> makes one.
          </>
        }
        autoComplete="off"
        spellCheck={false}
        data-autofocus
        required
        value={token}
        onChange={(event) => setToken(event.currentTarget.value)}
      />
      <FormFailure said={problem} />
      <Button type="submit" loading={isBusy} disabled={token.trim() === ''} fullWidth>
        Sign in
      </Button>
    </form>
  );
}

function sayWhy(error: unknown): string {
  if (!(error instanceof Refusal)) return sayFailure(error);
  const { code } = error.problem;
  if (code === 'token_refused') return 'This token is unknown, revoked or over. Paste the whole of it, from exeat_ on.';
  if (code === 'too_many_attempts') return 'Too many wrong tokens came from this address. Wait a minute.';
  // The token was right, and the cookie did not come back.
  if (isOver(error)) {
    return 'The browser did not keep the session. Some keep it over https only: set console.tls, or use Chromium or Firefox.';
  }
  return sayFailure(error);
}
