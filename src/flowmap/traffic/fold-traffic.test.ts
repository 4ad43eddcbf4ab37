import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { verdictRecord } from '../../../test/support/verdict-record.ts';
import type { CloseRecord, DecisionRecord, FlowShare } from '../../policy/index.ts';
import { createTrafficFold, type TrafficAddition } from './fold-traffic.ts';
import { coarser, edgeFromKey, edgeToKey, type TrafficEdge } from './traffic-edge.ts';

const bank = { host: 'bank.example.com', port: 443, protocol: 'tls', address: null, class: 'ordinary' } as const;

function share(bytesUp: number, bytesDown: number): FlowShare {
  const durationMs = 1_000;
  return { source: '192.0.2.7:51234', service: 'payments-api', destination: bank, bytesUp, bytesDown, durationMs };
}

function closeRecord(flow: string, change: Partial<CloseRecord> = {}): CloseRecord {
  return {
    ...{ kind: 'close', id: '01KAR6F1R8000000000000000C', flow, time: '2026-11-23T12:00:09.000Z' },
    ...{ bytesUp: 10, bytesDown: 90, durationMs: 9_000, endedBy: 'client', failure: null },
    share: share(10, 90),
    ...change,
  };
}

/** `service point host verdict rules connections/up/down`, one line for each edge. */
function sums(additions: readonly TrafficAddition[]): readonly string[] {
  const found = new Map<string, readonly [number, number, number]>();
  for (const { edge, connections, bytesUp, bytesDown } of additions) {
    const { service, point, host, verdict, ruleIds } = edge;
    const key = [service, point, host, verdict, ...ruleIds].join(' ');
    const [all, up, down] = found.get(key) ?? [0, 0, 0];
    found.set(key, [all + connections, up + bytesUp, down + bytesDown]);
  }
  return [...found].map(([key, counts]) => `${key} ${counts.join('/')}`).sort();
}

function fold(records: readonly DecisionRecord[]): readonly string[] {
  const { take } = createTrafficFold([]);
  return sums(records.flatMap(take));
}

const allowed = verdictRecord({ flow: 'F1', ruleIds: ['payments-api/allow/bank.example.com:443'] });
const rule = 'payments-api/allow/bank.example.com:443';

test('bytes of a flow are counted under the rule that let it out, each share once', () => {
  const progress: DecisionRecord = {
    ...{ kind: 'progress', id: 'P', flow: 'F1', time: '2026-11-23T12:00:05.000Z' },
    ...{ bytesUp: 7, bytesDown: 50, durationMs: 5_000, share: share(7, 50) },
  };
  const close = closeRecord('F1', { bytesUp: 10, bytesDown: 90, share: share(3, 40) });
  assert.deepEqual(fold([allowed, progress, close]), [`payments-api proxy bank.example.com allow ${rule} 1/10/90`]);
});

test('a flow whose first bytes are refused moves to the refused side', () => {
  const refused = verdictRecord({ flow: 'F1', stage: 'sni', verdict: 'deny', reason: 'sni_mismatch' });
  assert.deepEqual(fold([allowed, refused, closeRecord('F1', { share: share(0, 0) })]), [
    `payments-api proxy bank.example.com allow ${rule} 0/0/0`,
    'payments-api proxy bank.example.com deny 1/0/0',
  ]);
});

test('a connection that is judged again is not counted again, and denials that were counted together are as many', () => {
  const again = verdictRecord({ flow: 'F1', stage: 'recheck', verdict: 'deny', reason: 'policy_changed' });
  const many = verdictRecord({ flow: 'F2', verdict: 'deny', reason: 'no_rule_matched', repeats: 41 });
  assert.deepEqual(fold([allowed, again, many]), [
    `payments-api proxy bank.example.com allow ${rule} 1/0/0`,
    'payments-api proxy bank.example.com deny 41/0/0',
  ]);
});

test('an exception and what only observe lets out are told apart from what a rule lets out', () => {
  const byGrant = verdictRecord({ flow: 'F2', grantId: '01KAR6F1R8000000000000000D' });
  const observed = verdictRecord({ flow: 'F3', wouldDeny: true, wouldDenyReason: 'no_rule_matched', mode: 'observe' });
  assert.deepEqual(fold([byGrant, observed]), [
    'payments-api proxy bank.example.com exception 1/0/0',
    'payments-api proxy bank.example.com would-deny 1/0/0',
  ]);
});

test('bytes of a flow whose verdict is not known are kept, without a point and a rule', () => {
  assert.deepEqual(fold([closeRecord('F9')]), ['payments-api  bank.example.com allow 0/10/90']);
  const old = { ...closeRecord('F9') } as Record<string, unknown>;
  delete old['share'];
  assert.deepEqual(fold([old as unknown as CloseRecord]), [], 'nobody knows whose bytes these are');
});

test('a fold that begins with the flows under way goes on as one that saw their verdicts', () => {
  const first = createTrafficFold([]);
  const before = first.take(allowed);
  const { opened, closed } = first.takeChanges();
  assert.deepEqual([...opened.keys(), ...closed], ['F1']);
  const second = createTrafficFold(opened);
  const after = second.take(closeRecord('F1'));
  assert.deepEqual(sums([...before, ...after]), [`payments-api proxy bank.example.com allow ${rule} 1/10/90`]);
  assert.deepEqual([...second.takeChanges().closed], ['F1']);
  // What came and went between two commits is nobody's business on the disk.
  first.takeChanges();
  first.take({ ...allowed, flow: 'F5' });
  first.take(closeRecord('F5'));
  const { opened: none, closed: nobody } = first.takeChanges();
  assert.deepEqual([none.size, nobody.size], [0, 0]);
});

test('damaged counts and times add nothing that a sum could not hold', () => {
  const damaged = closeRecord('F1', { share: share(-5, Number.NaN) });
  assert.deepEqual(fold([allowed, damaged]), [`payments-api proxy bank.example.com allow ${rule} 1/0/0`]);
  assert.deepEqual(fold([verdictRecord({ time: 'yesterday' })]), []);
  assert.deepEqual(fold([verdictRecord({ repeats: 1e300, verdict: 'deny' })]), [
    'payments-api proxy bank.example.com deny 0/0/0',
  ]);
});

test('an edge survives as a line, whatever its texts hold', () => {
  const text = fc.string({ unit: fc.constantFrom('a', '*', '\n', '\t', '\0', '\u2028', '"', 'é', ' '), maxLength: 12 });
  const edges = fc.record({
    ...{ service: text, identity: text, point: text, host: text, protocol: text, class: text, reason: text },
    port: fc.option(fc.integer({ min: 1, max: 65_535 })),
    verdict: fc.constantFrom('allow' as const, 'exception' as const, 'would-deny' as const, 'deny' as const),
    ruleIds: fc.array(
      text.filter((id) => id !== ''),
      { maxLength: 4 },
    ),
    grantId: fc.option(text.filter((id) => id !== '')),
  });
  fc.assert(
    fc.property(edges, (edge: TrafficEdge) => {
      const key = edgeToKey(edge);
      assert.equal(key.split('\n').length, 11);
      assert.equal(edgeToKey(edgeFromKey(key)), key);
      assert.deepEqual(edgeFromKey(key).port, edge.port);
    }),
    { numRuns: 30 },
  );
});

test('an edge is told more coarsely in two steps, and never loses its service and verdict', () => {
  const edge = edgeFromKey(edgeToKey({ ...edgeOf(), ruleIds: [rule], grantId: 'G' }));
  const once = coarser(edge);
  assert.deepEqual([once?.host, once?.identity, once?.port, once?.ruleIds.length], ['*', '*', null, 1]);
  const twice = once === null ? null : coarser(once);
  assert.deepEqual(
    [twice?.service, twice?.verdict, twice?.ruleIds.length, twice?.grantId],
    ['payments-api', 'allow', 0, null],
  );
  assert.equal(twice === null ? null : coarser(twice), null);
});

function edgeOf(): TrafficEdge {
  const [added] = createTrafficFold([]).take(allowed);
  assert.ok(added !== undefined);
  return added.edge;
}
