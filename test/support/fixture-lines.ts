import {
  type Collected,
  type CollectedFlow,
  type CollectOptions,
  collectObservations,
  readFixture,
} from './collect-observations.ts';

/** A fixture of a format: its text, what all of it comes to, and what one line alone does; lines count from 1. */
export interface FixtureLines {
  readonly fixture: string;
  readonly whole: Collected;
  line(number: number, options?: CollectOptions): Collected;
  /** The first flow of a line; empty where it has none. */
  flow(number: number): Partial<CollectedFlow>;
  /** How many lines had which outcome, in the order in which outcomes came first. */
  counts(): Readonly<Record<string, number>>;
}

/** Reads a fixture of `test/fixtures/ingest/` line by line. */
export function fixtureLines(format: string, name: string): FixtureLines {
  const fixture = readFixture(name);
  const lines = fixture.split('\n');
  const whole = collectObservations(format, fixture);
  const line: FixtureLines['line'] = (number, options = {}) =>
    collectObservations(format, lines[number - 1] ?? '', options);
  return {
    fixture,
    whole,
    line,
    flow: (number) => line(number).flows[0] ?? {},
    counts: () => {
      const grouped = Object.groupBy(whole.outcomes, (outcome) => outcome);
      return Object.fromEntries(Object.entries(grouped).map(([outcome, all]) => [outcome, all?.length ?? 0]));
    },
  };
}

/** An instant of the day of these fixtures, 2026-11-27 (UTC): `fixtureTime('10:00:05')`, in epoch milliseconds. */
export function fixtureTime(time: string): number {
  return Date.parse(`2026-11-27T${time}Z`);
}
