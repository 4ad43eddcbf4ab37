import type { DeclaredEndpoint } from '../observation.ts';
import type { Readiness } from './proposal.ts';

const dayMs = 86_400_000;
/** Two whole weeks: every weekday twice, and one that was a holiday made up for. */
const leastDays = 14;
/** A service that brought new edges within this many days is still changing. */
const newWithinDays = 7;

/** What readiness is told from. Days are UTC, counted since the epoch, ascending. */
export interface ReadinessFacts {
  readonly days: readonly number[];
  /** Days on which any log showed anything: a month's end without the service counts when the logs reach over it. */
  readonly logDays: ReadonlySet<number>;
  /** When its instances began, epoch milliseconds; null where no export tells it. */
  readonly startsMs: readonly number[] | null;
  readonly firstSeenMs: readonly number[];
  readonly unseen: readonly DeclaredEndpoint[];
}

/** Says how far the history of a service reaches. Ready is never said before 14 days with a month's end among them. */
export function readinessOfService({ days, logDays, startsMs, firstSeenMs, unseen }: ReadinessFacts): Readiness {
  const first = days[0] ?? 0;
  const last = days.at(-1) ?? -1;
  const weekdays = new Set(days.map(weekdayOf));
  const monthEnd = [...logDays].some((day) => day >= first && day <= last && isMonthEnd(day));
  const weekend = weekdays.has(0) || weekdays.has(6);
  const lacks = [
    ...(days.length < leastDays ? [`${days.length} of at least ${leastDays} days were seen`] : []),
    ...(monthEnd ? [] : ['no month end was seen']),
  ];
  return {
    isReady: lacks.length === 0,
    days: days.length,
    spanDays: last - first + 1,
    weekdays: weekdays.size,
    weekend,
    monthEnd,
    restarts: startsMs === null ? null : countOnDays(startsMs, new Set(days)),
    newEdges: firstSeenMs.filter(
      (ms) => Math.floor(ms / dayMs) > last - newWithinDays && Math.floor(ms / dayMs) > first,
    ).length,
    lacks,
    unseen,
  };
}

// What a service does when it begins (reading its secrets, fetching its image) is seen where it was seen on that day.
function countOnDays(startsMs: readonly number[], days: ReadonlySet<number>): number {
  return startsMs.filter((ms) => days.has(Math.floor(ms / dayMs))).length;
}

/** The epoch began on a Thursday. */
function weekdayOf(day: number): number {
  return (((day + 4) % 7) + 7) % 7;
}

// The last day of a month is the one whose next day has another month.
function isMonthEnd(day: number): boolean {
  return monthOf(day) !== monthOf(day + 1);
}

function monthOf(day: number): string {
  return new Date(day * dayMs).toISOString().slice(0, 7);
}

/** Readiness as one sentence for people: `not ready: no month end was seen; 12 of 12 days, 5 weekdays, …`. */
export function readinessText(readiness: Readiness): string {
  const { isReady, days, spanDays, weekdays, weekend, monthEnd, restarts, newEdges, lacks } = readiness;
  const facts = [
    `seen on ${days} of ${spanDays} days`,
    `${weekdays} weekdays`,
    weekend ? 'a weekend' : 'no weekend',
    monthEnd ? 'a month end' : 'no month end',
    `restarts: ${restarts ?? 'unknown (no export of pods or machines tells them)'}`,
    `${newEdges} edges first seen in the last ${newWithinDays} days`,
  ];
  return `${isReady ? 'ready' : `not ready: ${lacks.join(', ')}`}; ${facts.join(', ')}`;
}
