import { Link } from '@tanstack/react-router';
import { type ReactNode, useState } from 'react';
import type { EdgeAnswer } from '../../api/contract/index.ts';
import { Moment } from '../ui/moment.tsx';
import { Tag } from '../ui/tag.tsx';
import { sayCode } from '../ui/words.ts';
import styles from './overview.module.css';

interface EdgesProps {
  readonly edges: readonly EdgeAnswer[];
  readonly all: number;
  readonly none: string;
}

const firstShown = 6;

/** Services with where they want to go; each leads to its decisions. */
export function Edges({ edges, all, none }: EdgesProps): ReactNode {
  const [isWhole, setWhole] = useState(false);
  const shown = isWhole ? edges : edges.slice(0, firstShown);
  if (edges.length === 0) return <p className={styles['quiet']}>{none}</p>;
  return (
    <>
      <ul className={styles['edges']}>
        {shown.map((edge) => (
          <li key={`${edge.service} ${edge.host} ${edge.port}`}>
            <Link to="/decisions" search={{ service: edge.service, host: edge.host }}>
              {edge.service} → <span className="mono">{edge.host}</span>
              {edge.port !== null && <span className="mono">:{edge.port}</span>}
            </Link>
            <small>
              <Stands edge={edge} /> first seen <Moment at={edge.firstSeen} />
            </small>
          </li>
        ))}
      </ul>
      {shown.length < edges.length && (
        <button type="button" className={styles['more']} onClick={() => setWhole(true)}>
          Show {edges.length - shown.length} more
        </button>
      )}
      {isWhole && all > edges.length && (
        <p className={styles['quiet']}>and {(all - edges.length).toLocaleString('en')} more</p>
      )}
    </>
  );
}

function Stands({ edge }: { readonly edge: EdgeAnswer }): ReactNode {
  const { lastAllowed, lastDenied, reason } = edge;
  const isRefused = lastDenied !== null && (lastAllowed === null || lastDenied >= lastAllowed);
  return isRefused ? (
    <Tag tone="bad">{reason === null ? 'denied' : sayCode(reason)}</Tag>
  ) : (
    <Tag tone="good">allowed</Tag>
  );
}
