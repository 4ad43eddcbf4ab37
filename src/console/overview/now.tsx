import { Link } from '@tanstack/react-router';
import type { ReactNode } from 'react';
import type { NowAnswer, NowRow } from '../../api/contract/index.ts';
import { useNow } from '../ui/moment.tsx';
import { Panel } from '../ui/panel.tsx';
import { sayBytes, sayCount, sayDuration } from '../ui/words.ts';
import styles from './now.module.css';

/** What goes out now: the last minutes in figures, tick by tick, and who and what carried most of it. */
export function Now({ now }: { readonly now: NowAnswer }): ReactNode {
  const { allowed, wouldDeny, denied, bytesUp, bytesDown, services, destinations } = now;
  const since = sayDuration(Math.max(0, useNow() - Date.parse(now.since)));
  return (
    <Panel title={`What goes out now: the last ${since}`}>
      <div className={styles['now']}>
        <dl className={styles['sums']}>
          <Sum name="let out" value={(allowed + wouldDeny).toLocaleString('en')} of="allow" />
          <Sum name="denied" value={denied.toLocaleString('en')} of="deny" />
          <Sum name="enforce would deny" value={wouldDeny.toLocaleString('en')} of="watch" />
          <Sum name="out" value={sayBytes(bytesUp)} />
          <Sum name="in" value={sayBytes(bytesDown)} />
        </dl>
        <Ticks ticks={now.ticks} />
      </div>
      <div className={styles['lists']}>
        <Rows title="By service" rows={services} all={now.serviceCount} />
        <Rows title="By destination" rows={destinations} all={now.destinationCount} />
      </div>
    </Panel>
  );
}

interface SumProps {
  readonly name: string;
  readonly value: string;
  readonly of?: 'allow' | 'deny' | 'watch';
}

function Sum({ name, value, of }: SumProps): ReactNode {
  return (
    <div data-of={of}>
      <dt>{name}</dt>
      <dd>{value}</dd>
    </div>
  );
}

const heightPx = 44;
const stepPx = 10;

/** A bar for each ten seconds; the figures beside it say the same in all. */
function Ticks({ ticks }: Pick<NowAnswer, 'ticks'>): ReactNode {
  const most = Math.max(1, ...ticks.map(({ allowed, denied }) => allowed + denied));
  const tall = (count: number): number => (count / most) * heightPx;
  return (
    <svg
      viewBox={`0 0 ${ticks.length * stepPx} ${heightPx}`}
      preserveAspectRatio="none"
      className={styles['ticks']}
      aria-hidden="true"
    >
      {ticks.map(({ allowed, denied }, at) => {
        const x = at * stepPx + 1;
        return (
          // biome-ignore lint/suspicious/noArrayIndexKey: a tick is its place
          <g key={at}>
            <rect x={x} width="8" y={heightPx - tall(allowed)} height={tall(allowed)} data-of="allow" />
            <rect x={x} width="8" y={heightPx - tall(allowed + denied)} height={tall(denied)} data-of="deny" />
          </g>
        );
      })}
    </svg>
  );
}

interface RowsProps {
  readonly title: string;
  readonly rows: readonly NowRow[];
  readonly all: number;
}

function Rows({ title, rows, all }: RowsProps): ReactNode {
  const most = Math.max(1, ...rows.map(({ bytesUp, bytesDown }) => bytesUp + bytesDown));
  return (
    <section aria-label={title} className={styles['list']}>
      <h3>{title}</h3>
      <ul>
        {rows.map((row) => (
          <li key={`${row.service} ${row.host}`}>
            <Name row={row} />
            <span className={styles['count']}>{sayJudged(row)}</span>
            <span className={styles['bytes']}>{sayBytes(row.bytesUp + row.bytesDown)}</span>
            <progress aria-hidden="true" max={most} value={row.bytesUp + row.bytesDown} />
          </li>
        ))}
      </ul>
      <p>
        {rows.length === 0 && 'Nothing goes out right now.'}
        {all > rows.length && `and ${(all - rows.length).toLocaleString('en')} more`}
      </p>
    </section>
  );
}

function Name({ row: { service, host } }: { readonly row: NowRow }): ReactNode {
  const name = service === '' ? 'nobody known' : service;
  const search = { ...(service === '' ? {} : { service }), ...(host === null || host === '' ? {} : { host }) };
  return (
    <Link to="/decisions" search={search} className={styles['name']}>
      {host === null ? (
        name
      ) : (
        <>
          <span className="mono">{host === '' ? 'unknown' : host}</span> <small>{name}</small>
        </>
      )}
    </Link>
  );
}

function sayJudged({ allowed, wouldDeny, denied }: NowRow): string {
  const out = allowed + wouldDeny;
  if (denied <= 0) return sayCount(out, 'connection');
  return out <= 0
    ? `${denied.toLocaleString('en')} denied`
    : `${out.toLocaleString('en')}, ${denied.toLocaleString('en')} denied`;
}
