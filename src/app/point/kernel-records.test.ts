import assert from 'node:assert/strict';
import { beforeEach, describe, test } from 'node:test';
import { identityNode, policyOf, ruleNode, serviceNode } from '../../../test/support/policy-fixture.ts';
import { RepeatedDenials } from '../../enforcement/index.ts';
import type { EdgeCount, KernelCounts } from '../../gateway/index.ts';
import { identify } from '../../identity/index.ts';
import { type CompiledPolicy, type DecisionRecord, noFacts, type VerdictRecord } from '../../policy/index.ts';
import { KernelRecords, type ToldName } from './kernel-records.ts';

const start = 1_800_000_000_000;
const none: KernelCounts = {
  ...{ up: [], down: [], denied: [], observed: [] },
  dropped: { spoofed: 0, invalid: 0, inbound: 0 },
};
let now = start;
let ids = 0;
let records: DecisionRecord[] = [];
let told: ToldName | null = null;
let policy: CompiledPolicy;
let kernel: KernelRecords;

function policyFor(mode: 'enforce' | 'observe'): CompiledPolicy {
  const identities = [identityNode('source:10.9.0.2/32')];
  const allow = ['tcp://203.0.113.7:5432', 'tcp://db.example.com:5433'].map((to) => ruleNode(to));
  const observeUntil = mode === 'observe' ? start + 86_400_000 : null;
  return policyOf([serviceNode('workload', { identities, allow, mode, observeUntil })]);
}

function openKernel(mode: 'enforce' | 'observe' = 'enforce'): void {
  policy = policyFor(mode);
  const found = identify(policy, { source: '10.9.0.2', presented: [] }, start);
  const principal = found.kind === 'identified' ? found.principal : assert.fail();
  const newId = (): string => {
    ids += 1;
    return `id-${ids}`;
  };
  kernel = new KernelRecords({
    ...{ clock: { now: () => now }, newId, policy: () => policy, facts: () => noFacts, toldName: () => told },
    classOf: (id) => (id === 257 ? { id, key: 'workload', service: 'workload', principal } : null),
    records: { isKeeping: true, write: (record) => records.push(record) > 0 },
    denials: new RepeatedDenials(newId),
  });
}

beforeEach(() => {
  now = start;
  records = [];
  told = null;
  openKernel();
});

function edge(port: number, packets: number, more: Partial<EdgeCount> = {}): EdgeCount {
  return {
    ...{ serviceId: 257, family: 4, source: '10.9.0.2', address: '203.0.113.7', protocol: 6, port, packets },
    bytes: packets * 100,
    ...more,
  };
}

const verdicts = (): readonly VerdictRecord[] => records.filter((record) => record.kind === 'verdict');

describe('packets that were denied', () => {
  test('are a record of the gateway, with the reason of the evaluator', async () => {
    await kernel.fold({ ...none, denied: [edge(9000, 2)] });
    const [record] = verdicts();
    assert.deepEqual(
      [record?.point, record?.verdict, record?.reason, record?.source, record?.principal?.service, record?.destination],
      [
        ...['gateway', 'deny', 'no_rule_matched', '10.9.0.2:0', 'workload'],
        { host: '203.0.113.7', port: 9000, protocol: 'tcp', address: '203.0.113.7', class: 'ordinary' },
      ],
    );
  });

  test('are told once as long as no more of them come, and again when some do', async () => {
    for (const packets of [2, 2, 2, 3]) await kernel.fold({ ...none, denied: [edge(9000, packets)] });
    assert.equal(verdicts().length, 2);
    await kernel.fold(none);
    // The kernel forgot the edge meanwhile and counts from nothing.
    await kernel.fold({ ...none, denied: [edge(9000, 1)] });
    assert.equal(verdicts().length, 3);
  });

  test('are told again where the kernel forgot the edge meanwhile, though only what changed is told', async () => {
    const changes = { ...none, round: 2, isAll: false, gone: [] };
    await kernel.fold({ ...none, denied: [edge(9000, 2), edge(9001, 2)] });
    await kernel.fold(changes);
    await kernel.fold({ ...changes, denied: [edge(9000, 3)] });
    assert.equal(verdicts().length, 3);
    await kernel.fold({ ...changes, gone: [{ kind: 'denied', edge: edge(9001, 0) }], denied: [edge(9001, 2)] });
    assert.equal(verdicts().length, 4);
  });

  test('of nobody that is known are refused for that', async () => {
    await kernel.fold({ ...none, denied: [edge(443, 1, { serviceId: 0, source: '10.9.0.77' })] });
    assert.deepEqual([verdicts()[0]?.reason, verdicts()[0]?.principal], ['identity_unknown', null]);
  });

  test('before the name of their address was asked for say so', async () => {
    told = { name: 'db.example.com', flow: 'flow-7' };
    await kernel.fold({ ...none, denied: [edge(5433, 1)] });
    assert.deepEqual([verdicts()[0]?.reason, verdicts()[0]?.destination?.host], ['address_untold', 'db.example.com']);
  });

  test('that what is in force now allows came before that', async () => {
    await kernel.fold({ ...none, denied: [edge(5432, 1)] });
    assert.equal(verdicts()[0]?.reason, 'policy_changed');
  });

  test('of protocols without ports name the protocol', async () => {
    await kernel.fold({ ...none, denied: [edge(0, 1, { protocol: 47, port: null })] });
    assert.deepEqual([verdicts()[0]?.detail, verdicts()[0]?.destination?.port], ['IP protocol 47', null]);
  });
});

describe('packets that pass', () => {
  test('are one flow by edge, under the flow of the answer that opened it', async () => {
    told = { name: 'db.example.com', flow: 'flow-7' };
    await kernel.fold({ ...none, up: [edge(5433, 3)], down: [edge(5433, 5)] });
    await kernel.fold({ ...none, up: [edge(5433, 4)], down: [edge(5433, 6)] });
    assert.equal(verdicts().length, 1);
    const [record] = verdicts();
    assert.deepEqual([record?.flow, record?.verdict, record?.reason], ['flow-7', 'allow', 'rule_matched']);
    assert.equal(record?.destination?.host, 'db.example.com');
    now += 60_000;
    await kernel.fold({ ...none, up: [edge(5433, 4)], down: [edge(5433, 6)] });
    const progress = records.at(-1);
    assert.ok(progress?.kind === 'progress');
    assert.deepEqual([progress.flow, progress.bytesUp, progress.bytesDown], ['flow-7', 400, 600]);
    assert.deepEqual([progress.share?.bytesUp, progress.share?.service], [400, 'workload']);
    now += 240_000;
    await kernel.fold(none);
    const close = records.at(-1);
    assert.ok(close?.kind === 'close');
    assert.deepEqual([close.bytesUp, close.share?.bytesUp, close.endedBy], [400, 0, 'timeout']);
    assert.deepEqual(close.packets, { up: 4, down: 6 });
  });

  test('until others of the edge are refused end for that reason, unless some passed again', async () => {
    for (const [passedAgain, endedBy] of [
      [0, 'no_rule_matched'],
      [1, 'timeout'],
    ] as const) {
      openKernel();
      await kernel.fold({ ...none, up: [edge(5432, 3)] });
      policy = policyOf([serviceNode('workload', { identities: [identityNode('source:10.9.0.2/32')] })]);
      await kernel.fold({ ...none, up: [edge(5432, 3)], denied: [edge(5432, 1)] });
      await kernel.fold({ ...none, up: [edge(5432, 3 + passedAgain)], denied: [edge(5432, 1)] });
      now += 300_000;
      await kernel.fold(none);
      const close = records.at(-1);
      assert.equal(close?.kind === 'close' && close.endedBy, endedBy);
    }
  });

  test('are the edges in use', async () => {
    const both = { ...none, up: [edge(5432, 3), edge(5433, 1)] };
    assert.deepEqual(
      (await kernel.fold(both)).map(({ port }) => port),
      [5432, 5433],
    );
    assert.deepEqual(
      (await kernel.fold({ ...none, up: [edge(5432, 4), edge(5433, 1)] })).map(({ port }) => port),
      [5432],
    );
  });

  test('only because the service is observed are told as such', async () => {
    openKernel('observe');
    await kernel.fold({ ...none, observed: [edge(9000, 2)], up: [edge(9000, 2)] });
    const [record] = verdicts();
    assert.deepEqual(
      [record?.verdict, record?.wouldDeny, record?.wouldDenyReason, verdicts().length],
      ['allow', true, 'no_rule_matched', 1],
    );
  });

  test('and still do when the point ends have their bytes told', async () => {
    await kernel.fold({ ...none, up: [edge(5432, 3)] });
    kernel.close();
    const last = records.at(-1);
    assert.deepEqual(last?.kind === 'progress' && [last.bytesUp, last.bytesDown], [300, 0]);
  });
});

const counted = (packets: number, bytes: number, port = 443): EdgeCount => edge(port, packets, { bytes });

test('totals are what was added since, also where the kernel began to count an edge anew', async () => {
  const kernelOfTotals = new KernelRecords({
    clock: { now: () => Date.UTC(2026, 10, 28) },
    newId: () => 'id',
    policy: () => null,
    facts: () => noFacts,
    classOf: () => null,
    toldName: () => null,
    records: { isKeeping: true, write: () => true },
    denials: new RepeatedDenials(() => 'id'),
  });
  await kernelOfTotals.fold({
    ...none,
    up: [counted(2, 200)],
    down: [counted(1, 1_000)],
    denied: [counted(3, 120), counted(1, 40, 25)],
  });
  await kernelOfTotals.fold({
    ...none,
    up: [counted(3, 260)],
    down: [counted(1, 1_000)],
    denied: [counted(5, 200), counted(1, 40, 25)],
  });
  await kernelOfTotals.fold({ ...none, up: [counted(1, 50)] });
  assert.deepEqual(kernelOfTotals.totals(), { deniedPackets: 6, bytesUp: 310, bytesDown: 1_000 });
});
