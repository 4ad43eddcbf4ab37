import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { grantOf } from '../../test/support/grant-fixture.ts';
import { helloBytes } from '../../test/support/hello-bytes.ts';
import {
  type GatewayPlay,
  type GatewayStep,
  type PlayedGateway,
  playedAtMs,
  playGateway,
} from '../../test/support/play-gateway.ts';
import { playPorts } from '../../test/support/play-session.ts';
import { identityNode, policyOf, ruleNode, serviceNode } from '../../test/support/policy-fixture.ts';
import { type CompiledPolicy, type DecisionFacts, noFacts, openGrants, withEnded } from '../policy/index.ts';
import type { SessionPorts } from './index.ts';

const watched = '192.0.2.200';
const allow = [
  ruleNode('bank.example.com:443'),
  ruleNode('veiled.example.com:443', { ech: true }),
  ruleNode('tcp://opaque.example.com:443'),
  ruleNode('http://plain.example.com:443'),
  ruleNode('203.0.113.0/28:443', { sniNone: true }),
  ruleNode('203.0.113.16/28:443'),
  ruleNode('tcp://203.0.113.32/28:443'),
  ruleNode('tcp://10.0.0.0/8:443'),
];
const policy: CompiledPolicy = policyOf([
  serviceNode('app', { identities: [identityNode('source:192.0.2.0/25')], allow }),
  serviceNode('watched', {
    mode: 'observe',
    observeUntil: playedAtMs + 86_400_000,
    identities: [identityNode('source:192.0.2.128/25')],
    allow,
  }),
]);
const resolved = '198.51.100.80';
const hello = (serverName: string | null, extra: Partial<Parameters<typeof helloBytes>[0]> = {}): Uint8Array =>
  helloBytes({ serverName, ...extra });

function play(steps: readonly GatewayStep[], extra: Partial<GatewayPlay> = {}): PlayedGateway {
  return playGateway({ policy, aimed: `${resolved}:443`, steps, ...extra });
}

test('a name that is allowed is resolved by us, dialled and relayed, in this order', () => {
  const bytes = hello('bank.example.com');
  const played = play([bytes]);
  assert.deepEqual(played.lines, [
    'read client',
    'resolve bank.example.com',
    `dial ${resolved} 443`,
    'record allow rule_matched',
    'unread client',
    'read client',
    'send upstream',
    'read either',
    'send client',
    'relay',
    'record close client',
  ]);
  assert.equal(played.toUpstream, Buffer.from(bytes).toString('latin1'));
  // Of a head until the first byte, of a hello from then on; then to resolve and to dial; then of the hello again, which is there.
  assert.deepEqual(played.armed, [10_000, 5_000, null, 10_000, null, 10_000, null, 5_000, null]);
  const [record] = played.verdicts;
  assert.deepEqual(
    [record?.point, record?.stage, record?.principal?.service, record?.destination, record?.aimedAt],
    [
      'gateway',
      'name',
      'app',
      { host: 'bank.example.com', port: 443, protocol: null, address: resolved, class: 'ordinary' },
      undefined,
    ],
  );
});

test('a name that no rule covers is reset before anything is resolved', () => {
  const played = play([hello('evil.example.com')]);
  assert.deepEqual(played.lines, ['read client', 'record deny no_rule_matched', 'reset']);
  assert.deepEqual([played.verdicts[0]?.destination?.host, played.toClient], ['evil.example.com', '']);
});

describe('the address that the client aimed at', () => {
  test('is not dialled where the name has another: what is dialled is the name, and the record tells of it', () => {
    const played = play([hello('bank.example.com')], { aimed: '203.0.113.66:443' });
    assert.ok(played.lines.includes(`dial ${resolved} 443`));
    assert.deepEqual([played.verdicts[0]?.verdict, played.verdicts[0]?.aimedAt], ['allow', '203.0.113.66']);
  });

  test('opens no other name that shares it', () => {
    const played = play([hello('neighbour.example.com')]);
    assert.deepEqual([played.verdicts[0]?.reason, played.lines.at(-1)], ['no_rule_matched', 'reset']);
  });

  test('is no sign where an answer that we gave still holds it', () => {
    const ports = { resolver: { holds: (name: string) => name === 'bank.example.com' } };
    const played = play([hello('bank.example.com')], { aimed: '203.0.113.66:443', ports });
    assert.equal(played.verdicts[0]?.aimedAt, undefined);
  });

  test('may be hard-coded and dead: the name is what counts', () => {
    const names = { 'bank.example.com': ['198.51.100.1', '198.51.100.2'] };
    const played = play([hello('bank.example.com')], { aimed: '198.51.100.2:443', names });
    assert.ok(played.lines.includes('dial 198.51.100.1 443, 198.51.100.2 443'));
    assert.equal(played.verdicts[0]?.aimedAt, undefined);
  });

  test('is told on a denial of what the name resolved to as well', () => {
    const played = play([hello('bank.example.com')], {
      aimed: '203.0.113.66:443',
      names: { 'bank.example.com': ['10.0.0.9'] },
    });
    const [record] = played.verdicts;
    assert.deepEqual(
      [record?.reason, record?.stage, record?.aimedAt, played.lines.at(-1)],
      ['address_forbidden', 'address', '203.0.113.66', 'reset'],
    );
  });
});

// What the first bytes are; the reason to refuse them under enforce; the remark of the tunnel under observe, and what is dialled then.
type Row = readonly [what: string, steps: readonly GatewayStep[], reason: string, remark: string, dialled: string];
const aimedElsewhere = '203.0.113.66';
const rows: readonly Row[] = [
  // Observing admits an unnamed hello where no rule covers the address: its verdict says already that enforce would refuse it.
  ['no server name', [hello(null)], 'sni_missing', '', aimedElsewhere],
  [
    'two server names',
    [hello('bank.example.com', { secondName: 'evil.example' })],
    'sni_repeated',
    'sni_repeated',
    aimedElsewhere,
  ],
  ['an address for a name', [hello('203.0.113.66')], 'sni_address', 'sni_address', aimedElsewhere],
  ['an IPv6 address for a name', [hello('2001:db8::1')], 'sni_address', 'sni_address', aimedElsewhere],
  ['a NUL in the name', [hello('bank.example.com\0.evil.example')], 'sni_nul', 'sni_nul', aimedElsewhere],
  ['a malformed name', [hello('bank_!.example.com')], 'sni_malformed', 'sni_malformed', aimedElsewhere],
  ['an empty name', [hello('')], 'sni_malformed', 'sni_malformed', aimedElsewhere],
  [
    'a hello over 16 KiB',
    [hello('bank.example.com', { paddingBytes: 20_000, recordBytes: 16_000 })],
    'hello_unreadable',
    'hello_unreadable',
    aimedElsewhere,
  ],
  [
    'a hello that stops',
    [hello('bank.example.com').subarray(0, 40), 'deadline', 'deadline'],
    'hello_unreadable',
    'hello_unreadable',
    aimedElsewhere,
  ],
  ['garbage', [Buffer.from([0, 1, 2, 3])], 'hello_missing', 'hello_missing', aimedElsewhere],
  ['SSH', [Buffer.from('SSH-2.0-OpenSSH_9.9\r\n')], 'hello_missing', 'hello_missing', aimedElsewhere],
  [
    'HTTP/2 with prior knowledge',
    [Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n')],
    'hello_missing',
    'hello_missing',
    aimedElsewhere,
  ],
  ['an encrypted hello', [hello('bank.example.com', { hasEch: true })], 'ech_refused', 'ech_refused', resolved],
  ['a hello for a name that only http may reach', [hello('plain.example.com')], 'hello_missing', '', resolved],
  ['silence', ['deadline'], 'hello_missing', 'hello_missing', aimedElsewhere],
];

describe('first bytes that name nobody well', () => {
  for (const [what, steps, reason, remark, dialled] of rows) {
    test(`${what}: refused with ${reason}, nothing is resolved or dialled, and the client is reset`, () => {
      const played = play(steps, { aimed: `${aimedElsewhere}:443` });
      const [record] = played.verdicts;
      assert.deepEqual(
        [record?.verdict, record?.reason, record?.stage, record?.mode],
        ['deny', reason, 'sni', 'enforce'],
      );
      assert.equal(played.lines.at(-1), 'reset');
      assert.ok(!played.lines.some((line) => line.startsWith('dial') || line.startsWith('resolve')));
      assert.equal(played.toClient, '');
    });

    test(`${what}: passes under observe to ${dialled}, with the remark \`${remark}\``, () => {
      const played = play(steps, { aimed: `${aimedElsewhere}:443`, source: watched });
      assert.ok(played.lines.includes(`dial ${dialled} 443`), played.lines.join('\n'));
      const remarks = played.verdicts.filter(({ stage }) => stage === 'sni');
      assert.deepEqual(
        remarks.map(({ verdict, wouldDenyReason }) => [verdict, wouldDenyReason]),
        remark === '' ? [] : [['allow', remark]],
      );
      assert.ok(played.lines.includes('relay'));
    });
  }
});

test('a hello in many records and segments is read whole, and passes on as it came', () => {
  const bytes = hello('bank.example.com', { recordBytes: 7 });
  const segments = Array.from({ length: Math.ceil(bytes.length / 5) }, (_, at) => bytes.subarray(at * 5, at * 5 + 5));
  const played = play(segments);
  assert.equal(played.verdicts[0]?.reason, 'rule_matched');
  assert.equal(played.toUpstream, Buffer.from(bytes).toString('latin1'));
  assert.equal(played.armed.filter((afterMs) => afterMs === 5_000).length, 2, 'the time runs from the first byte');
});

test('an encrypted hello passes where the rule of its outer name says so', () => {
  const played = play([hello('veiled.example.com', { hasEch: true })]);
  assert.deepEqual([played.verdicts.length, played.lines.includes('relay')], [1, true]);
});

describe('what names nobody is judged as the address that was aimed at', () => {
  test('an unnamed hello passes where the rule for the address says `sni: none`', () => {
    const played = play([hello(null)], { aimed: '203.0.113.5:443' });
    assert.deepEqual(played.verdicts[0]?.destination?.host, '203.0.113.5');
    assert.ok(played.lines.includes('dial 203.0.113.5 443') && played.lines.includes('relay'));
  });

  test('an unnamed hello is refused where the rule for the address does not', () => {
    const played = play([hello(null)], { aimed: '203.0.113.20:443' });
    assert.deepEqual([played.verdicts[0]?.reason, played.lines.at(-1)], ['sni_missing', 'reset']);
    assert.ok(!played.lines.some((line) => line.startsWith('dial')));
  });

  test('a rule for opaque bytes to that address awaits nothing, under observe too: the server may speak first', () => {
    for (const source of ['192.0.2.7', watched]) {
      const played = play([], { aimed: '203.0.113.40:443', source });
      assert.deepEqual(played.lines, [
        'dial 203.0.113.40 443',
        'record allow rule_matched',
        'relay',
        'record close client',
      ]);
      assert.deepEqual(played.armed, [10_000, null]);
    }
  });

  test('a rule for opaque bytes whose address may not be dialled so opens nothing, and a name still does', () => {
    const played = play([hello('bank.example.com')], { aimed: '10.1.2.3:443' });
    assert.deepEqual([played.lines[0], played.verdicts[0]?.destination?.host], ['read client', 'bank.example.com']);
    assert.equal(play(['deadline'], { aimed: '10.1.2.3:443' }).verdicts[0]?.reason, 'address_forbidden');
  });

  test('a rule for opaque bytes by name passes them once the name is known', () => {
    const played = play([hello('opaque.example.com')]);
    assert.deepEqual(played.lines.slice(-3), ['unread client', 'relay', 'record close client']);
  });

  test('what nobody may reach is refused as that, whatever is wrong with the bytes', () => {
    for (const source of ['192.0.2.7', watched]) {
      for (const steps of [[hello(null)], [Buffer.from([1])], ['deadline' as const]]) {
        const played = play(steps, { aimed: '169.254.169.254:443', source });
        assert.deepEqual([played.verdicts[0]?.reason, played.lines.at(-1)], ['boundary_denied', 'reset']);
      }
    }
  });
});

test('a client that closes before it says anything has asked for nothing', () => {
  assert.deepEqual(play(['end']).lines, ['read client', 'close']);
  assert.deepEqual(play([]).lines, ['read client']);
});

describe('under observe', () => {
  test('a name that no rule covers is dialled by that name', () => {
    const played = play([hello('unlisted.example.com')], { aimed: '203.0.113.66:443', source: watched });
    const [record] = played.verdicts;
    assert.ok(played.lines.includes(`dial ${resolved} 443`));
    assert.deepEqual([record?.wouldDenyReason, record?.aimedAt], ['no_rule_matched', '203.0.113.66']);
  });

  test('a name that does not resolve goes where the client aimed at', () => {
    const played = play([hello('internal.example.com')], { aimed: '203.0.113.66:443', source: watched, names: {} });
    assert.deepEqual(played.lines.slice(0, 6), [
      'read client',
      'resolve internal.example.com',
      'record allow observed',
      'record close resolver_failed',
      'dial 203.0.113.66 443',
      'record allow observed',
    ]);
    const enforced = play([hello('bank.example.com')], { aimed: '203.0.113.66:443', names: {} });
    assert.deepEqual(enforced.lines.slice(-3), ['record allow rule_matched', 'record close resolver_failed', 'reset']);
  });

  test('silence waits on both sides once the address is dialled', () => {
    const greeting = { upstream: Buffer.from('220 mail.example.com\r\n') };
    const played = play(['deadline', greeting], { aimed: '203.0.113.66:443', source: watched });
    assert.deepEqual(played.lines.slice(0, 5), [
      'read client',
      'dial 203.0.113.66 443',
      'record allow observed',
      'read either',
      'unread upstream',
    ]);
  });
});

describe('who asks', () => {
  test('is the source alone: one that the policy does not know is refused, with the name that it asked for', () => {
    const [record] = play([hello('bank.example.com')], { source: '198.51.100.7' }).verdicts;
    assert.deepEqual(
      [record?.reason, record?.principal, record?.destination?.host],
      ['identity_unknown', null, 'bank.example.com'],
    );
  });

  test('is told nothing of a proof: one that is too weak is recorded, not challenged', () => {
    const strong = [ruleNode('bank.example.com:443', { strength: 'certificate' })];
    const strict = policyOf([serviceNode('app', { identities: [identityNode('source:192.0.2.0/25')], allow: strong })]);
    const played = play([hello('bank.example.com')], { policy: strict });
    assert.deepEqual(played.lines, ['read client', 'record deny strength_insufficient', 'reset']);
  });

  test('past the limits of the listener, of the service and of the source is reset', () => {
    const over = play([hello('bank.example.com')], { isPastLimit: true });
    assert.deepEqual(over.lines, ['record deny connection_limit', 'reset']);
    const places = { arrive: () => true, settle: () => undefined, enter: () => true, leave: () => undefined };
    const full = play([hello('bank.example.com')], { ports: { registry: { ...places, enter: () => false } } });
    assert.deepEqual(full.lines, ['read client', 'record deny connection_limit', 'reset']);
    const crowded = play([hello('bank.example.com')], { ports: { registry: { ...places, arrive: () => false } } });
    assert.deepEqual(crowded.lines, ['reset']);
  });
});

test('every place that was taken is given back, however a conversation ends', () => {
  for (const steps of [[hello('bank.example.com')], [hello(null)], [], ['deadline' as const]]) {
    const held: string[] = [];
    const registry = {
      arrive: (source: string) => held.push(source) > 0,
      settle: (source: string) => void held.splice(held.indexOf(source), 1),
      enter: (service: string) => held.push(service) > 0,
      leave: (service: string) => void held.splice(held.indexOf(service), 1),
    };
    play(steps, { ports: { registry } });
    assert.deepEqual(held, []);
  }
});

describe('a grant', () => {
  const grants = openGrants(
    [grantOf('g1', 'granted.example.com:443', { service: 'app', notBefore: 0, notAfter: 2 * playedAtMs })],
    [],
  );
  let facts: DecisionFacts = { ...noFacts, grants };
  const { policy: holder } = playPorts({ policy, nowMs: playedAtMs });
  const ports: Partial<SessionPorts> = { policy: { ...holder, facts: () => facts } };

  test('that is revoked while its name is dialled lets nothing through', () => {
    const revoke = (type: string): void => {
      if (type === 'dial') facts = { ...noFacts, grants: withEnded(grants, [{ id: 'g1', why: 'revoked' }]) };
    };
    const played = play([hello('granted.example.com')], { ports, before: ({ type }) => revoke(type) });
    assert.deepEqual(played.lines.slice(-5), [
      'record allow grant_matched',
      'record deny grant_revoked',
      'drop_upstream',
      'record close grant_revoked',
      'reset',
    ]);
    assert.deepEqual([played.verdicts[1]?.point, played.toUpstream], ['gateway', '']);
  });

  test('opens nothing while records cannot be kept, and a rule does', () => {
    facts = { ...noFacts, grants };
    const lost = { ...ports, records: { isKeeping: false } };
    const played = play([hello('granted.example.com')], { ports: lost });
    assert.deepEqual(played.lines, ['read client', 'record deny records_blocked', 'reset']);
    assert.ok(play([hello('bank.example.com')], { ports: lost }).lines.includes('relay'));
  });
});

test('INVARIANT: a judge that fails denies at the gateway too', () => {
  const fails = (): never => {
    throw new TypeError('broken');
  };
  const { judge } = playPorts({ policy, nowMs: playedAtMs });
  for (const broken of [{ identify: fails }, { decide: fails }, { approve: fails }]) {
    const { observer } = playPorts({ policy, nowMs: playedAtMs, judge: broken });
    const played = play([hello('bank.example.com')], { ports: { judge: { ...judge, ...broken }, observer } });
    assert.deepEqual([played.verdicts[0]?.reason, played.lines.at(-1)], ['decision_failed', 'reset']);
    assert.ok(!played.lines.some((line) => line.startsWith('dial')));
  }
});

test('a second hello that names another server is cut before the origin reads it', () => {
  const retry = Buffer.concat([
    Buffer.from('160303002a020000260303', 'hex'),
    Buffer.from('cf21ad74e59a6111be1d8c021e65b891c2a211167abb8c5e079e09e2c8a8339c', 'hex'),
    Buffer.from([0, 0x13, 1, 0]),
  ]);
  const first = hello('bank.example.com');
  const played = play([first, { upstream: retry }, hello('evil.example.com')]);
  assert.deepEqual([played.verdicts.at(-1)?.reason, played.closes[0]?.endedBy], ['sni_mismatch', 'sni_mismatch']);
  assert.equal(played.toUpstream, Buffer.from(first).toString('latin1'));
});
