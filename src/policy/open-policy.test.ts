import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { identityNode, ruleNode, seedForTest, serviceNode, targetNode } from '../../test/support/policy-fixture.ts';
import { parseIpPrefix } from '../destination/index.ts';
import { headerChecksum } from './format/check-buffer.ts';
import { headerWord, headerWords } from './format/layout.ts';
import {
  approveAddresses,
  compilePolicy,
  type DecisionRequest,
  decide,
  explainDecision,
  noFacts,
  openPolicy,
  type PolicyDocument,
} from './index.ts';

const at = { file: 'payments/api.yaml', line: 1, column: 1 };
const range = parseIpPrefix('10.60.0.0/16');
assert.ok(range.ok);
const documents: readonly PolicyDocument[] = [
  serviceNode('payments-api', {
    allow: [
      ruleNode('*.example.com:80,443', { via: ['endpoints'] }),
      ruleNode('@cards'),
      ruleNode('203.0.113.0/24:443'),
      ruleNode('*:8443'),
    ],
    deny: [ruleNode('bad.example.com:*')],
    identities: [identityNode('credential:payments-api + source:10.60.0.0/16'), identityNode('source:10.60.0.0/16')],
  }),
  serviceNode('watched', { mode: 'observe', observeUntil: 1_800_000_000_000 }),
  {
    kind: 'destinations',
    name: 'cards',
    owner: 'o',
    at,
    class: 'admin',
    members: [{ target: targetNode('cards.example.net:443'), at }],
  },
  {
    kind: 'segments',
    owner: 'o',
    at,
    segments: [{ name: 'endpoints', ranges: [range.value], environment: 'prod', at }],
  },
  {
    kind: 'boundary',
    owner: 'o',
    at,
    deny: [ruleNode('paste.example.net:*')],
    requires: [{ class: 'admin', strength: null, from: ['endpoints'], at }],
    revoked: [{ identity: 'credential:lost', reason: 'leaked', at }],
  },
];

function compiled(): Uint8Array {
  const bytes = compilePolicy({ documents }, { version: 'sha256:abc', seed: seedForTest });
  assert.ok(bytes.ok);
  return bytes.value;
}

const good = compiled();
const names = ['a.example.com', 'bad.example.com', 'cards.example.net', 'paste.example.net', 'x.example.org'];

function requests(): readonly DecisionRequest[] {
  return names.flatMap((name) =>
    ['payments-api', 'watched', 'gone'].map((service) => ({
      principal: { service, identity: 'credential:lost', strength: 'network', source: '10.60.0.7', expiresAt: null },
      destination: { host: { kind: 'name', name }, port: 443, protocol: null },
      facts: noFacts,
      now: 0,
    })),
  );
}

test('an opened policy says its version, services and segments', () => {
  const opened = openPolicy(good);
  assert.ok(opened.ok);
  assert.equal(opened.value.version, 'sha256:abc');
  assert.deepEqual(
    [...opened.value.services()].map(({ name, mode }) => `${name} ${mode}`),
    ['payments-api enforce', 'watched observe'],
  );
  assert.equal(opened.value.service('watched')?.observeUntil, 1_800_000_000_000);
  assert.equal(opened.value.service('gone'), null);
  assert.equal(opened.value.segments()[0]?.ranges[0]?.text, '10.60.0.0/16');
});

test('a policy opens over shared memory and at any offset', () => {
  const shared = new Uint8Array(new SharedArrayBuffer(good.length));
  shared.set(good);
  assert.ok(openPolicy(shared).ok);
  const shifted = new Uint8Array(good.length + 1);
  shifted.set(good, 1);
  assert.ok(openPolicy(shifted.subarray(1)).ok);
});

test('a buffer with any byte changed is refused', () => {
  fc.assert(
    fc.property(fc.nat(good.length - 1), fc.integer({ min: 1, max: 255 }), (place, change) => {
      const damaged = good.slice();
      damaged[place] = (damaged[place] ?? 0) ^ change;
      const opened = openPolicy(damaged);
      assert.equal(opened.ok, false);
      assert.equal(!opened.ok && opened.fault.code, 'policy_buffer_invalid');
    }),
    { numRuns: 2000 },
  );
});

test('a buffer that is cut short or followed by anything is refused', () => {
  for (const length of [0, 1, 3, 4, 40, headerWords * 4, good.length - 4, good.length - 1]) {
    assert.equal(openPolicy(good.subarray(0, length)).ok, false, String(length));
  }
  const longer = new Uint8Array(good.length + 4);
  longer.set(good);
  assert.equal(openPolicy(longer).ok, false);
});

test('random bytes are refused and never throw', () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 600 }), (bytes) => assert.equal(openPolicy(bytes).ok, false)));
});

test('INVARIANT: over a damaged body that only its header vouches for, nothing throws and every walk ends', () => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.integer({ min: headerWords, max: good.length / 4 - 1 }), fc.nat(0xffffffff)), {
        minLength: 1,
        maxLength: 40,
      }),
      (changes) => {
        const damaged = good.slice();
        const words = new Uint32Array(damaged.buffer);
        for (const [place, word] of changes) words[place] = word;
        words[headerWord.headerChecksum] = headerChecksum(words);
        const opened = openPolicy(damaged, { check: 'header' });
        if (!opened.ok) return;
        for (const request of requests()) {
          const verdict = decide(opened.value, request);
          approveAddresses(opened.value, request, verdict, {
            addresses: [range.ok ? range.value.first : assert.fail()],
            network: { ownAddresses: [], localOrigins: [] },
          });
        }
      },
    ),
    { numRuns: 500 },
  );
});

test('explaining works on every verdict of the policy', () => {
  const opened = openPolicy(good);
  assert.ok(opened.ok);
  for (const request of requests()) assert.notEqual(explainDecision(opened.value, request).says, '');
});

const broken: readonly (readonly [string, PolicyDocument, RegExp])[] = [
  [
    'a rule via a segment that is not defined',
    serviceNode('a', { allow: [ruleNode('a.example:443', { via: ['no'] })] }),
    /segment `no`/,
  ],
  ['a rule to a document that does not exist', serviceNode('a', { allow: [ruleNode('@no')] }), /`@no`/],
  ['a service with the name of another', serviceNode('watched'), /service `watched` is defined twice/],
  ['a service with the name of the boundary', serviceNode('boundary'), /`boundary` is taken/],
];
for (const [what, document, message] of broken) {
  test(`${what} keeps the policy from compiling`, () => {
    const stamp = { version: 'v', seed: seedForTest };
    const result = compilePolicy({ documents: [...documents, document] }, stamp);
    assert.equal(result.ok, false);
    assert.match(result.ok ? '' : result.fault.message, message);
  });
}
