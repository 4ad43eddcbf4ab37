import { type ReactNode, useEffect } from 'react';
import styles from './page-head.module.css';

interface PageHeadProps {
  readonly title: string;
  /** What the page answers, in a sentence. */
  readonly says?: ReactNode;
  readonly children?: ReactNode;
}

/** The head of a page: its name, which is the window's too, what it answers, and what can be done from it. */
export function PageHead({ title, says, children }: PageHeadProps): ReactNode {
  useEffect(() => {
    document.title = `${title} · Exeat`;
  }, [title]);
  return (
    <div className={styles['head']}>
      <div>
        <h1>{title}</h1>
        {says !== undefined && <p>{says}</p>}
      </div>
      {children !== undefined && <div className={styles['acts']}>{children}</div>}
    </div>
  );
}
