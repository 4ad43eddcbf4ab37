import type { ReactNode } from 'react';
import styles from './parts.module.css';

/** How something stands: never by colour alone, the shape of the mark and the word say it too. */
export type Tone = 'good' | 'bad' | 'watch' | 'quiet' | 'plain';

/** A word that says how something stands. */
export function Tag({ tone = 'plain', children }: { readonly tone?: Tone; readonly children: ReactNode }): ReactNode {
  return (
    <span className={styles['tag']} data-tone={tone}>
      {children}
    </span>
  );
}
