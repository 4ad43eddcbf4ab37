import type { ReactNode } from 'react';
import { Panel } from '../ui/panel.tsx';
import styles from './exceptions.module.css';

/** What whoever looks can do, in a sentence, with the form for it. */
export function Told({ text, children }: { readonly text: string; readonly children?: ReactNode }): ReactNode {
  return (
    <Panel title="What you can do">
      <p className={styles['quiet']}>{text}</p>
      {children}
    </Panel>
  );
}
