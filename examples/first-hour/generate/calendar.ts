import type { Random } from './random.ts';

/** Milliseconds of a day; the story is told in UTC, so that every day has as many. */
export const dayMs = 86_400_000;
/** The first day: Monday, 14 September 2026. */
export const firstDayMs: number = Date.UTC(2026, 8, 14);
/** Up to and including 28 October: six weeks and a half, with the end of September in it. */
export const dayCount = 45;
/** The instant after the last day. */
export const endMs: number = firstDayMs + dayCount * dayMs;

const minuteMs = 60_000;
const hourMs = 3_600_000;

/** How busy each hour of a day is: people at desks, customers of a shop, and builds, which start a little later and end in the night. */
export const curves = {
  office: [0, 0, 0, 0, 0, 0, 1, 4, 9, 11, 11, 9, 6, 9, 11, 10, 8, 4, 1, 1, 0, 0, 0, 0],
  shop: [2, 1, 1, 1, 1, 2, 4, 7, 9, 10, 11, 12, 12, 11, 11, 11, 12, 13, 14, 15, 15, 12, 8, 4],
  build: [1, 0, 0, 0, 0, 0, 1, 3, 8, 11, 11, 10, 8, 10, 11, 11, 10, 6, 3, 2, 1, 1, 1, 1],
} as const;

/** When something happens. */
export type Rhythm =
  /** So many a day, over the hours of a curve; weekends have a share of it. */
  | {
      readonly kind: 'curve';
      readonly curve: keyof typeof curves;
      readonly perDay: number;
      readonly weekendShare: number;
    }
  /** Every so many minutes from each client, give or take a share of that. */
  | { readonly kind: 'poll'; readonly everyMinutes: number; readonly jitter: number; readonly fromDay?: number }
  /** A job at a time of the day, which calls so often within some minutes; days count from 0. */
  | {
      readonly kind: 'job';
      readonly at: string;
      readonly on: 'daily' | 'weekdays' | 'month-end' | readonly number[];
      readonly calls: number;
      readonly overMinutes: number;
    };

/** The instants of a rhythm for one client that does all of it, epoch milliseconds, in no order. */
export function timesOf(rhythm: Rhythm, random: Random): readonly number[] {
  if (rhythm.kind === 'poll') return pollTimes(rhythm, random);
  const days = Array.from({ length: dayCount }, (_, day) => day);
  if (rhythm.kind === 'curve') return days.flatMap((day) => curveTimes(rhythm, day, random));
  return days.filter((day) => isJobDay(rhythm.on, day)).flatMap((day) => jobTimes(rhythm, day, random));
}

/** Whether a day of the story is a Saturday or a Sunday. */
export function isWeekend(day: number): boolean {
  return day % 7 >= 5;
}

function pollTimes(rhythm: Extract<Rhythm, { kind: 'poll' }>, random: Random): readonly number[] {
  const times: number[] = [];
  const stepMs = rhythm.everyMinutes * minuteMs;
  let at = firstDayMs + (rhythm.fromDay ?? 0) * dayMs + random.next() * stepMs;
  while (at < endMs) {
    times.push(at);
    at += stepMs * (1 + random.between(-rhythm.jitter, rhythm.jitter));
  }
  return times;
}

function curveTimes(rhythm: Extract<Rhythm, { kind: 'curve' }>, day: number, random: Random): readonly number[] {
  const weights: readonly number[] = curves[rhythm.curve];
  const all = weights.reduce((sum, weight) => sum + weight, 0);
  const perDay = rhythm.perDay * (isWeekend(day) ? rhythm.weekendShare : 1);
  return weights.flatMap((weight, hour) => {
    const count = random.count((perDay * weight) / all);
    return Array.from({ length: count }, () => firstDayMs + day * dayMs + (hour + random.next()) * hourMs);
  });
}

function jobTimes(rhythm: Extract<Rhythm, { kind: 'job' }>, day: number, random: Random): readonly number[] {
  const [hour = 0, minute = 0] = rhythm.at.split(':').map(Number);
  const startMs = firstDayMs + day * dayMs + hour * hourMs + minute * minuteMs;
  return Array.from({ length: rhythm.calls }, () => startMs + random.next() * rhythm.overMinutes * minuteMs);
}

function isJobDay(on: Extract<Rhythm, { kind: 'job' }>['on'], day: number): boolean {
  if (on === 'daily') return true;
  if (on === 'weekdays') return !isWeekend(day);
  return on === 'month-end' ? new Date(firstDayMs + (day + 1) * dayMs).getUTCDate() === 1 : on.includes(day);
}
