import { dayMs, firstDayMs } from './calendar.ts';

/** A line of a log with the instant at which it is written. */
export interface TimedLine {
  readonly atMs: number;
  readonly text: string;
}

/** Sorts lines by time and cuts them into weeks, as log rotation does; each with the date of its first day. */
export function splitWeeks(lines: readonly TimedLine[]): readonly { readonly date: string; readonly text: string }[] {
  const weeks = new Map<number, string[]>();
  for (const { atMs, text } of lines.toSorted((a, b) => a.atMs - b.atMs)) {
    const week = Math.max(0, Math.floor((atMs - firstDayMs) / (7 * dayMs)));
    const known = weeks.get(week);
    if (known === undefined) weeks.set(week, [text]);
    else known.push(text);
  }
  return [...weeks].map(([week, texts]) => ({
    date: new Date(firstDayMs + week * 7 * dayMs).toISOString().slice(0, 10),
    text: `${texts.join('\n')}\n`,
  }));
}
