import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { it } from 'node:test';
import fc from 'fast-check';
import { defaultTiers } from '../../policy/index.ts';
import { endOf } from '../index.ts';
import { act, approveNow, change, dayMs, hourMs, must, settle, specOf, statesOf, type Town } from '../town.playbook.ts';

const digest = (bytes: Uint8Array): Uint8Array => createHash('sha256').update(bytes).digest();

// `cara` and `vera` are linked, `gus` is not; all ask for hosts under one domain.
const settled = settle(digest);
must(change(settled, 'ada', { kind: 'link_people', id: 'cara', other: 'vera', reason: 'one human' }));
const unlinked: Readonly<Record<string, string>> = { cara: 'cara', vera: 'cara', gus: 'gus' };

interface Ask {
  readonly who: string;
  readonly owner: string;
  readonly host: string;
  readonly days: number;
  readonly waitDays: number;
  readonly revoke: boolean;
}

const askArbitrary: fc.Arbitrary<Ask> = fc.record({
  who: fc.constantFrom('cara', 'vera', 'gus'),
  owner: fc.constantFrom('team-payments', 'team-vault'),
  host: fc.constantFrom('a.example.com', 'b.example.com'),
  days: fc.constantFrom(3, 10, 29, 30),
  waitDays: fc.constantFrom(0, 1, 10, 20, 31),
  revoke: fc.boolean(),
});

function play(asks: readonly Ask[]): Town {
  const town: Town = { ...settled, log: [...settled.log] };
  for (const [index, { who, owner, host, days, waitDays, revoke }] of asks.entries()) {
    const id = `x${index}`;
    const spec = specOf({ to: `${host}:443`, owner, beneficiary: who, durationMs: days * dayMs });
    if (act(town, who, { kind: 'submit', id, spec }, id).ok) approveNow(town, 'dan', id);
    town.nowMs += waitDays * dayMs;
    if (revoke) act(town, 'eve', { kind: 'revoke', reason: 'not needed' }, id);
  }
  return town;
}

/** Hours of the 90 days before an end in which something of a group stood open, counted one by one. */
function openHours(spans: readonly (readonly [fromMs: number, untilMs: number])[], untilMs: number): number {
  let hours = 0;
  for (let atMs = untilMs - 90 * dayMs; atMs < untilMs; atMs += hourMs)
    if (spans.some(([fromMs, endMs]) => fromMs <= atMs && atMs < endMs)) hours += 1;
  return hours;
}

it('INVARIANT: splitting does not launder: nothing of one owner, or of linked people, stays open past the cap', () => {
  const capHours = defaultTiers.low.cumulativeMs / hourMs;
  fc.assert(
    fc.property(fc.array(askArbitrary, { minLength: 4, maxLength: 12, size: 'max' }), (asks) => {
      const states = statesOf(play(asks));
      const groups = [
        ...['team-payments', 'team-vault'].map((owner) => states.filter(({ spec }) => spec.owner === owner)),
        ...['cara', 'gus'].map((who) => states.filter(({ requester }) => unlinked[requester] === who)),
      ];
      for (const group of groups) {
        const spans = group.flatMap((state) =>
          state.grant === null ? [] : [[state.grant.notBeforeMs, endOf(state) ?? 0] as const],
        );
        for (const [, untilMs] of spans) assert.ok(openHours(spans, untilMs) <= capHours);
      }
    }),
    { numRuns: 60 },
  );
});
