import type { ReactNode } from 'react';
import type { ExceptionAnswer } from '../../api/contract/index.ts';
import { useNow } from '../ui/moment.tsx';
import { sayDuration, sayFrom, sayInstant } from '../ui/words.ts';
import styles from './exceptions.module.css';

type Timed = Pick<
  ExceptionAnswer,
  'status' | 'submittedAt' | 'pendingUntil' | 'startAt' | 'notBefore' | 'notAfter' | 'endedAt' | 'durationSeconds'
>;

/** How much of its time is over, with the end in sight: what waits runs towards its lapse, what is in force towards its end. */
export function Timeline({ one }: { readonly one: Timed }): ReactNode {
  const nowMs = useNow();
  const { from, until, says, tone } = spanOf(one, nowMs);
  const share = until <= from ? 1 : Math.min(1, Math.max(0, (nowMs - from) / (until - from)));
  return (
    <div className={styles['timeline']} data-tone={tone}>
      <svg viewBox="0 0 100 4" preserveAspectRatio="none" aria-hidden="true">
        <rect width="100" height="4" rx="1" className={styles['track']} />
        <rect width={Math.max(1, share * 100)} height="4" rx="1" className={styles['past']} />
      </svg>
      <span title={`${sayInstant(new Date(until).toISOString())} UTC`}>{says}</span>
    </div>
  );
}

interface TimelineSpan {
  readonly from: number;
  readonly until: number;
  readonly says: string;
  readonly tone: 'run' | 'wait' | 'over';
}

function spanOf(one: Timed, nowMs: number): TimelineSpan {
  const submitted = Date.parse(one.submittedAt);
  if (one.status === 'pending' && one.pendingUntil !== null) {
    return {
      from: submitted,
      until: Date.parse(one.pendingUntil),
      says: `lapses ${sayFrom(one.pendingUntil, nowMs)}`,
      tone: 'wait',
    };
  }
  if (one.notBefore === null || one.notAfter === null) {
    const at = one.endedAt ?? one.submittedAt;
    return { from: submitted, until: Date.parse(at), says: sayFrom(at, nowMs), tone: 'over' };
  }
  const begins = Date.parse(one.notBefore);
  const end = one.endedAt ?? one.notAfter;
  const until = Date.parse(end);
  if (nowMs >= until) return { from: begins, until, says: `ended ${sayFrom(end, nowMs)}`, tone: 'over' };
  if (nowMs < begins)
    return { from: submitted, until: begins, says: `starts ${sayFrom(one.notBefore, nowMs)}`, tone: 'wait' };
  return { from: begins, until, says: `ends in ${sayDuration(until - nowMs)}`, tone: 'run' };
}
