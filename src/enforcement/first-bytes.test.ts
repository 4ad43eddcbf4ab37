import assert from 'node:assert/strict';
import { test } from 'node:test';
import { playSession } from '../../test/support/play-session.ts';
import { policyOf, ruleNode, serviceNode } from '../../test/support/policy-fixture.ts';

const nowMs = 1_800_000_000_000;
const policy = policyOf([
  serviceNode('watched', {
    mode: 'observe',
    observeUntil: nowMs + 86_400_000,
    allow: [ruleNode('tcp://mail.example.com:25'), ruleNode('bank.example.com:25')],
  }),
]);

function remarksOn(authority: string): readonly unknown[] {
  const proof = `Basic ${Buffer.from('watched:secret').toString('base64')}`;
  const head = `CONNECT ${authority} HTTP/1.1\r\nProxy-Authorization: ${proof}\r\n\r\n`;
  const { records } = playSession({ policy, nowMs, parts: [Buffer.from(head), Buffer.from('EHLO x\r\n')] });
  return records.flatMap((record) => (record.kind === 'verdict' ? [[record.stage, record.wouldDenyReason]] : []));
}

test('what a rule lets pass opaque is remarked upon under observe as little as it is refused under enforce', () => {
  assert.deepEqual(remarksOn('mail.example.com:25'), [['name', null]]);
  assert.deepEqual(remarksOn('bank.example.com:25'), [
    ['name', null],
    ['sni', 'hello_missing'],
  ]);
});
