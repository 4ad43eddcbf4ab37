import { Button } from '@mantine/core';
import { Link } from '@tanstack/react-router';
import { type ReactNode, useMemo, useState } from 'react';
import type { PolicyAnswer } from '../../api/contract/index.ts';
import { Copied } from '../ui/copied.tsx';
import { saveFile } from '../ui/csv.ts';
import { Panel } from '../ui/panel.tsx';
import { sayCount } from '../ui/words.ts';
import { type FileChange, writePatch } from './patch.ts';
import styles from './policy.module.css';

interface PatchPanelProps {
  readonly policy: PolicyAnswer;
  readonly changes: ReadonlyMap<string, FileChange>;
  readonly onDiscard: () => void;
}

const mostShownLines = 2_000;

/** The change as a patch to take along: the policy is owned by its files, and changed where they are kept. */
export function PatchPanel({ policy, changes, onDiscard }: PatchPanelProps): ReactNode {
  const patch = useMemo(() => writePatch([...changes.values()]), [changes]);
  const [isCopied, setCopied] = useState('');
  if (patch === '') return null;
  const copy = (): void => {
    // Without the right to the clipboard it is there to be selected, and to be saved.
    void navigator.clipboard.writeText(patch).then(
      () => setCopied(patch),
      () => undefined,
    );
  };
  const lines = patch.split('\n').slice(0, -1);
  const stale = staleFiles(policy, changes);
  return (
    <Panel title="The patch">
      <Stale stale={stale} />
      <div className={styles['acts']}>
        <Button size="xs" onClick={copy}>
          {isCopied === patch ? 'Copied' : 'Copy the patch'}
        </Button>
        <Button size="xs" variant="default" onClick={() => saveFile('proposal.patch', patch, 'text/x-diff')}>
          Save as a file
        </Button>
        <Button size="xs" variant="subtle" onClick={onDiscard}>
          Discard every change
        </Button>
      </div>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls is reached by keyboard */}
      <section className={styles['patch']} tabIndex={0} aria-label="Patch">
        <pre>
          {lines.slice(0, mostShownLines).map((line, at) => (
            // biome-ignore lint/suspicious/noArrayIndexKey: lines repeat, and stay where they are
            <span key={at} data-sign={signOf(line)}>
              {line}
              {'\n'}
            </span>
          ))}
        </pre>
      </section>
      {lines.length > mostShownLines && (
        <p className={styles['dim']}>{sayCount(lines.length - mostShownLines, 'more line')}: copy or save it.</p>
      )}
      <p className={styles['dim']}>
        In the repository, where <code>policy</code> is the folder of the policy. It is in force once the files are
        read.
      </p>
      <Copied text="git apply --directory=policy proposal.patch" label="Copy the command" />
    </Panel>
  );
}

function signOf(line: string): string | undefined {
  if (/^(?:\+\+\+|---|diff|new file|deleted file) /.test(line)) return 'head';
  if (line.startsWith('@@')) return 'place';
  return line.startsWith('+') ? '+' : line.startsWith('-') ? '-' : undefined;
}

/** What others put in force since somebody began, so that nobody takes it back unseen. */
function Stale({ stale }: { readonly stale: readonly FileChange[] }): ReactNode {
  if (stale.length === 0) return null;
  return (
    <div className={styles['notice']} role="alert">
      Somebody changed {stale.map(({ path }) => path).join(', ')} since you began: this patch may not apply. Discard it,
      or take it along and merge by hand. <Link to="/policy/history">When, and what it opened</Link>; by whom, the
      history of the files says.
      <details>
        <summary>What they changed</summary>
        {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls is reached by keyboard */}
        <section className={styles['theirs']} tabIndex={0} aria-label="What they changed">
          <pre>{writePatch(stale)}</pre>
        </section>
      </details>
    </div>
  );
}

function staleFiles(policy: PolicyAnswer, changes: PatchPanelProps['changes']): readonly FileChange[] {
  const texts = new Map(policy.files.map(({ path, text }) => [path, text]));
  return [...changes.values()].flatMap(({ path, before }) => {
    const now = texts.get(path);
    // A large policy is not at hand: control tells when what was changed is no more in force.
    if (now === null) return [];
    return (now ?? null) === before ? [] : [{ path, before, after: now ?? null }];
  });
}
