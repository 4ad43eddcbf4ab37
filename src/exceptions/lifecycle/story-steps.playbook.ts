import fc from 'fast-check';
import type { ExceptionSpec, Narrowing } from '../spec/exception-spec.ts';
import { dayMs, hourMs, minuteMs } from '../town.playbook.ts';

const vault = 'eu.vault.example.net:443';

/** What somebody wants to do; ids are picked among those that are there. */
export interface Step {
  readonly who: string;
  readonly what: string;
  readonly pick: number;
  readonly option: number;
  readonly waitMs: number;
}

/** Everybody who takes steps; `puppet` is an account that is made on the way. */
export const everybody: readonly string[] = [
  'ada',
  'ben',
  'cara',
  'dan',
  'eve',
  'finn',
  'gus',
  'vera',
  'puppet',
  'gus-key',
  'dan-key',
];
const deciders = ['ben', 'dan', 'eve', 'vera', 'puppet', 'ada'];

/** Every kind of step with who mostly takes it: stories in which everything is refused show little. Some take it who may not. */
const whoMostly: Readonly<Record<string, readonly string[]>> = {
  submit: ['cara', 'gus', 'ada', 'dan'],
  approve: deciders,
  edit: ['cara', 'gus', 'dan'],
  extend: ['cara', 'gus'],
  declare: ['gus-key', 'dan-key'],
  acknowledge: [...deciders, 'dan-key'],
  withdraw: ['cara', 'gus'],
  deny: deciders,
  revoke: [...deciders, 'cara'],
  suspend: deciders,
  resume: deciders,
  review: ['finn', 'eve', 'ben'],
};
const common = [
  ...['submit', 'submit', 'approve', 'approve', 'approve', 'approve', 'approve', 'look', 'extend'],
  ...['declare', 'acknowledge', 'acknowledge', 'suspend', 'resume', 'resume'],
];
const rare = [
  'edit',
  'withdraw',
  'deny',
  'revoke',
  'suspend',
  'review',
  'close',
  'mint',
  'reset',
  'link',
  'leave',
  'demote',
  'back',
  'policy',
];

const stepArbitrary: fc.Arbitrary<Step> = fc.constantFrom(...common, ...common, ...common, ...rare).chain((what) =>
  fc.record({
    what: fc.constant(what),
    who: fc.oneof(
      { weight: 4, arbitrary: fc.constantFrom(...(whoMostly[what] ?? everybody)) },
      { weight: 1, arbitrary: fc.constantFrom(...everybody) },
    ),
    pick: fc.oneof({ weight: 3, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: fc.nat(3) }),
    option: fc.oneof({ weight: 4, arbitrary: fc.constantFrom(0, 1) }, { weight: 3, arbitrary: fc.nat(7) }),
    waitMs: fc.oneof(
      { weight: 6, arbitrary: fc.constantFrom(0, 0, 1_000, 30_000, 5 * minuteMs) },
      { weight: 2, arbitrary: fc.constantFrom(11 * minuteMs, hourMs, 2 * hourMs) },
      { weight: 1, arbitrary: fc.constantFrom(dayMs, 3 * dayMs, 31 * dayMs) },
    ),
  }),
);
/** A story: up to 60 steps. */
export const storyArbitrary: fc.Arbitrary<readonly Step[]> = fc.array(stepArbitrary, {
  minLength: 25,
  maxLength: 60,
  size: 'max',
});

/** What is asked for, by the option of a step. */
export const specs: readonly Partial<ExceptionSpec>[] = [
  {},
  { to: vault },
  { to: '*.example.com:443', bytesUp: 1_000_000 },
  { to: 'paste.example.org:443' },
  { beneficiary: 'dan', durationMs: 20 * dayMs },
  { startAtMs: 0, durationMs: hourMs },
  { owner: 'team-vault', beneficiary: 'puppet', durationMs: 29 * dayMs },
  { durationMs: 40 * dayMs },
];
/** What an approver takes away or tries to add, by the option of a step. */
export const narrowings: readonly Narrowing[] = [
  {},
  {},
  {},
  { durationMs: minuteMs },
  { bytesUp: 10 },
  { to: 'files.example.com:443' },
  { durationMs: 60 * dayMs },
  { to: '*:443' },
];
