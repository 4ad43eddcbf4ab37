import { useRouter } from '@tanstack/react-router';
import { useVirtualizer } from '@tanstack/react-virtual';
import { type MouseEvent, memo, type ReactNode, useCallback, useMemo, useRef } from 'react';
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
    getItemKey: useCallback((at: number) => rows[at]?.id ?? at, [rows]),
  });
  const { hrefOf, onPress } = useExplaining(search);
  // Told when it changes: scrolling tells of itself each frame.
  const isReading = useRef(false);
  const lookAt = (scrollTop: number): void => {
    if (scrollTop > rowPx === isReading.current) return;
    isReading.current = !isReading.current;
    onRead(isReading.current);
  };
  return (
    // Roles in place of table elements: a row that is moved to its place is no table row to a browser any more.
    <div
      ref={scroller}
      className={styles['scroller']}
      role="table"
      aria-label="Decisions"
      aria-rowcount={rows.length + 1}
      tabIndex={0}
      onScroll={({ currentTarget }) => lookAt(currentTarget.scrollTop)}
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
          if (row === undefined) return null;
          const isChosen = row.id === search.id;
          const link = { href: hrefOf(row.id), onPress };
          return <Row key={key} row={row} {...link} isChosen={isChosen} at={index + 2} topPx={start} />;
        })}
      </div>
    </div>
  );
}

interface Explaining {
  readonly hrefOf: (id: string) => string;
  readonly onPress: (event: MouseEvent<HTMLAnchorElement>) => void;
}

/**
 * Where each row leads. A link of the router works out its own address and watches the router; rows that come and go with each frame of
 * scrolling have no time for that. So the address is worked out once for all rows, and so is what a press does.
 */
function useExplaining(search: DecisionSearch): Explaining {
  const router = useRouter();
  const hrefOf = useMemo(() => {
    const { href } = router.buildLocation({ to: '/decisions', search: { ...search, id: sampleId } });
    return (id: string): string => href.replace(sampleId, encodeURIComponent(id));
  }, [router, search]);
  const onPress = useCallback(
    (event: MouseEvent<HTMLAnchorElement>): void => {
      const id = event.currentTarget.dataset['id'] ?? null;
      // What opens a window of its own is left to the browser.
      if (id === null || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
      event.preventDefault();
      void router.navigate({ to: '/decisions', search: { ...search, id }, resetScroll: false });
    },
    [router, search],
  );
  return { hrefOf, onPress };
}

// As long as an id, and none.
const sampleId = '01'.padEnd(26, 'A');

interface RowProps {
  readonly row: DecisionRow;
  readonly href: string;
  readonly onPress: Explaining['onPress'];
  readonly isChosen: boolean;
  readonly at: number;
  readonly topPx: number;
}

const Row = memo(function Row({ row, href, onPress, isChosen, at, topPx }: RowProps): ReactNode {
  const to = sayTo(row);
  return (
    <div
      role="row"
      aria-rowindex={at}
      className={styles['row']}
      data-chosen={isChosen}
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
        <a href={href} data-id={row.id} title={to} onClick={onPress}>
          {to}
        </a>
        {row.count > 1 && <small> × {row.count.toLocaleString('en')}</small>}
      </span>
      <span role="cell" title={row.reason}>
        {sayCode(row.wouldDeny ?? row.reason)}
      </span>
    </div>
  );
});

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
