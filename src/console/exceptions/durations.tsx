import { type ReactNode, useId } from 'react';
import { sayDuration } from '../ui/words.ts';
import styles from './exceptions.module.css';

const hour = 3_600;
const usualSpans: readonly number[] = [hour, 4 * hour, 8 * hour, 24 * hour, 3 * 24 * hour, 7 * 24 * hour];

interface DurationsProps {
  readonly chosen: number;
  /** The longest that is granted, null while that is not known. */
  readonly longest: number | null;
  readonly onChoose: (seconds: number) => void;
  readonly label?: string;
  /** The spans that are offered. Default: an hour to a week. */
  readonly usual?: readonly number[];
}

/** How long it lasts: a few usual spans, none longer than anybody may be granted. */
export function Durations({
  chosen,
  longest,
  onChoose,
  label = 'For how long',
  usual = usualSpans,
}: DurationsProps): ReactNode {
  const name = useId();
  const offered = usual.filter((seconds) => longest === null || seconds <= longest);
  const all = [...new Set([...offered, ...(longest === null ? [] : [longest]), chosen])].sort((a, b) => a - b);
  return (
    <div>
      <fieldset className={styles['durations']}>
        <legend className={styles['legend']}>{label}</legend>
        {all.map((seconds) => (
          <label key={seconds}>
            <input type="radio" name={name} checked={seconds === chosen} onChange={() => onChoose(seconds)} />
            {sayDuration(seconds * 1_000)}
          </label>
        ))}
      </fieldset>
    </div>
  );
}
