import assert from 'node:assert/strict';
import { test } from 'node:test';
import { takeGivenSockets } from './given-sockets.ts';

const rows: readonly (readonly [title: string, expected: readonly number[], env: Record<string, string>])[] = [
  [
    'both are taken, from 3 on',
    [3, 4],
    { LISTEN_PID: '4711', LISTEN_FDS: '2', LISTEN_FDNAMES: 'exeat.socket:exeat.socket' },
  ],
  ['one is taken where the machine has no IPv6', [3], { LISTEN_PID: '4711', LISTEN_FDS: '1' }],
  ['none without a word of systemd', [], {}],
  ['none that are meant for another process', [], { LISTEN_PID: '4712', LISTEN_FDS: '2' }],
  ['none where the count is none', [], { LISTEN_PID: '4711', LISTEN_FDS: '2,3' }],
  ['none where the count is missing', [], { LISTEN_PID: '4711' }],
  ['no more than there are families', [3, 4], { LISTEN_PID: '4711', LISTEN_FDS: '9' }],
];

for (const [title, expected, env] of rows) {
  test(`of the sockets that systemd hands over ${title}`, () => {
    const given = { ...env, PATH: '/usr/bin' };
    assert.deepEqual(takeGivenSockets(given, 4711), expected);
    assert.deepEqual(given, { PATH: '/usr/bin' }, 'children are told of none');
  });
}
