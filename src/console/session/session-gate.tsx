import { Modal } from '@mantine/core';
import type { ReactNode } from 'react';
import { Failure } from '../ui/states.tsx';
import { useSessionState } from './session-state.ts';
import { SignInForm } from './sign-in-form.tsx';
import { Welcome } from './welcome.tsx';

/** Shows the console to whoever is signed in, and everybody else the way in. What somebody wrote stays while they sign in again. */
export function SessionGate({ children }: { readonly children: ReactNode }): ReactNode {
  const { data, error, refetch } = useSessionState();
  if (data === undefined) {
    // An answer takes milliseconds; a sign of waiting would only flash.
    return error === null ? null : <Failure error={error} onRetry={() => void refetch()} isPage />;
  }
  if (data.kind === 'out') return <Welcome />;
  return (
    <>
      {children}
      <Modal
        opened={data.kind === 'over'}
        onClose={() => undefined}
        withCloseButton={false}
        closeOnEscape={false}
        closeOnClickOutside={false}
        lockScroll={false}
        title="Your session is over"
      >
        <p>It was idle for half an hour, or its token ended. What you were writing is still here. Sign in to go on.</p>
        <SignInForm />
      </Modal>
    </>
  );
}
