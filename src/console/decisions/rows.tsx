import { Link } from '@tanstack/react-router';
import { useVirtualizer } from '@tanstack/react-virtual';
import { type ReactNode, useRef } from 'react';
import type { DecisionRow } from '../../api/contract/index.ts';
import { Tag } from '../ui/tag.tsx';
import { sayCode } from '../ui/words.ts';
import styles from './decisions.module.css';
import type { DecisionSearch } from './search.ts';

interface RowsProps {
  readonly rows: readonly DecisionRow[];
  readonly search: DecisionSearch;
  /** Told whether somebody has scrolled away from the newest. */
  readonly onRead: (isReading: boolean) => void;
}

const rowPx = 34;

/** The rows, of which only those in sight are drawn. */
export function DecisionRows({ rows, search, onRead }: RowsProps): ReactNode {
  const scroller = useRef<HTMLDivElement>(null);
  const virtual = useVirtualizer({
    count: rows.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => rowPx,
    overscan: 12,
    getItemKey: (at) => rows[at]?.id ?? at,
  });
  return (
    // Roles in place of table elements: a row that is moved to its place is no table row to a browser any more.
    <div
      ref={scroller}
      className={styles['scroller']}
      role="table"
      aria-label="Decisions"
      aria-rowcount={rows.length + 1}
      tabIndex={0}
      onScroll={({ currentTarget }) => onRead(currentTarget.scrollTop > rowPx)}
    >
      <div role="rowgroup" className={styles['head']}>
        <div role="row" className={styles['row']} aria-rowindex={1}>
          {['Time (UTC)', 'Verdict', 'Service', 'Destination', 'Reason'].map((name) => (
            <span key={name} role="columnheader">
              {name}
            </span>
          ))}
        </div>
      </div>
      <div role="rowgroup" className={styles['body']} style={{ height: virtual.getTotalSize() }}>
        {virtual.getVirtualItems().map(({ index, key, start }) => {
          const row = rows[index];
          return row === undefined ? null : <Row key={key} row={row} search={search} at={index + 2} topPx={start} />;
        })}
      </div>
    </div>
  );
}

interface RowProps {
  readonly row: DecisionRow;
  readonly search: DecisionSearch;
  readonly at: number;
  readonly topPx: number;
}

function Row({ row, search, at, topPx }: RowProps): ReactNode {
  return (
    <div
      role="row"
      aria-rowindex={at}
      className={styles['row']}
      data-chosen={row.id === search.id}
      style={{ transform: `translateY(${topPx}px)` }}
    >
      <span role="cell" className={styles['time']} title={row.time}>
        {row.time.slice(11, 23)}
      </span>
      <span role="cell">
        <VerdictTag row={row} />
      </span>
      <span role="cell" title={row.identity ?? row.source}>
        {row.service ?? row.source}
      </span>
      <span role="cell" className="mono">
        <Link to="/decisions" search={{ ...search, id: row.id }} resetScroll={false} title={sayTo(row)}>
          {sayTo(row)}
        </Link>
        {row.count > 1 && <small> × {row.count.toLocaleString('en')}</small>}
      </span>
      <span role="cell" title={row.reason}>
        {sayCode(row.wouldDeny ?? row.reason)}
      </span>
    </div>
  );
}

/** Where somebody wanted to go. */
export function sayTo({ host, port, query }: DecisionRow): string {
  if (host === null) return 'unknown';
  const name = host.includes(':') ? `[${host}]` : host;
  return `${name}${port === null ? '' : `:${port}`}${query === null ? '' : ` ${query}`}`;
}

/** How it was decided; what observe let through and enforce would not stands apart. */
export function VerdictTag({ row }: { readonly row: DecisionRow }): ReactNode {
  if (row.wouldDeny !== null) return <Tag tone="watch">would deny</Tag>;
  return row.verdict === 'allow' ? <Tag tone="good">allow</Tag> : <Tag tone="bad">deny</Tag>;
}
