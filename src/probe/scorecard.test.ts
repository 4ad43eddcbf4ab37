import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bareTarget } from '../../test/support/probe-target.ts';
import { type EndingName, ended, endingOfErrno, endings, type WayResult } from './ending.ts';
import { formatProbeMetrics } from './metrics-text.ts';
import { runProbe } from './run-probe.ts';
import { foldScores, scoreWay } from './scorecard.ts';
import type { ProbeTarget, Way } from './way.ts';

const target: ProbeTarget = { ...bareTarget, ipv4: '203.0.113.7' };

function wayWith(id: string, attempt: Way['attempt'], needs: Way['needs'] = []): Way {
  return { id, group: 'tcp', title: id, closedBy: 'default_deny', needs, attempt };
}

const closedWay = wayWith('a', async () => ended('refused'));

test('only what proves something is open, and only what was tried is closed', () => {
  const open = Object.keys(endings).filter((how) => endings[how as EndingName].result === 'open');
  assert.deepEqual(open, ['token', 'echoed', 'verified', 'service', 'granted', 'connected']);
  const rows: readonly (readonly [string | undefined, EndingName, WayResult])[] = [
    ['ECONNREFUSED', 'refused', 'closed'],
    ['EHOSTUNREACH', 'unreachable', 'closed'],
    ['EADDRNOTAVAIL', 'unreachable', 'closed'],
    ['EPERM', 'not_permitted', 'closed'],
    ['ENOTFOUND', 'no_name', 'closed'],
    ['DEPTH_ZERO_SELF_SIGNED_CERT', 'foreign_answer', 'closed'],
    ['ERR_SSL_WRONG_VERSION_NUMBER', 'denied', 'closed'],
    // Trouble on this side says nothing of the way.
    ['EMFILE', 'failed', 'untested'],
    [undefined, 'failed', 'untested'],
  ];
  for (const [code, how, result] of rows) {
    const ending = endingOfErrno(code);
    assert.deepEqual([ending.how, endings[ending.how].result], [how, result], code);
  }
});

test('a run scores every way in the order of the table, whatever attempts do', async () => {
  const told: string[] = [];
  const card = await runProbe({
    target,
    ways: [
      wayWith('slow', async () => {
        await new Promise((resolve) => setTimeout(resolve, 20));
        return ended('token');
      }),
      closedWay,
      wayWith('lacking', async () => ended('token'), ['ipv6']),
      wayWith('broken', () => {
        throw new TypeError('a fault of ours');
      }),
      wayWith('rejecting', () => Promise.reject(new Error('later'))),
    ],
    onScore: ({ way }) => told.push(way),
  });
  assert.deepEqual(
    card.scores.map(({ way, result }) => [way, result]),
    [
      ['slow', 'open'],
      ['a', 'closed'],
      ['lacking', 'untested'],
      ['broken', 'untested'],
      ['rejecting', 'untested'],
    ],
  );
  assert.deepEqual(card.counts, { open: 1, closed: 1, untested: 3 });
  assert.equal(told.length, 5);
  assert.match(card.token, /^[0-9a-f]{16}$/);
  assert.equal(card.scores[2]?.ms, null);
  assert.match(card.scores[2]?.detail ?? '', /IPv6 address/);
});

test('a few ways are tried at a time', async () => {
  let now = 0;
  let most = 0;
  const busy = wayWith('busy', async () => {
    now += 1;
    most = Math.max(most, now);
    await new Promise((resolve) => setTimeout(resolve, 2));
    now -= 1;
    return ended('refused');
  });
  await runProbe({ target, ways: Array.from({ length: 40 }, () => ({ ...busy })), onScore: () => undefined });
  assert.ok(most > 1 && most <= 8, `${most} at once`);
});

test('metrics have a line for what was tried, and counts of everything', () => {
  const scores = [
    scoreWay(closedWay, ended('refused'), 3),
    scoreWay({ ...closedWay, id: 'b' }, ended('token'), 4),
    scoreWay({ ...closedWay, id: 'c' }, ended('lacking', 'needs root'), null),
  ];
  assert.equal(
    formatProbeMetrics(foldScores('0123456789abcdef', scores), 1_700_000_000_500),
    [
      '# HELP exeat_probe_open Whether a way out is open (1) or closed (0).',
      '# TYPE exeat_probe_open gauge',
      'exeat_probe_open{way="a"} 0',
      'exeat_probe_open{way="b"} 1',
      '# HELP exeat_probe_ways Ways out by result.',
      '# TYPE exeat_probe_ways gauge',
      'exeat_probe_ways{result="open"} 1',
      'exeat_probe_ways{result="closed"} 1',
      'exeat_probe_ways{result="untested"} 1',
      '# HELP exeat_probe_last_run_seconds When the probe ended, seconds since 1970.',
      '# TYPE exeat_probe_last_run_seconds gauge',
      'exeat_probe_last_run_seconds 1700000000',
      '',
    ].join('\n'),
  );
});
