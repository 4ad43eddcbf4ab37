import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import type { GrantUsage } from '../index.ts';
import {
  capWindowMs,
  exceptionDebt,
  exceptionView,
  openTimeOf,
  relatedQueries,
  reportUsage,
  summariseUsage,
} from '../index.ts';
import {
  act,
  admit,
  approveNow,
  change,
  dayMs,
  directoryOf,
  hourMs,
  minuteMs,
  must,
  settle,
  specOf,
  stateOf,
  statesOf,
  type Town,
} from '../town.playbook.ts';

const digest = (bytes: Uint8Array): Uint8Array => createHash('sha256').update(bytes).digest();

function grant(town: Town, id: string, changes: Parameters<typeof specOf>[0] = {}, waitMs = hourMs): void {
  must(act(town, 'cara', { kind: 'submit', id, spec: specOf(changes) }, id));
  town.nowMs += waitMs;
  must(approveNow(town, 'dan', id));
}

const counted = (grantId: string, changes: Partial<GrantUsage> = {}): GrantUsage => ({
  ...{ grantId, sinceMs: 0, connections: 0, bytesUp: 0, bytesDown: 0 },
  ...{ firstUsedMs: null, lastUsedMs: null, minutesUsed: 0, nearMisses: 0 },
  ...changes,
});

const worldOf = (town: Town): Parameters<typeof reportUsage>[2] => ({
  directory: directoryOf(town),
  nowMs: town.nowMs,
});

const report = (town: Town, rows: readonly GrantUsage[]): ReturnType<typeof reportUsage> =>
  reportUsage(statesOf(town), new Map(rows.map((row) => [row.grantId, row])), worldOf(town));

describe('usage', () => {
  it('calls unused only what was counted from its start', () => {
    const town = settle(digest);
    for (const id of ['x1', 'x2', 'x3']) grant(town, id);
    town.nowMs += dayMs;
    const rows = [
      counted('x1'),
      counted('x2', { sinceMs: town.nowMs }),
      counted('x3', { connections: 3, minutesUsed: 2 }),
    ];
    const reports = report(town, rows);
    assert.deepEqual(
      reports.map(({ used, findings }) => [used, findings.includes('unused')]),
      [
        [false, true],
        [null, false],
        [true, false],
      ],
    );
    assert.deepEqual([reports[2]?.minutesUsed, reports[2]?.minutesOpen], [2, 120]);
    assert.equal(summariseUsage(statesOf(town), reports, town.nowMs).unusedShare, 0.5);
  });

  it('says what should be a rule', () => {
    const town = settle(digest);
    grant(town, 'x1', { durationMs: 30 * dayMs });
    town.nowMs += 30 * dayMs;
    grant(town, 'x2', { durationMs: 29 * dayMs });
    town.nowMs += 29 * dayMs;
    assert.equal(report(town, []).at(-1)?.advice, null);
    const [first] = statesOf(town);
    assert.ok(first?.grant);
    // What the caps refuse today may stand in the log from before they were lowered.
    const longer = {
      ...first,
      id: 'x3',
      grant: { ...first.grant, notBeforeMs: town.nowMs, notAfterMs: town.nowMs + 5 * dayMs },
    };
    const [, , third] = reportUsage([...statesOf(town), longer], new Map(), {
      ...worldOf(town),
      nowMs: town.nowMs + 2 * dayMs,
    });
    assert.equal(third?.advice, 'open 61 of the last 90 days: make it a rule');
    assert.deepEqual(third?.findings, ['repeated', 'nearly_permanent', 'same_pair']);
  });

  it('INVARIANT: a pair is of linked people: a second account of either is no second pair', () => {
    const town = settle(digest);
    admit(town, 'carol', ['requester'], ['team-vault']);
    admit(town, 'dean', ['approver', 'requester']);
    town.nowMs += 31 * dayMs;
    const ask = (who: string, by: string, id: string): void => {
      must(act(town, who, { kind: 'submit', id, spec: specOf({ to: `${id}.example.org:443`, beneficiary: who }) }, id));
      town.nowMs += hourMs;
      must(approveNow(town, by, id));
    };
    ask('cara', 'dan', 'x1');
    ask('carol', 'dean', 'x2');
    ask('cara', 'dean', 'x3');
    const pairsFound = (): readonly boolean[] => report(town, []).map(({ findings }) => findings.includes('same_pair'));
    assert.deepEqual(pairsFound(), [false, false, false]);
    must(change(town, 'ada', { kind: 'link_people', id: 'cara', other: 'carol', reason: 'one human' }));
    assert.deepEqual(pairsFound(), [false, false, false]);
    must(change(town, 'ada', { kind: 'link_people', id: 'dean', other: 'dan', reason: 'one human' }));
    assert.deepEqual(pairsFound(), [true, true, true]);
  });

  it('INVARIANT: two approvers who are linked by now are one pair with who asked', () => {
    const town = settle(digest);
    grant(town, 'x1');
    must(change(town, 'ada', { kind: 'link_people', id: 'ben', other: 'dan', reason: 'one human' }));
    const [first] = statesOf(town);
    assert.ok(first?.grant);
    const both = { ...first, grant: { ...first.grant, approvers: ['ben', 'dan'] } };
    const two = reportUsage([both, { ...both, id: 'x2' }], new Map(), worldOf(town));
    assert.deepEqual(
      two.map(({ findings }) => findings.includes('same_pair')),
      [false, false],
    );
  });

  it('INVARIANT: repeats count as caps do: under another owner, and by a linked person', () => {
    const town = settle(digest);
    grant(town, 'x1');
    const [first] = statesOf(town);
    assert.ok(first?.grant);
    const second = { ...first, id: 'x2', spec: { ...first.spec, owner: 'team-vault' } };
    const third = {
      ...{ ...first, id: 'x3', requester: 'vera' },
      spec: { ...first.spec, owner: 'team-vault', beneficiary: 'vera' },
    };
    const repeats = (): readonly (readonly [number, boolean])[] =>
      reportUsage([first, second, third], new Map(), worldOf(town)).map(({ repeats: count, findings }) => [
        count,
        findings.includes('repeated'),
      ]);
    assert.deepEqual(repeats(), [
      [2, false],
      [3, true],
      [2, false],
    ]);
    must(change(town, 'ada', { kind: 'link_people', id: 'cara', other: 'vera', reason: 'one human' }));
    assert.deepEqual(repeats(), [
      [3, true],
      [3, true],
      [3, true],
    ]);
  });

  it('finds extensions, approvals at once and caps that were reached', () => {
    const town = settle(digest);
    grant(town, 'x1', { bytesUp: 100 }, minuteMs - 1);
    grant(town, 'x2', { bytesUp: 100, extends: 'x1' }, minuteMs);
    const reports = report(town, [counted('x1', { connections: 1, bytesUp: 100 })]);
    assert.deepEqual(
      reports.map(({ findings, extensions, approvalMs }) => [findings, extensions, approvalMs]),
      [
        [['approved_at_once', 'cap_reached'], 0, minuteMs - 1],
        [['extended'], 1, minuteMs],
      ],
    );
    const summary = summariseUsage(statesOf(town), reports, town.nowMs);
    assert.deepEqual([summary.active, summary.approverConcentration, summary.findings.extended], [2, 1, 1]);
    assert.equal(summary.medianApprovalMs, minuteMs - 0.5);
  });

  it('tells the share of traffic that only grants justify', () => {
    assert.deepEqual(exceptionDebt({ connections: 200, bytes: 1_000 }, { connections: 3, bytes: 0 }), {
      connections: 0.015,
      bytes: 0,
    });
    assert.equal(exceptionDebt({ connections: 0, bytes: 0 }, { connections: 0, bytes: 0 }).bytes, null);
  });

  it('counts hours that overlap once, as counting them one by one does', () => {
    const hour = fc.integer({ min: 0, max: 40 });
    fc.assert(
      fc.property(fc.array(fc.tuple(hour, hour)), hour, hour, (pairs, a, b) => {
        const spans = pairs.map(([fromMs, untilMs]) => ({ fromMs, untilMs }));
        const inside = Array.from({ length: 41 }, (_, at) => at).filter(
          (at) => at >= a && at < b && spans.some(({ fromMs, untilMs }) => fromMs <= at && at < untilMs),
        );
        assert.equal(openTimeOf(spans, { fromMs: a, untilMs: b }), inside.length);
      }),
    );
  });
});

describe('the view of an exception', () => {
  it('is found by what counts together, for as long as it counts', () => {
    const town = settle(digest);
    grant(town, 'x1');
    const state = stateOf(town, 'x1');
    assert.ok(state?.grant);
    const { keys } = exceptionView(state);
    assert.deepEqual(
      [keys.owner, keys.service, keys.domain, keys.person],
      ['team-payments', 'payments-api', 'example.com', 'cara'],
    );
    assert.equal(keys.untilMs, Number.MAX_SAFE_INTEGER);
    const closed = { ...state, closed: { atMs: 0, points: [] } };
    assert.equal(exceptionView(closed).keys.untilMs, state.grant.notAfterMs + capWindowMs);
    assert.deepEqual(relatedQueries(state.spec, 'cara', { directory: directoryOf(town), nowMs: town.nowMs }), [
      { kind: 'exception', domain: 'example.com', sinceMs: town.nowMs },
      { kind: 'exception', person: 'cara', sinceMs: town.nowMs },
    ]);
  });
});
