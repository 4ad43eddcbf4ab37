import type { ReactNode } from 'react';
import styles from './shell.module.css';

/** The name of the product with its sign. */
export function Wordmark({ isLarge = false }: { readonly isLarge?: boolean }): ReactNode {
  return (
    <span className={styles['wordmark']} data-large={isLarge}>
      <img src="/icon.svg" alt="" width={isLarge ? 32 : 22} height={isLarge ? 32 : 22} />
      Exeat
    </span>
  );
}
