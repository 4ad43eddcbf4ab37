import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  edgeOf,
  proposalOf,
  segmentsPolicy as segments,
  policyTestResults as testResults,
} from '../../../test/support/propose-fixture.ts';
import { hasPublicSuffixBelow, isPublicSuffix, parsePolicyTarget } from '../../destination/index.ts';
import { parsePolicyFiles } from '../../policy/index.ts';
import type { ProposedEntry, ProposedFile } from './proposal.ts';

const label = fc.stringMatching(/^[a-z0-9]{1,2}$/);
const host = fc
  .tuple(
    label,
    fc.constantFrom(
      'example.com',
      'github.io',
      's3.amazonaws.com',
      'eu-central-1.amazonaws.com',
      'co.uk',
      'b.example.net',
      'pastebin.com',
    ),
  )
  .map(([first, suffix]) => `${first}.${suffix}`);
const anyEdge = fc
  .record({
    principal: fc.constantFrom(
      'payments-api',
      'payments/api',
      'user:jane',
      '10.20.0.7',
      'unattributed',
      'Ünïcode 服務',
      '',
    ),
    how: fc.subarray(['record', 'inventory', 'kubernetes', 'user', 'address'] as const),
    destination: fc.oneof(host, fc.constantFrom('203.0.113.7', '10.60.0.7', '2001:db8::1', '169.254.169.254')),
    port: fc.constantFrom(-1, 0, 22, 80, 443, 8443),
    protocol: fc.constantFrom(0, 1, 6, 17),
    application: fc.constantFrom('unknown', 'tls', 'http', 'tunnel', 'dns', 'other'),
    rank: fc.constantFrom('record', 'answer', 'candidates', 'other-client', 'provider', 'address'),
    days: fc.integer({ min: 0, max: 40 }),
    connections: fc.integer({ min: 0, max: 9 }),
    denied: fc.integer({ min: 0, max: 2 }),
  } as const)
  .map((one) => edgeOf({ ...one, isName: /[a-z]\.[a-z]/.test(one.destination) }));

test('whatever was seen, a proposal lacks nothing but its reasons, and its tests hold', () => {
  fc.assert(
    fc.property(fc.array(anyEdge, { maxLength: 40 }), fc.boolean(), (edges, isPresent) => {
      const others = isPresent ? [{ path: 'segments.yaml', text: segments }] : [];
      const policy = isPresent ? { policy: { 'segments.yaml': segments } } : {};
      const proposal = proposalOf({ edges, ...policy }, { wildcardFrom: 3 });
      const { faults } = parsePolicyFiles([...others, ...proposal.files]);
      assert.deepEqual(
        faults.filter(({ code }) => code !== 'reason_placeholder'),
        [],
      );
      const filled = proposal.files.map(({ path, text }) => ({
        path,
        text: text.replaceAll('reason: TODO', 'reason: it was seen'),
      }));
      assert.deepEqual(parsePolicyFiles([...others, ...filled]).faults, []);
      proposal.services.flatMap(({ entries }) => entries).forEach(assertNarrow);
      filled.filter(({ text }) => !text.includes('via: ')).forEach(assertTestsHold);
    }),
    { numRuns: 150 },
  );
});

function assertNarrow({ to }: ProposedEntry): void {
  const target = parsePolicyTarget(to);
  assert.ok(target.ok && target.value.canonical === to, to);
  if (target.value.host.kind !== 'below') return;
  const { name } = target.value.host;
  assert.equal(isPublicSuffix(name) || hasPublicSuffixBelow(name), false, to);
}

function assertTestsHold({ text }: ProposedFile): void {
  for (const result of testResults(text))
    assert.ok(result.passed || result.as.startsWith('TODO'), result.message ?? '');
}
