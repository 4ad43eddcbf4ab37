import assert from 'node:assert/strict';
import { test } from 'node:test';
import { noFacts } from '../policy/index.ts';
import type { ConnectionFacts, ImmediateCommand, Judge, SessionEvent, SessionPorts } from './index.ts';
import { defaultLimits, noBudgets, proxySession, silentObserver } from './index.ts';

const facts: Omit<ConnectionFacts, 'tell' | 'ask'> = {
  sourceAddress: '192.0.2.7',
  source: '192.0.2.7:51234',
  isLoopback: false,
  localAuthority: '192.0.2.1:3128',
  aimed: null,
  isPastLimit: false,
  bytesUp: 0,
  bytesDown: 0,
  flow: null,
};

const failing: Judge = {
  identify: () => {
    throw new TypeError('broken');
  },
  decide: () => {
    throw new TypeError('broken');
  },
  approve: () => {
    throw new TypeError('broken');
  },
};
const principal = {
  service: 'api',
  identity: 'source:192.0.2.7/32',
  strength: 'network',
  source: '192.0.2.7',
  expiresAt: null,
} as const;

function ports(judge: Judge, hasPolicy = true): SessionPorts {
  const policy = { version: 'sha256:test' } as unknown as ReturnType<SessionPorts['policy']['current']>;
  return {
    clock: { now: () => 1_000 },
    newId: () => 'id',
    policy: {
      current: () => (hasPolicy ? policy : null),
      facts: () => noFacts,
      network: () => ({ ownAddresses: [], localOrigins: [] }),
    },
    judge,
    verifier: { generation: 0, verify: () => ({ kind: 'failed', why: 'unknown' }), stillHolds: () => true },
    resolver: { holds: () => false },
    budgets: noBudgets,
    records: { isKeeping: true },
    denials: { note: (record) => ({ record, id: record.id }) },
    registry: { arrive: () => true, settle: () => undefined, enter: () => true, leave: () => undefined },
    observer: silentObserver,
    settings: {
      point: 'proxy',
      limits: defaultLimits,
      allowCleartextProof: false,
      onFull: 'auto',
      requestBase: null,
      viaName: 'exeat-test',
      parent: null,
      pac: null,
    },
  };
}

// Plays one head; gives the commands by type, the reason that was recorded, and what the client was told.
function play(
  judge: Judge,
  head: string,
  hasPolicy = true,
): readonly [commands: readonly string[], reason: string, said: string] {
  const commands: string[] = [];
  let reason = '';
  let said = '';
  const queue: SessionEvent[] = [{ type: 'bytes', side: 'client', bytes: Buffer.from(head) }];
  const tell = (command: ImmediateCommand): void => {
    if (command.type !== 'arm' && command.type !== 'unread') commands.push(command.type);
    reason = reasonOf(command) ?? reason;
    said += saidBy(command);
    if (command.type === 'unread') queue.unshift({ type: 'bytes', side: 'client', bytes: command.bytes });
  };
  const conversation = proxySession(ports(judge, hasPolicy), { ...facts, tell, ask: () => null });
  for (let step = conversation.next(); step.done !== true && commands.length < 100; ) {
    const command = step.value;
    commands.push(command.type);
    const over = { type: 'over', by: 'client' } as const;
    step = conversation.next(command.type === 'read' ? (queue.shift() ?? over) : { type: 'done' });
  }
  return [commands, reason, said];
}

function reasonOf(command: ImmediateCommand): string | null {
  return command.type === 'record' && command.record.kind === 'verdict' ? command.record.reason : null;
}

function saidBy(command: ImmediateCommand): string {
  return command.type === 'send' ? (Buffer.from(command.bytes).toString('latin1').split('\r\n')[0] ?? '') : '';
}

const head = 'CONNECT bank-gateway.example.com:443 HTTP/1.1\r\n\r\n';
const forbidden = 'HTTP/1.1 403 Forbidden';

test('INVARIANT: deciding that fails is a deny, nothing is resolved and nothing is dialled', () => {
  const refused = ['read', 'read', 'record', 'send', 'read'];
  assert.deepEqual(play(failing, head), [refused, 'decision_failed', forbidden]);
  const identified: Judge = { ...failing, identify: () => ({ kind: 'identified', principal }) };
  assert.deepEqual(play(identified, head), [refused, 'decision_failed', forbidden]);
  assert.deepEqual(play(failing, head, false), [refused, 'no_policy', forbidden]);
});

test('a proof in clear text from another machine is refused before it is verified', () => {
  const withProof = head.replace('\r\n\r\n', '\r\nProxy-Authorization: Bearer abc\r\n\r\n');
  const [commands, reason] = play(failing, withProof);
  assert.deepEqual([commands.includes('verify'), reason], [false, 'cleartext_proof_refused']);
});

test('a malformed head is 400, recorded and closed', () => {
  assert.deepEqual(play(failing, 'CONNECT x HTTP/1.1\n\n'), [
    ['read', 'read', 'record', 'send', 'close'],
    'request_malformed',
    'HTTP/1.1 400 Bad Request',
  ]);
});
