import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { addressNumber, addressText, lastAddressNumber } from './address-number.ts';
import { changeCommands, forgetChanges, learnChanges } from './entry-changes.ts';
import type { ToldEntry } from './kernel-plan.ts';
import { emptyLocalPlan } from './local-plan.ts';
import { parseCounts } from './parse-counts.ts';
import { planText } from './plan-text.ts';
import { fillSourceGaps } from './source-gaps.ts';

const entry: ToldEntry = {
  serviceId: 257,
  family: 4,
  address: '203.0.113.7',
  protocol: 'tcp',
  ports: { from: 5432, to: 5432 },
  verdict: 'allow',
};

test('the sources and the gaps between them cover every address once', () => {
  fc.assert(
    fc.property(fc.uniqueArray(fc.bigInt({ min: 0n, max: lastAddressNumber(6) }), { maxLength: 12 }), (numbers) => {
      const sorted = numbers.sort((a, b) => (a < b ? -1 : 1));
      const sources = sorted.flatMap((from, at) =>
        at % 2 === 0
          ? [
              {
                family: 6 as const,
                from: addressText(6, from),
                to: addressText(6, sorted[at + 1] ?? from),
                serviceId: 7,
              },
            ]
          : [],
      );
      let next = 0n;
      for (const { from, to } of fillSourceGaps(6, sources) ?? []) {
        assert.equal(addressNumber(from), next);
        next = addressNumber(to) + 1n;
      }
      assert.equal(next, lastAddressNumber(6) + 1n);
    }),
  );
});

test('sources that overlap are a fault', () => {
  const run = { family: 4, from: '10.9.0.2', to: '10.9.0.9', serviceId: 1 } as const;
  assert.equal(fillSourceGaps(4, [run, { ...run, from: '10.9.0.9', to: '10.9.0.10' }]), null);
  const place = {
    inside: ['gi'],
    binding: 'path',
    listenerPort: 18443,
    namePorts: [443],
    dnsPort: null,
    proxyPort: null,
    userId: 1,
    guardsRoutes: false,
    masquerades: false,
    tracksFlows: false,
    hasLeases: true,
    local: null,
    runs: [],
  } as const;
  const text = planText({ place, sources: [run, run], local: emptyLocalPlan, bindings: [], open: [], closed: [] });
  assert.equal(text.ok, false);
});

test('learning adds with a time, the longer one where two answers tell of one address', () => {
  assert.deepEqual(
    changeCommands(
      learnChanges(
        [
          { ...entry, seconds: 60 },
          { ...entry, seconds: 90 },
        ],
        true,
      ),
    ),
    ['add element inet exeat told4 { 257 . 203.0.113.7 . tcp . 5432 timeout 90s }'],
  );
});

test('learning makes an element anew where the kernel would keep the old time', () => {
  const add = 'add element inet exeat told4 { 257 . 203.0.113.7 . tcp . 5432 timeout 60s }';
  assert.deepEqual(changeCommands(learnChanges([{ ...entry, seconds: 60 }], false)), [
    add,
    'delete element inet exeat told4 { 257 . 203.0.113.7 . tcp . 5432 }',
    add,
  ]);
});

test('forgetting takes the element and what lives by it, whether or not they are there', () => {
  const observed = { ...entry, verdict: 'observe', ports: { from: 1, to: 9 } } as const;
  assert.deepEqual(changeCommands(forgetChanges([observed], [{ ...observed, ports: { from: 4, to: 4 } }])), [
    'add element inet exeat watchtoldrange4 { 257 . 203.0.113.7 . tcp . 1-9 timeout 1s }',
    'delete element inet exeat watchtoldrange4 { 257 . 203.0.113.7 . tcp . 1-9 }',
    'add element inet exeat watchlive4 { 257 . 203.0.113.7 . tcp . 4 timeout 1s }',
    'delete element inet exeat watchlive4 { 257 . 203.0.113.7 . tcp . 4 }',
    // What was found in order a moment ago is judged anew.
    ...['recent4', 'peers4', 'recent6', 'peers6'].map((set) => `flush set inet exeat ${set}`),
  ]);
  assert.deepEqual(forgetChanges([]), []);
});

test('counts are read with and without ports, and what is no count is none', () => {
  const counter = { packets: 3, bytes: 180 };
  const json = JSON.stringify({
    nftables: [
      { metainfo: {} },
      {
        set: {
          elem: [
            { elem: { val: { concat: [257, '10.9.0.2', '203.0.113.7', 6, 443] }, counter } },
            { elem: { val: { concat: [257, '10.9.0.2', '203.0.113.7', 47] }, counter } },
            { elem: { val: 3 } },
          ],
        },
      },
    ],
  });
  const edge = { serviceId: 257, family: 4, source: '10.9.0.2', address: '203.0.113.7', ...counter } as const;
  assert.deepEqual(parseCounts(4, json), [
    { ...edge, protocol: 6, port: 443 },
    { ...edge, protocol: 47, port: null },
  ]);
  assert.deepEqual(parseCounts(4, 'not json'), []);
});
