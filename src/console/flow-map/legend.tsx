import type { ReactNode } from 'react';
import styles from './flow-map.module.css';
import { outcomeNames } from './marks.ts';
import { verdictNames } from './names.ts';

/** What colours and strokes stand for, and how the picture is used without a mouse. */
export function Legend({ isTried }: { readonly isTried: boolean }): ReactNode {
  const rows = [
    ...Object.entries(isTried ? outcomeNames : verdictNames).map(([verdict, { name }]) => [verdict, name]),
    ['unused', 'allowed, not used'],
  ];
  return (
    <div className={styles['legend']}>
      <ul>
        {rows.map(([verdict, name]) => (
          <li key={verdict}>
            <svg width="26" height="10" aria-hidden="true">
              <path d="M0 5H26" strokeWidth="8" data-verdict={verdict} />
            </svg>
            {name}
          </li>
        ))}
      </ul>
      <span id="flow-map-keys">
        Keyboard: the arrows lead from node to node, Enter shows what flows through one, Escape lets go of it.
      </span>
    </div>
  );
}
