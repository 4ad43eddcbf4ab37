import { Button } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { type ReactNode, useState } from 'react';
import type { CheckpointAnswer } from '../../api/contract/index.ts';
import { call } from '../api/call.ts';
import { saveFile } from '../ui/csv.ts';
import { Panel } from '../ui/panel.tsx';
import { Failure } from '../ui/states.tsx';
import { Table } from '../ui/table.tsx';
import { sayInstant } from '../ui/words.ts';
import styles from './audit.module.css';

const rootShown = 8;

/** What control committed to since it started, to be kept where nobody who can write the log can write. */
export function Checkpoints({ size }: { readonly size: number }): ReactNode {
  const found = useQuery<readonly CheckpointAnswer[]>({
    // Renewed with the log: a checkpoint comes with entries.
    queryKey: ['audit-checkpoints', size],
    placeholderData: (before) => before,
    queryFn: async ({ signal }) => (await call('listCheckpoints', { signal })).body.items,
  });
  const items = found.data ?? [];
  return (
    <Panel title="Checkpoints since control started">
      {found.error !== null && <Failure error={found.error} onRetry={() => void found.refetch()} />}
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls is reached by keyboard */}
      <section className={styles['checkpoints']} tabIndex={0} aria-label="Checkpoints">
        {found.data !== undefined && items.length === 0 && <p>No checkpoint yet: the first comes within a minute.</p>}
        {items.length > 0 && <Rows items={items} />}
      </section>
      <div className={styles['keep']}>
        <Button size="xs" variant="default" disabled={items.length === 0} onClick={() => save(items)}>
          Save the checkpoints
        </Button>
        <p className={styles['quiet']}>
          Kept elsewhere, they show later that nothing was rewritten: <code>exeat audit verify --checkpoint FILE</code>
        </p>
      </div>
    </Panel>
  );
}

function Rows({ items }: { readonly items: readonly CheckpointAnswer[] }): ReactNode {
  return (
    <Table>
      <thead>
        <tr>
          <th scope="col">Time (UTC)</th>
          <th scope="col">Entries</th>
          <th scope="col">Root</th>
        </tr>
      </thead>
      <tbody>
        {items.map(({ at, size, root }) => (
          <tr key={`${at} ${root}`}>
            <td title={at}>{`${sayInstant(at)}:${at.slice(17, 19)}`}</td>
            <td>{size.toLocaleString('en')}</td>
            <td>
              <Root root={root} />
            </td>
          </tr>
        ))}
      </tbody>
    </Table>
  );
}

/** The beginning of a root; the whole of it to look at, and to copy by a press. */
function Root({ root }: { readonly root: string }): ReactNode {
  const [isCopied, setCopied] = useState(false);
  const copy = async (): Promise<void> => {
    // Without the right to the clipboard the whole is in the title.
    await navigator.clipboard.writeText(root).then(
      () => setCopied(true),
      () => undefined,
    );
  };
  return (
    <button type="button" className={styles['root']} title={`${root}: press to copy`} onClick={() => void copy()}>
      <code>{root.slice(0, rootShown)}…</code>
      {isCopied && <small role="status">copied</small>}
    </button>
  );
}

/** As an anchor would have gathered them: the oldest first, with an empty line between. */
function save(items: readonly CheckpointAnswer[]): void {
  const [newest] = items;
  const text = items
    .map(({ note }) => note)
    .reverse()
    .join('\n');
  saveFile(`exeat-checkpoints-${newest?.size ?? 0}.txt`, text, 'text/plain');
}
