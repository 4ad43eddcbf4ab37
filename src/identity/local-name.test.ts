import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { localEvidence } from './local-evidence.ts';
import { parseLocalName } from './local-name.ts';

const accepted: readonly string[] = [
  'user:builder',
  'user:_apt',
  'user:svc.payments-2',
  'user:HOST$',
  'user:0',
  'user:4294967294',
  'group:ci',
  'group:1002',
  'cgroup:/system.slice/payments.service',
  'cgroup:/system.slice/system-getty.slice/getty@tty1.service',
  'cgroup:/system.slice/dev-disk-by\\x2duuid.swap',
];

const refused: readonly (readonly [what: string, text: string])[] = [
  ['nothing', ''],
  ['no kind', 'builder'],
  ['another kind', 'pid:12'],
  ['a kind in upper case', 'User:builder'],
  ['no name', 'user:'],
  ['a leading zero', 'user:01001'],
  ['a sign', 'user:-1'],
  ['a fraction', 'user:1.5'],
  ['no user', 'user:4294967295'],
  ['past 32 bits', 'user:4294968297'],
  ['a name that begins with a digit', 'user:1builder'],
  ['a space', 'user:a b'],
  ['a line break at the end', 'user:builder\n'],
  ['a letter that looks like another', 'user:buіlder'],
  ['a long name', `user:${'a'.repeat(33)}`],
  ['a joiner', 'cgroup:/a + /b'],
  ['every process', 'cgroup:/'],
  ['a relative path', 'cgroup:system.slice'],
  ['a slash at the end', 'cgroup:/system.slice/'],
  ['an empty segment', 'cgroup://system.slice'],
  ['a segment that goes up', 'cgroup:/system.slice/../user.slice'],
  ['a quote', 'cgroup:/a"b'],
  ['a deep path', `cgroup:${'/a'.repeat(33)}`],
];

describe('parseLocalName', () => {
  for (const text of accepted)
    it(`accepts ${text}`, () => {
      const parsed = parseLocalName(text);
      assert.equal(parsed.ok && parsed.value.text, text);
    });
  for (const [what, text] of refused) it(`refuses ${what}`, () => assert.equal(parseLocalName(text).ok, false));

  it('never throws, and what it accepts has one spelling', () => {
    fc.assert(
      fc.property(fc.constantFrom('user:', 'group:', 'cgroup:/', ''), fc.string(), (kind, tail) => {
        const parsed = parseLocalName(kind + tail);
        if (parsed.ok) assert.equal(parsed.value.text, kind + tail);
      }),
    );
  });
});

describe('localEvidence', () => {
  it('has every spelling of a process, and every cgroup that it runs in', () => {
    const names = localEvidence({ uid: 1001, userNames: ['builder'], gid: 1002, groupNames: ['ci'], cgroup: '/a/b' });
    assert.deepEqual(names.names, ['user:1001', 'user:builder', 'group:1002', 'group:ci', 'cgroup:/a', 'cgroup:/a/b']);
  });
  it('says nothing of what the kernel did not say', () => {
    const names = localEvidence({ uid: null, userNames: ['x'], gid: null, groupNames: ['x'], cgroup: '/' }).names;
    assert.deepEqual(names, []);
  });
});
