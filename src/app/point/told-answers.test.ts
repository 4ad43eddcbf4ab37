import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { grantOf } from '../../../test/support/grant-fixture.ts';
import { addressOf, identityNode, policyOf, ruleNode, serviceNode } from '../../../test/support/policy-fixture.ts';
import type { TimedEntry, ToldEntry } from '../../gateway/index.ts';
import { identify } from '../../identity/index.ts';
import { type CompiledPolicy, type DecisionFacts, noFacts, openGrants } from '../../policy/index.ts';
import type { SourceClass } from './gateway-plane.ts';
import { ToldAnswers } from './told-answers.ts';

const start = 1_800_000_000_000;
const one = '203.0.113.7';
const other = '203.0.113.8';

function policyFor(...allow: readonly string[]): CompiledPolicy {
  const identities = [identityNode('source:10.9.0.2/32')];
  return policyOf([serviceNode('workload', { identities, allow: allow.map((to) => ruleNode(to)) })]);
}

interface Bed {
  readonly told: ToldAnswers;
  readonly learned: TimedEntry[];
  readonly forgotten: ToldEntry[];
  policy: CompiledPolicy;
  facts: DecisionFacts;
  now: number;
  holds: boolean;
  /** Happens while the kernel is told. */
  meanwhile: () => void;
  classes: readonly SourceClass[];
}

function openBed(policy: CompiledPolicy): Bed {
  const found = identify(policy, { source: '10.9.0.2', presented: [] }, start);
  assert.equal(found.kind, 'identified');
  const principal = found.kind === 'identified' ? found.principal : assert.fail();
  const bed = {
    ...{
      learned: [] as TimedEntry[],
      forgotten: [] as ToldEntry[],
      policy,
      facts: noFacts,
      now: start,
      holds: true,
      meanwhile: () => {},
    },
    classes: [{ id: 257, key: 'workload', service: 'workload', principal }] as readonly SourceClass[],
  };
  const told = new ToldAnswers({
    clock: { now: () => bed.now },
    kernel: {
      learn: async (entries) => {
        bed.meanwhile();
        if (bed.holds) bed.learned.push(...entries);
        return bed.holds;
      },
      forget: async (entries) => bed.forgotten.push(...entries) > 0,
    },
    policy: () => bed.policy,
    facts: () => bed.facts,
    network: () => ({ ownAddresses: [], localOrigins: [] }),
    classesOf: (service) => bed.classes.filter((each) => each.service === service),
  });
  return Object.assign(bed, { told });
}

const answer = (
  name: string,
  addresses: readonly string[],
  ttlSeconds = 60,
): Parameters<ToldAnswers['confirm']>[0] => ({
  ...{ service: 'workload', name, addresses: addresses.map(addressOf), ttlSeconds },
  isRecorded: false,
  flow: () => `flow of ${name}`,
});

describe('what a service is told', () => {
  test('is confirmed once the kernel holds each address at the ports of opaque rules, for the time and a grace', async () => {
    const bed = openBed(policyFor('tcp://db.example.com:5432,6000-6001', 'db.example.com:443'));
    assert.equal(await bed.told.confirm(answer('db.example.com', [one, other])), true);
    const ports = [one, other].flatMap((address) => [
      [address, 5432, 5432, 180],
      [address, 6000, 6001, 180],
    ]);
    assert.deepEqual(
      bed.learned.map((entry) => [entry.address, entry.ports.from, entry.ports.to, entry.seconds]),
      ports,
    );
    assert.deepEqual(bed.told.nameOf(257, one)?.name, 'db.example.com');
    assert.deepEqual(bed.told.nameOf(257, one)?.flow, 'flow of db.example.com');
  });

  test('has the flow of its last answer that is recorded, which is one an hour at least', async () => {
    const bed = openBed(policyFor('tcp://db.example.com:5432'));
    const flowAfter = async (flow: string, isRecorded: boolean, laterMs: number): Promise<string | undefined> => {
      bed.now += laterMs;
      await bed.told.confirm({ ...answer('db.example.com', [one]), isRecorded, flow: () => flow });
      return bed.told.nameOf(257, one)?.flow;
    };
    assert.equal(await flowAfter('first', false, 0), 'first');
    assert.equal(await flowAfter('second', false, 60_000), 'first');
    assert.equal(await flowAfter('third', true, 60_000), 'third');
    assert.equal(await flowAfter('fourth', false, 3_600_000), 'fourth');
  });

  test('is not confirmed, nor remembered, when the kernel does not hold it', async () => {
    const bed = openBed(policyFor('tcp://db.example.com:5432'));
    bed.holds = false;
    assert.equal(await bed.told.confirm(answer('db.example.com', [one])), false);
    assert.deepEqual([bed.told.nameOf(257, one), bed.told.size()], [null, 0]);
  });

  test('asks nothing of the kernel for names that are reached by what is read', async () => {
    const bed = openBed(policyFor('web.example.com:443'));
    bed.holds = false;
    assert.equal(await bed.told.confirm(answer('web.example.com', [one])), true);
  });

  test('opens nothing to a service that is found by no source', async () => {
    const bed = openBed(policyFor('tcp://db.example.com:5432'));
    bed.classes = [];
    assert.equal(await bed.told.confirm(answer('db.example.com', [one])), true);
    assert.deepEqual(bed.learned, []);
  });
});

describe('INVARIANT: what nothing justifies any more is taken back', () => {
  test('when its rule is gone, and what another rule allows stays', async () => {
    const bed = openBed(policyFor('tcp://db.example.com:5432', 'tcp://mail.example.com:25'));
    await bed.told.confirm(answer('db.example.com', [one]));
    await bed.told.confirm(answer('mail.example.com', [other]));
    bed.policy = policyFor('tcp://mail.example.com:25');
    assert.equal(await bed.told.recheckAll(), 1);
    assert.deepEqual(
      bed.forgotten.map(({ address }) => address),
      [one],
    );
    assert.deepEqual([bed.told.nameOf(257, one), bed.told.nameOf(257, other)?.name], [null, 'mail.example.com']);
  });

  test('when its grant ends by the clock, and when it is revoked', async () => {
    for (const end of ['by the clock', 'revoked'] as const) {
      const bed = openBed(policyFor('web.example.com:443'));
      const grant = grantOf('g1', 'tcp://db.example.com:5432', {
        ...{ service: 'workload', notBefore: start - 1_000, notAfter: start + 60_000 },
      });
      bed.facts = { ...noFacts, grants: openGrants([grant], []) };
      await bed.told.confirm(answer('db.example.com', [one]));
      assert.equal(bed.learned.length, 1);
      assert.equal(await bed.told.recheckAll(), 0);
      if (end === 'by the clock') bed.now = start + 60_000;
      else bed.facts = { ...noFacts, grants: openGrants([grant], [{ id: 'g1', why: 'revoked' }]) };
      assert.equal(await bed.told.recheckAll(), 1);
      assert.deepEqual(
        bed.forgotten.map(({ address }) => address),
        [one],
      );
    }
  });

  test('when its rule went while the kernel was told of it: then it is not confirmed either', async () => {
    const bed = openBed(policyFor('tcp://db.example.com:5432'));
    bed.meanwhile = () => {
      bed.policy = policyFor('web.example.com:443');
    };
    assert.equal(await bed.told.confirm(answer('db.example.com', [one])), false);
    assert.deepEqual(
      bed.forgotten.map(({ address }) => address),
      [one],
    );
    assert.equal(bed.told.nameOf(257, one), null);
  });

  test('when its sources are of no class any more', async () => {
    const bed = openBed(policyFor('tcp://db.example.com:5432'));
    await bed.told.confirm(answer('db.example.com', [one]));
    bed.classes = [];
    assert.equal(await bed.told.recheckAll(), 1);
  });

  test('but not an address that two names hold, while one of them may be reached', async () => {
    const bed = openBed(policyFor('tcp://a.example.com:5432', 'tcp://b.example.com:5432'));
    await bed.told.confirm(answer('a.example.com', [one]));
    await bed.told.confirm(answer('b.example.com', [one]));
    bed.policy = policyFor('tcp://b.example.com:5432');
    await bed.told.recheckAll();
    assert.deepEqual(bed.forgotten, []);
    bed.policy = policyFor('web.example.com:443');
    await bed.told.recheckAll();
    assert.deepEqual(
      bed.forgotten.map(({ address }) => address),
      [one],
    );
  });
});

test('what is left is told again with what is left of its time', async () => {
  const bed = openBed(policyFor('tcp://db.example.com:5432'));
  await bed.told.confirm(answer('db.example.com', [one]));
  bed.now = start + 100_000;
  assert.deepEqual(
    bed.told.remaining().map(({ seconds }) => seconds),
    [80],
  );
});

test('siblings of an address in use stay', async () => {
  const bed = openBed(policyFor('tcp://db.example.com:5432'));
  await bed.told.confirm(answer('db.example.com', [one, other], 5));
  bed.now = start + 100_000;
  await bed.told.keepSiblings([{ serviceId: 257, address: one }]);
  assert.deepEqual(
    bed.learned.slice(2).map(({ address, seconds }) => [address, seconds]),
    [
      [one, 120],
      [other, 120],
    ],
  );
});
