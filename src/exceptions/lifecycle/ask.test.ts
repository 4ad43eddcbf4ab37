import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { describe, it } from 'node:test';
import { transition } from '../index.ts';
import { act, actorOf, codeOf, dayMs, hourMs, settle, specOf, worldFor } from '../town.playbook.ts';
import { type Row, townsWith, vault } from './asked.playbook.ts';

const digest = (bytes: Uint8Array): Uint8Array => createHash('sha256').update(bytes).digest();
const { asked } = townsWith(digest);

const submit = (changes: Parameters<typeof specOf>[0], who = 'cara', id = 'x2'): ReturnType<typeof act> =>
  act(settle(digest), who, { kind: 'submit', id, spec: specOf(changes) }, id);

const askingRows: readonly Row[] = [
  ['done', 'something ordinary', () => submit({})],
  ['token_cannot', 'an auditor', () => submit({}, 'finn')],
  ['token_cannot', 'a key', () => submit({}, 'cara-key')],
  ['actor_unknown', 'somebody unknown', () => submit({}, 'zoe')],
  [
    'exception_exists',
    'an id that is taken',
    () => act(asked(), 'cara', { kind: 'submit', id: 'x1', spec: specOf() }, 'x1'),
  ],
  ['spec_malformed', 'an odd id', () => submit({}, 'cara', 'x/2')],
  ['spec_malformed', 'no time at all', () => submit({ durationMs: 0 })],
  ['spec_malformed', 'half a byte', () => submit({ bytesUp: 0.5 })],
  ['spec_malformed', 'two lines of ticket', () => submit({ ticket: 'a\nb' })],
  ['target_malformed', 'no port', () => submit({ to: 'files.example.com' })],
  ['target_too_wide', 'every port', () => submit({ to: 'files.example.com:*' })],
  ['target_too_wide', 'every host', () => submit({ to: '*:443' })],
  ['target_too_wide', 'everything under a public suffix', () => submit({ to: '*.co.uk:443' })],
  ['target_too_wide', 'a large block', () => submit({ to: '203.0.112.0/20:443' })],
  ['boundary', 'a denied site', () => submit({ to: 'paste.example.org:443' })],
  ['boundary', 'metadata', () => submit({ to: 'http://169.254.169.254:80' })],
  ['boundary', 'a private address without a segment', () => submit({ to: 'tcp://10.60.0.9:5432' })],
  ['done', 'a private address by a segment', () => submit({ to: 'tcp://10.60.0.9:5432', via: ['backends'] })],
  ['unknown_segment', 'a segment of nobody', () => submit({ via: ['nowhere'] })],
  ['unknown_service', 'a service of nobody', () => submit({ service: 'payment-api' })],
  ['unknown_identity', 'an identity of nobody', () => submit({ identity: 'credential:other' })],
  ['done', 'one identity', () => submit({ identity: 'credential:payments-batch' })],
  ['owner_unknown', 'an owner of nobody', () => submit({ owner: 'team-nobody' })],
  ['done', 'an owner that somebody acts for', () => submit({ owner: 'team-vault' })],
  ['beneficiary_unknown', 'a beneficiary of nobody', () => submit({ beneficiary: 'zoe' })],
  ['reason_missing', 'a short reason', () => submit({ reason: 'because' })],
  ['reason_missing', 'a placeholder', () => submit({ reason: 'TODO write this' })],
  ['reason_missing', 'dots', () => submit({ reason: '..............' })],
  ['duration_over_tier', 'more than a low tier lasts', () => submit({ durationMs: 31 * dayMs })],
  ['duration_over_tier', 'more than a vault may be open', () => submit({ to: vault, durationMs: 9 * hourMs })],
  ['start_too_far', 'a start in half a year', () => submit({ startAtMs: Date.UTC(2027, 4, 1) })],
  ['start_too_far', 'a start yesterday', () => submit({ startAtMs: Date.UTC(2026, 10, 1) })],
  ['extends_unknown', 'an extension of nothing', () => submit({ extends: 'x9' })],
  [
    'no_policy',
    'without a policy',
    () => {
      const town = settle(digest);
      const command = { kind: 'submit', id: 'x2', spec: specOf() } as const;
      const world = { ...worldFor(town, command, null), facts: null };
      return transition(command, null, { actor: actorOf('cara'), world });
    },
  ],
];

describe('asking', () => {
  for (const [code, what, play] of askingRows) it(`${what}: ${code}`, () => assert.equal(codeOf(play()), code));
});
