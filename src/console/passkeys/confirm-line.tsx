import { Link } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import styles from './passkeys.module.css';
import type { Confirming } from './use-confirmed-act.ts';

/** What an act takes beside the press of its button, in a line above it. */
export function ConfirmLine({ confirming }: { readonly confirming: Confirming | undefined }): ReactNode {
  if (confirming === 'passkey') {
    return <p className={styles['quiet']}>Your passkey confirms it: the device asks for finger, face or PIN.</p>;
  }
  if (confirming !== 'lacking') return null;
  return (
    <p className={styles['quiet']}>
      The policy wants this confirmed, and you have no passkey. <Link to="/passkeys">Register one</Link>, or confirm
      with an enrolled key on the command line.
    </p>
  );
}
