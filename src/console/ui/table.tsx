import type { ReactNode } from 'react';
import styles from './table.module.css';

interface TableProps {
  /** What the page adds to how it looks. */
  readonly className?: string | undefined;
  readonly children: ReactNode;
}

/** A list as a table. */
export function Table({ className = '', children }: TableProps): ReactNode {
  return <table className={`${styles['table']} ${className}`}>{children}</table>;
}
