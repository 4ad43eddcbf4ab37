import { Button } from '@mantine/core';
import type { ReactNode } from 'react';
import { isUnreachable, Refusal } from '../api/failure.ts';
import { Copied } from './copied.tsx';
import styles from './parts.module.css';
import { Worded } from './worded.tsx';

interface EmptyProps {
  readonly title: string;
  readonly children?: ReactNode;
  /** The command that fills the page. */
  readonly command?: string;
}

/** Nothing is here yet, and this is what to do about it. */
export function Empty({ title, children, command }: EmptyProps): ReactNode {
  return (
    <div className={styles['state']}>
      <h2>{title}</h2>
      {children}
      {command !== undefined && <Copied text={command} label="Copy the command" />}
    </div>
  );
}

interface FailureProps {
  readonly error: unknown;
  readonly onRetry?: () => void;
  /** Whether it stands in place of a whole page. */
  readonly isPage?: boolean;
}

/** What was asked for did not come: forbidden, not there, nobody answers, or something failed. */
export function Failure({ error, onRetry, isPage = false }: FailureProps): ReactNode {
  const { title, text, requestId } = describe(error);
  return (
    <div className={styles['state']} data-page={isPage} role="alert">
      <h2>{title}</h2>
      <p>
        <Worded text={text} />
      </p>
      {requestId !== '' && (
        <p className={styles['dim']}>
          Request <code>{requestId}</code> finds it in the log of control.
        </p>
      )}
      {onRetry !== undefined && (
        <Button variant="default" onClick={onRetry}>
          Try again
        </Button>
      )}
    </div>
  );
}

interface Described {
  readonly title: string;
  readonly text: string;
  readonly requestId: string;
}

function describe(error: unknown): Described {
  if (isUnreachable(error)) {
    const text =
      'This page has lost control: the network is away, or control restarts. The enforcement point goes on deciding without it.';
    return { title: 'Control does not answer', text, requestId: '' };
  }
  if (!(error instanceof Refusal)) {
    const text = 'Reload it. If it happens again, tell whoever runs Exeat what you did.';
    return { title: 'This page failed', text, requestId: '' };
  }
  const { status, title, detail, requestId } = error.problem;
  if (status === 403) {
    const text = `${detail}. Ask an admin for a role, or make a token that carries more: exeat token create --help`;
    return { title: 'This is not for your token', text, requestId: '' };
  }
  return { title: capital(title), text: `${capital(detail)}.`, requestId: status >= 500 ? requestId : '' };
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}

/** Why a form was not taken; read out when it comes. */
export function FormFailure({ said }: { readonly said: string | null }): ReactNode {
  return (
    <div role="alert" className={styles['formFailure']} hidden={said === null}>
      {said !== null && <Worded text={said} />}
    </div>
  );
}

/** Room for a list that is on its way, so that nothing jumps when it comes. */
export function Waiting({ rows = 6 }: { readonly rows?: number }): ReactNode {
  const names = Array.from({ length: rows }, (_, at) => `row-${at}`);
  return (
    <div className={styles['waiting']} aria-busy="true">
      {names.map((name) => (
        <div key={name} className={styles['waitingRow']} />
      ))}
    </div>
  );
}
