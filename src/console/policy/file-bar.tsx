import { Button, NativeSelect, TextInput } from '@mantine/core';
import { type FormEvent, type ReactNode, useState } from 'react';
import type { PolicyAnswer } from '../../api/contract/index.ts';
import type { FileChange } from './patch.ts';
import styles from './policy.module.css';

interface FileBarProps {
  readonly policy: PolicyAnswer;
  readonly changes: ReadonlyMap<string, FileChange>;
  readonly path: string | null;
  readonly onChoose: (path: string) => void;
  readonly onNew: (path: string) => void;
  readonly onRemove: (path: string) => void;
  readonly onUndo: (path: string) => void;
}

// As the API takes them: below the folder, nothing hidden, YAML.
const pathText = /^(?![./])(?!.*\/[./])[^\p{Cc}\\]+\.ya?ml$/u;

/** Which file is shown, and what becomes of whole files. */
export function FileBar({ policy, changes, path, onChoose, onNew, onRemove, onUndo }: FileBarProps): ReactNode {
  const [name, setName] = useState<string | null>(null);
  const listed = policy.files.map((file) => file.path);
  const paths = [...new Set([...listed, ...changes.keys()])].sort();
  const isTaken = name !== null && paths.includes(name);
  const problem = name !== null && name !== '' && !pathText.test(name) ? 'a path that ends in .yaml' : null;
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    if (name === null || name === '' || problem !== null || isTaken) return;
    onNew(name);
    setName(null);
  };
  return (
    <div className={styles['bar']}>
      <NativeSelect
        size="xs"
        aria-label="File"
        value={path ?? ''}
        onChange={({ currentTarget }) => onChoose(currentTarget.value)}
        data={paths.map((value) => ({ value, label: labelOf(value, changes, listed) }))}
      />
      {path !== null && changes.has(path) && (
        <Button size="xs" variant="default" onClick={() => onUndo(path)}>
          Undo the changes of this file
        </Button>
      )}
      {path !== null && !changes.has(path) && (
        <Button size="xs" variant="default" onClick={() => onRemove(path)}>
          Remove it
        </Button>
      )}
      {name === null ? (
        <Button size="xs" variant="default" onClick={() => setName('')}>
          New file
        </Button>
      ) : (
        <form onSubmit={submit} className={styles['find']}>
          <TextInput
            size="xs"
            aria-label="Path of the new file"
            placeholder="team/service.yaml"
            value={name}
            error={isTaken ? 'there is one' : problem}
            onChange={({ currentTarget }) => setName(currentTarget.value)}
          />
          <Button size="xs" type="submit">
            Add
          </Button>
        </form>
      )}
    </div>
  );
}

function labelOf(path: string, changes: FileBarProps['changes'], listed: readonly string[]): string {
  const change = changes.get(path);
  if (change === undefined) return path;
  if (change.after === null) return `${path} (removed)`;
  return `${path} (${listed.includes(path) ? 'changed' : 'new'})`;
}
