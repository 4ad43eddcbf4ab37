import { Link, type LinkProps } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import styles from './choices.module.css';

interface ChoicesProps {
  readonly label: string;
  readonly to: NonNullable<LinkProps['to']>;
  readonly choices: readonly { readonly name: string; readonly search: object; readonly isChosen: boolean }[];
}

/** A few views of one page, each with an address of its own. */
export function Choices({ label, to, choices }: ChoicesProps): ReactNode {
  return (
    <nav aria-label={label} className={styles['choices']}>
      {choices.map(({ name, search, isChosen }) => (
        <Link
          key={name}
          to={to}
          search={search as never}
          // Chosen is the link whose search is that of the address; the router itself marks it then, as the page.
          activeOptions={{ exact: true, includeSearch: true }}
          activeProps={marked(isChosen)}
          inactiveProps={marked(isChosen)}
        >
          {name}
        </Link>
      ))}
    </nav>
  );
}

// The router marks only the view whose address is the one that is shown; the usual view has a shorter one too.
function marked(isChosen: boolean): { readonly 'aria-current': 'true' | undefined } {
  return { 'aria-current': isChosen ? 'true' : undefined };
}
