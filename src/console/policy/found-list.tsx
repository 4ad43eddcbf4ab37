import type { ReactNode } from 'react';
import type { FoundAt } from '../../api/contract/index.ts';
import { Tag, type Tone } from '../ui/tag.tsx';
import { Worded } from '../ui/worded.tsx';
import { sayCount } from '../ui/words.ts';
import type { Checked } from './browser-check.ts';
import styles from './policy.module.css';

interface FoundListProps {
  readonly checked: Checked | null;
  /** False where the policy is too large for the browser: then control checks it when it is tried. */
  readonly isChecking: boolean;
  readonly onGo: (one: FoundAt) => void;
}

/** What the checks say, each with its place: as `exeat policy check` prints it. */
export function FoundList({ checked, isChecking, onGo }: FoundListProps): ReactNode {
  return (
    <section className={styles['found']} aria-label="Checks">
      <h2>Checks</h2>
      <p role="status" className={styles['dim']}>
        {sayChecks(checked, isChecking)}
      </p>
      {checked !== null && <FoundItems found={checked.found} onGo={onGo} />}
    </section>
  );
}

/** Findings as a list; each leads to its line where `onGo` is given. */
export function FoundItems({
  found,
  onGo,
}: {
  readonly found: readonly FoundAt[];
  readonly onGo?: (one: FoundAt) => void;
}): ReactNode {
  return (
    <ul className={styles['findings']}>
      {found.map((one) => (
        <li key={`${one.file}:${one.line}:${one.column} ${one.rule} ${one.message}`}>
          <Tag tone={tones[one.severity]}>{one.severity === 'test' ? 'test failed' : one.severity}</Tag>{' '}
          {onGo === undefined ? (
            <span className="mono">{placeOf(one)}</span>
          ) : (
            <button type="button" className="mono" onClick={() => onGo(one)}>
              {placeOf(one)}
            </button>
          )}
          <p>
            <Worded text={one.message} /> <span className={styles['dim']}>[{one.rule}]</span>
          </p>
          {one.mend !== null && (
            <p className={styles['dim']}>
              mend: <Worded text={one.mend} />
            </p>
          )}
        </li>
      ))}
    </ul>
  );
}

const tones: Readonly<Record<FoundAt['severity'], Tone>> = {
  fault: 'bad',
  test: 'bad',
  error: 'bad',
  warning: 'watch',
  note: 'quiet',
};

function placeOf({ file, line, column }: FoundAt): string {
  return `${file}:${line}:${column}`;
}

function sayChecks(checked: Checked | null, isChecking: boolean): string {
  if (!isChecking) return 'This policy is too large to be checked while you write: it is checked when you try it.';
  if (checked === null) return 'Checking.';
  const { found, testsPassed, testsFailed } = checked;
  const faults = found.filter(({ severity }) => severity === 'fault').length;
  if (faults > 0) return `${sayCount(faults, 'fault')}: this policy would not load.`;
  const others = found.length - testsFailed;
  return `${others === 0 ? 'No finding' : sayCount(others, 'finding')}; ${sayCount(testsPassed, 'test')} passed, ${testsFailed} failed.`;
}
