import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import type { TargetFacts } from '../../policy/index.ts';
import { exceptionFaultRows, scopeDomainOf, tierFindings, tierOf } from '../index.ts';
import { codeOf, hourMs, specOf } from '../town.playbook.ts';
import type { ExceptionSpec } from './exception-spec.ts';
import { narrowSpec, whatIsWider } from './narrow-spec.ts';
import { parseSpec } from './parse-spec.ts';
import { specDigest } from './spec-digest.ts';

const digest = (bytes: Uint8Array): Uint8Array => createHash('sha256').update(bytes).digest();
const ordinary: TargetFacts = { outside: null, class: 'ordinary', owners: [], isKnownDomain: true };

describe('the tier of a request', () => {
  it('follows from the destination and how much of it is asked for', () => {
    const rows: readonly (readonly [
      tier: string,
      to: string,
      facts?: Partial<TargetFacts>,
      via?: readonly string[],
    ])[] = [
      ['low', 'files.example.com:443'],
      ['medium', 'files.example.com:443', { isKnownDomain: false }],
      ['medium', '*.example.com:443'],
      ['medium', 'files.example.com:443,8443'],
      ['medium', 'files.example.com:8000-8010'],
      ['medium', '203.0.113.9:443'],
      ['high', '203.0.113.0/24:443'],
      ['medium', 'tcp://files.example.com:25'],
      ['medium', 'http://files.example.com:80'],
      ['medium', 'files.example.com:443', {}, ['backends']],
      ['medium', 'files.example.com:443', { class: 'package-registry' }],
      ['medium', 'files.example.com:443', { class: 'data-store' }],
      ['high', 'files.example.com:443', { class: 'secret-manager' }],
      ['high', 'files.example.com:443', { class: 'control-plane' }],
      ['high', 'files.example.com:443', { class: 'admin' }],
      ['high', 'not a target'],
    ];
    for (const [tier, to, facts = {}, via = []] of rows)
      assert.equal(tierOf({ to, via }, { ...ordinary, ...facts }).tier, tier, `${to} ${JSON.stringify(facts)}`);
    assert.deepEqual(tierOf({ to: '*.example.com:443', via: [] }, ordinary).findings, ['wildcard']);
    assert.equal(Object.keys(tierFindings).length, 13);
  });
});

describe('a spec', () => {
  it('is read to one spelling', () => {
    const read = parseSpec(specOf({ to: 'FILES.example.com.:443', via: ['b', 'a', 'b'], reason: '  a good reason ' }));
    assert.ok(read.ok);
    assert.deepEqual(
      [read.value.to, read.value.via, read.value.reason],
      ['files.example.com:443', ['a', 'b'], 'a good reason'],
    );
    assert.deepEqual(parseSpec(read.value), read);
  });

  it('never throws, whatever is in it', () => {
    const text = fc.oneof(fc.string(), fc.constant('files.example.com:443'), fc.string({ unit: 'binary' }));
    fc.assert(
      fc.property(
        fc.record({ to: text, reason: text, service: text, owner: text }),
        fc.double(),
        (texts, durationMs) => {
          const read = parseSpec(specOf({ ...texts, durationMs }));
          if (read.ok) assert.deepEqual(parseSpec(read.value), read);
        },
      ),
      { numRuns: 300 },
    );
  });

  it('has another digest when anything of it is another', () => {
    const input = { id: 'x1', revision: 1, policyVersion: 'sha256:01', tier: 'low', spec: specOf() };
    const digests = new Set([specDigest(input, digest)]);
    const changes: readonly Partial<ExceptionSpec>[] = [
      { service: 'other' },
      { identity: 'credential:payments-api' },
      { to: 'a.example.com:443' },
      { via: ['backends'] },
      { durationMs: 1 },
      { startAtMs: 1 },
      { bytesUp: 1 },
      { bytesDown: 1 },
      { reason: 'another reason' },
      { owner: 'team-vault' },
      { beneficiary: 'gus' },
      { ticket: 'CHG-1' },
      { extends: 'x0' },
      { denial: 'd1' },
    ];
    for (const change of changes) digests.add(specDigest({ ...input, spec: specOf(change) }, digest));
    for (const change of [{ id: 'x2' }, { revision: 2 }, { policyVersion: 'sha256:02' }, { tier: 'high' }])
      digests.add(specDigest({ ...input, ...change }, digest));
    assert.equal(digests.size, 1 + changes.length + 4);
    assert.match(specDigest(input, digest), /^sha256:[0-9a-f]{64}$/);
  });
});

describe('narrowing', () => {
  const wide = specOf({ to: '*.example.com:443,8000-8100', via: ['a', 'b'], durationMs: hourMs, bytesUp: 1_000 });
  it('takes less and refuses more', () => {
    const rows: readonly (readonly [code: string, narrowing: Parameters<typeof narrowSpec>[1]])[] = [
      ['done', {}],
      ['done', { to: 'files.example.com:443' }],
      ['done', { to: '*.eu.example.com:443' }],
      ['done', { to: '*.example.com:8050' }],
      ['wider_than_asked', { to: 'example.com:443' }],
      ['wider_than_asked', { to: '*.example.com:444' }],
      ['wider_than_asked', { to: 'tcp://files.example.com:443' }],
      ['wider_than_asked', { to: '*:443' }],
      ['wider_than_asked', { to: '203.0.113.9:443' }],
      ['target_malformed', { to: 'files.example.com' }],
      ['done', { identity: 'credential:payments-api' }],
      ['done', { via: ['a'] }],
      ['wider_than_asked', { via: [] }],
      ['wider_than_asked', { via: ['c'] }],
      ['done', { durationMs: hourMs - 1 }],
      ['wider_than_asked', { durationMs: hourMs + 1 }],
      ['spec_malformed', { durationMs: 0 }],
      ['wider_than_asked', { bytesUp: 1_001 }],
      ['done', { bytesDown: 5 }],
    ];
    for (const [code, narrowing] of rows)
      assert.equal(codeOf(narrowSpec(wide, narrowing)), code, JSON.stringify(narrowing));
  });

  it('holds for blocks of addresses', () => {
    const block = specOf({ to: '203.0.113.0/24:443' });
    assert.equal(codeOf(narrowSpec(block, { to: '203.0.113.9:443' })), 'done');
    assert.equal(codeOf(narrowSpec(block, { to: '203.0.112.0/23:443' })), 'wider_than_asked');
    assert.equal(codeOf(narrowSpec(block, { to: '198.51.100.9:443' })), 'wider_than_asked');
  });

  it('is the same or less however often it is done', () => {
    const narrowing = fc.record(
      {
        to: fc.constantFrom('*.example.com:443', 'a.example.com:443', '*.example.com:8000-8010', '*:443'),
        durationMs: fc.integer({ min: -1, max: 2 * hourMs }),
        bytesUp: fc.integer({ min: 0, max: 2_000 }),
        via: fc.subarray(['a', 'b', 'c']),
      },
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(fc.array(narrowing, { maxLength: 5 }), (steps) => {
        let spec = wide;
        for (const step of steps) {
          const narrowed = narrowSpec(spec, step);
          if (narrowed.ok) spec = narrowed.value;
        }
        assert.equal(whatIsWider(wide, spec), null);
      }),
    );
  });
});

it('what exceptions count under is the registrable domain, or the block of an address', () => {
  const rows = [
    ['a.b.example.co.uk:443', 'example.co.uk'],
    ['*.example.com:443', 'example.com'],
    ['x.github.io:443', 'x.github.io'],
    ['203.0.113.9:443', '203.0.113.0/24'],
    ['203.0.113.0/24:443', '203.0.113.0/24'],
    ['[2001:db8:1:2::3]:443', '2001:db8:1::/48'],
    ['intranet:443', 'intranet'],
  ] as const;
  for (const [to, domain] of rows) assert.equal(scopeDomainOf(to), domain);
});

it('every refusal says how to mend it and is an error of who asks', () => {
  for (const { says, mend, status } of Object.values(exceptionFaultRows)) {
    assert.match(says, /^[a-zA-Z].*[^.]$/);
    assert.ok(mend !== '' && status >= 400 && status < 500);
  }
});
