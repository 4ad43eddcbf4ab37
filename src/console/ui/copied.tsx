import { Button } from '@mantine/core';
import { type ReactNode, useState } from 'react';
import styles from './parts.module.css';

/** A line to copy: a command, an id, a token. */
export function Copied({ text, label = 'Copy' }: { readonly text: string; readonly label?: string }): ReactNode {
  const [isCopied, setCopied] = useState(false);
  const copy = async (): Promise<void> => {
    // Without the right to the clipboard the text is there to be selected.
    await navigator.clipboard.writeText(text).then(
      () => setCopied(true),
      () => undefined,
    );
  };
  return (
    <div className={styles['copied']}>
      <code>{text}</code>
      <Button size="compact-sm" variant="default" onClick={() => void copy()} aria-label={label}>
        {isCopied ? 'Copied' : 'Copy'}
      </Button>
    </div>
  );
}
