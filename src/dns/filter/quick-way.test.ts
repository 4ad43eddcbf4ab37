import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { encode, RECURSION_DESIRED } from 'dns-packet';
import fc from 'fast-check';
import { grantOf } from '../../../test/support/grant-fixture.ts';
import { addressOf, identityNode, policyOf, ruleNode, serviceNode } from '../../../test/support/policy-fixture.ts';
import { nowForTest } from '../../../test/support/request-fixture.ts';
import { testScale } from '../../../test/support/requires.ts';
import { rpzOf } from '../../../test/support/rpz-fixture.ts';
import { type CompiledPolicy, type NetworkFacts, noFacts, openGrants } from '../../policy/index.ts';
import { type DnsMessage, rcodes } from '../../wire/index.ts';
import type { DnsClient } from '../listen/dns-client.ts';
import { openRpz } from '../rpz/open-rpz.ts';
import { a, answerOf, cname, payments, client as usualClient } from './filter.playbook.ts';
import { type FilterOnWorld, filterOn, type World } from './quick-way.playbook.ts';

// Questions that come again go a short way: it must tell what the long way tells, byte for byte, and record the same, whatever happens
// between two of them.

const other = serviceNode('reports', {
  identities: [identityNode('source:10.30.0.0/24')],
  allow: [ruleNode('bank.example.com:443')],
  deny: [ruleNode('x.cdn.example.com:*')],
});
const observed = serviceNode('reports', {
  ...{ mode: 'observe', observeUntil: nowForTest + 200_000 },
  identities: [identityNode('source:10.30.0.0/24')],
  allow: [ruleNode('x.cdn.example.com:443')],
});
const policies: readonly (CompiledPolicy | null)[] = [
  policyOf([payments, other], 'sha256:one'),
  policyOf([{ ...payments, allow: payments.allow.slice(1) }, other], 'sha256:two'),
  policyOf([payments, observed], 'sha256:three'),
  null,
];
const facts = [
  noFacts,
  { ...noFacts, revokedIdentities: new Set(['source:10.20.0.0/24']) },
  {
    ...noFacts,
    grants: openGrants(
      [grantOf('g1', 'files.example.org:443', { service: 'reports', notAfter: nowForTest + 60_000 })],
      [],
    ),
  },
];
const zones = [
  [],
  ['bank.example.com CNAME .'],
  ['32.9.113.0.203.rpz-ip CNAME *.'],
  ['32.7.0.20.10.rpz-client-ip CNAME .'],
].map((lines) => openRpz(lines.length === 0 ? [] : [rpzOf('rpz.example', ...lines)]));
const networkOf = (text: string): NetworkFacts => ({ ownAddresses: [addressOf(text)], localOrigins: [] });
const usualNetwork = networkOf('192.0.2.1');
// One of them is the address of a name.
const networks = [usualNetwork, networkOf('203.0.113.9')];
const names = [
  ...['bank.example.com', 'x.cdn.example.com', 'y.cdn.example.com', 'large.cdn.example.com', 'mail.example.com'],
  ...[
    'db.example.com',
    'files.example.org',
    'evil.example.net',
    'none.cdn.example.com',
    'printer.example.com',
    'other.example',
  ],
  ...['use-application-dns.net', 'short', '_443._https.bank.example.com', '7.113.0.203.in-addr.arpa'],
];

function answersOf(): Map<string, DnsMessage> {
  const large = Array.from({ length: 40 }, (_, at) => a('large.cdn.example.com', `203.0.113.${at + 1}`, 60 + at));
  return new Map([
    ['bank.example.com 1', answerOf('bank.example.com', 'A', a('bank.example.com', '203.0.113.7'))],
    ['bank.example.com 28', answerOf('bank.example.com', 'AAAA', a('bank.example.com', '2a00:1450::7', 30))],
    [
      'x.cdn.example.com 1',
      answerOf('x.cdn.example.com', 'A', cname('x.cdn.example.com', 'edge.example'), a('edge.example', '203.0.113.9')),
    ],
    [
      'y.cdn.example.com 1',
      answerOf('y.cdn.example.com', 'A', a('y.cdn.example.com', '203.0.113.9', 5), a('y.cdn.example.com', '10.0.0.1')),
    ],
    ['large.cdn.example.com 1', answerOf('large.cdn.example.com', 'A', ...large)],
    ['db.example.com 1', answerOf('db.example.com', 'A', a('db.example.com', '203.0.113.8'))],
    ['files.example.org 1', answerOf('files.example.org', 'A', a('files.example.org', '203.0.113.6'))],
    ['none.cdn.example.com 1', { ...answerOf('none.cdn.example.com', 'A'), rcode: rcodes.nxDomain }],
  ]);
}

function worldOf(): World {
  return {
    nowMs: nowForTest,
    policy: policies[0] ?? null,
    facts: noFacts,
    zones: openRpz([]),
    isKeeping: true,
    network: usualNetwork,
    answers: answersOf(),
  };
}

const cookie = Buffer.from('c00c1ec00c1ec00c', 'hex');
/** A cookie of 24 bytes as an option. */
const cookieOption = Buffer.from('000a0018', 'hex');

interface Asked {
  readonly name: string;
  readonly type: 'A' | 'AAAA' | 'TXT' | 'HTTPS' | 'PTR';
  readonly id: number;
  readonly letters: number;
  readonly flags: number;
  readonly edns: null | {
    readonly size: number;
    readonly isDo: boolean;
    readonly hasCookie: boolean;
    readonly padding: number;
  };
  readonly questions: number;
  readonly broken: null | { readonly at: number; readonly byte: number } | { readonly cut: number };
  readonly from: string;
  readonly transport: 'udp' | 'tcp';
  readonly isTaken: boolean;
}

const asked: fc.Arbitrary<Asked> = fc.record({
  name: fc.constantFrom(...names),
  type: fc.constantFrom('A', 'A', 'A', 'AAAA', 'TXT', 'HTTPS', 'PTR'),
  id: fc.nat(0xffff),
  letters: fc.nat(0xffff),
  // RD, CD and AD come and go.
  flags: fc.constantFrom(RECURSION_DESIRED, 0, RECURSION_DESIRED | 0x10, RECURSION_DESIRED | 0x20),
  edns: fc.option(
    fc.record({
      size: fc.constantFrom(0, 512, 700, 1_232, 4_096),
      isDo: fc.boolean(),
      hasCookie: fc.boolean(),
      padding: fc.constantFrom(0, 0, 3, 128, 400),
    }),
  ),
  questions: fc.constantFrom(1, 1, 1, 1, 2),
  broken: fc.oneof(
    { weight: 8, arbitrary: fc.constant(null) },
    { weight: 1, arbitrary: fc.record({ at: fc.nat(60), byte: fc.nat(255) }) },
    { weight: 1, arbitrary: fc.record({ cut: fc.nat(60) }) },
  ),
  from: fc.constantFrom('10.20.0.7', '10.20.0.8', '10.30.0.7', '10.30.0.7', '192.0.2.9'),
  transport: fc.constantFrom('udp', 'udp', 'udp', 'tcp'),
  isTaken: fc.boolean(),
});
const change = fc.oneof(
  fc.record({
    kind: fc.constant('later' as const),
    ms: fc.constantFrom(1, 400, 1_000, 4_000, 11_000, 299_000, 601_000, 90_000_000, -2_000),
  }),
  fc.record({ kind: fc.constant('policy' as const), at: fc.nat(policies.length - 1) }),
  fc.record({ kind: fc.constant('facts' as const), at: fc.nat(facts.length - 1) }),
  fc.record({ kind: fc.constant('zones' as const), at: fc.nat(zones.length - 1) }),
  fc.record({ kind: fc.constant('network' as const), at: fc.nat(networks.length - 1) }),
  fc.record({ kind: fc.constant('keeping' as const), is: fc.boolean() }),
  fc.record({
    kind: fc.constant('answer' as const),
    name: fc.constantFrom('bank.example.com', 'x.cdn.example.com'),
    has: fc.boolean(),
  }),
  fc.record({ kind: fc.constant('flush' as const), isLast: fc.boolean() }),
);
const steps = fc.array(
  fc.oneof(
    { weight: 1, arbitrary: change },
    {
      weight: 5,
      arbitrary: fc.record({ kind: fc.constant('ask' as const), asked, times: fc.integer({ min: 1, max: 3 }) }),
    },
  ),
  { maxLength: 40 },
);
type Step = typeof steps extends fc.Arbitrary<(infer One)[]> ? One : never;

// Steps by chance seldom ask the same thing again, so three of four questions of a run are one of two.
const runs = fc
  .tuple(steps, fc.array(asked, { minLength: 1, maxLength: 2 }))
  .map(([all, pool]) =>
    all.map((one, at) =>
      one.kind === 'ask' && at % 4 > 0 ? { ...one, asked: pool[at % pool.length] ?? one.asked } : one,
    ),
  );

test('INVARIANT: the short way tells and records what the long way does, whatever happens between questions', async () => {
  let short = 0;
  let ready = 0;
  await fc.assert(
    fc.asyncProperty(runs, fc.constantFrom(1, 0.3, 0.05), async (all, sample) => {
      const world = worldOf();
      const [quick, long] = [filterOn(world, { isLong: false, sample }), filterOn(world, { isLong: true, sample })];
      for (const [turn, one] of all.entries()) await take(one, turn, world, [quick, long]);
      assert.deepEqual(quick.filter.counts(), long.filter.counts());
      assert.deepEqual(quick.records, long.records);
      assert.deepEqual(quick.asked, long.asked);
      short += long.judged - quick.judged;
      ready += quick.ready;
    }),
    { numRuns: Math.ceil(300 * Math.max(0.4, testScale())) },
  );
  assert.ok(short > 0 && ready > 0, `nothing went the short way: ${short}, ${ready} ready`);
});

async function take(
  one: Step,
  turn: number,
  world: World,
  filters: readonly [FilterOnWorld, FilterOnWorld],
): Promise<void> {
  const [quick, long] = filters;
  if (one.kind !== 'ask') return changeWorld(one, world, filters);
  const query = queryOf(one.asked);
  const client: DnsClient = {
    ...usualClient,
    ...{
      address: one.asked.from,
      transport: one.asked.transport,
      maxBytes: one.asked.transport === 'udp' ? 1_232 : 65_535,
    },
    // Those that are asked several times come in one turn.
    ...(one.asked.isTaken ? { takenAtMs: world.nowMs, turn } : {}),
  };
  for (let time = 0; time < one.times; time += 1) {
    const [said, wanted] = [await quick.answer(query, client), await long.answer(query, client)];
    assert.equal(textOf(said), textOf(wanted), JSON.stringify(one.asked));
  }
}

function changeWorld(
  one: Exclude<Step, { readonly kind: 'ask' }>,
  world: World,
  filters: readonly FilterOnWorld[],
): void {
  switch (one.kind) {
    case 'later':
      world.nowMs += one.ms;
      return;
    case 'keeping':
      world.isKeeping = one.is;
      return;
    case 'flush':
      for (const { filter } of filters) filter.flush(one.isLast);
      return;
    case 'answer':
      if (one.has) for (const [name, answer] of answersOf()) world.answers.set(name, answer);
      else world.answers.delete(`${one.name} 1`);
      return;
    default:
      Object.assign(world, { [one.kind]: inForce[one.kind][one.at] });
  }
}

const inForce = { policy: policies, facts, zones, network: networks };

function queryOf({ name, type, id, letters, flags, edns, questions, broken }: Asked): Uint8Array {
  const spelled = [...name]
    .map((letter, at) => (((letters >> (at % 16)) & 1) === 1 ? letter.toUpperCase() : letter))
    .join('');
  const options = [
    ...(edns?.hasCookie === true ? [{ code: 10, data: cookie }] : []),
    ...(edns !== null && edns.padding > 0 ? [{ code: 12, data: Buffer.alloc(edns.padding) }] : []),
  ];
  const opt = {
    ...{ type: 'OPT', name: '.', udpPayloadSize: edns?.size ?? 0, extendedRcode: 0, ednsVersion: 0 },
    ...{ flags: edns?.isDo === true ? 0x8000 : 0, flag_do: edns?.isDo === true, options },
  };
  const query = encode({
    ...{
      type: 'query',
      id,
      flags,
      questions: Array(questions).fill({ type: type as 'A', name: spelled, class: 'IN' }),
    },
    additionals: edns === null ? [] : [opt as never],
  });
  if (broken !== null && 'cut' in broken) return query.subarray(0, broken.cut);
  if (broken !== null && broken.at < query.length) query[broken.at] = broken.byte;
  return query;
}

// The part of a cookie that the server makes hangs on a secret of each filter.
function textOf(reply: Uint8Array | null): string {
  if (reply === null) return 'none';
  const bytes = Buffer.from(reply);
  const at = bytes.indexOf(cookieOption, 12);
  if (at >= 0) bytes.fill(0, at + 12, at + 28);
  return bytes.toString('hex');
}

describe('a question that comes again', () => {
  const bank: Asked = {
    ...{
      name: 'bank.example.com',
      type: 'A',
      id: 1,
      letters: 0,
      flags: RECURSION_DESIRED,
      edns: null,
      questions: 1,
      broken: null,
    },
    ...{ from: '10.20.0.7', transport: 'udp', isTaken: false },
  };
  const rcodeOf = async (filter: FilterOnWorld, address = '10.20.0.7'): Promise<number> =>
    ((await filter.answer(queryOf(bank), { ...usualClient, address }))?.[3] ?? 0xf) & 0xf;
  // With a sample of all each is read, for its record; with a small one its reply stands ready at the third time.
  const remembered = async (sample = 1): Promise<{ readonly world: World; readonly filter: FilterOnWorld }> => {
    const world = worldOf();
    const filter = filterOn(world, { isLong: false, sample });
    for (let times = 0; times < 4; times += 1) assert.equal(await rcodeOf(filter), rcodes.noError);
    assert.equal(filter.ready, sample === 1 ? 0 : 2);
    return { world, filter };
  };

  test('is judged once, and recorded each time', async () => {
    const { filter } = await remembered();
    // Before it went up, once more when the answer came; then the first from memory goes the short way.
    assert.equal(filter.judged, 2);
    assert.equal(filter.records.length, 4);
    assert.equal((await remembered(0.01)).filter.records.length, 1);
  });

  for (const [name, happens, wanted] of [
    ['an identity is revoked', (world) => Object.assign(world, { facts: facts[1] }), rcodes.refused],
    ['the rule is gone', (world) => Object.assign(world, { policy: policies[1] }), rcodes.nxDomain],
    ['there is no policy', (world) => Object.assign(world, { policy: null }), rcodes.nxDomain],
    ['a zone closes the name', (world) => Object.assign(world, { zones: zones[1] }), rcodes.nxDomain],
    ['a zone closes the client', (world) => Object.assign(world, { zones: zones[3] }), rcodes.nxDomain],
    ['records cannot be kept', (world) => Object.assign(world, { isKeeping: false }), rcodes.nxDomain],
  ] as const satisfies readonly (readonly [string, (world: World) => unknown, number])[]) {
    test(`is refused at once when ${name}`, async () => {
      for (const sample of [1, 0.01]) {
        const { world, filter } = await remembered(sample);
        happens(world);
        assert.equal(await rcodeOf(filter), wanted);
      }
    });
  }

  test('is nobody else’s: what one may have another is refused', async () => {
    for (const sample of [1, 0.01]) {
      const { filter } = await remembered(sample);
      assert.equal(await rcodeOf(filter, '192.0.2.9'), rcodes.refused);
      assert.equal(await rcodeOf(filter, '10.30.0.7'), rcodes.noError);
    }
  });

  test('is refused in the turn in which another’s record could not be kept', async () => {
    const { world, filter } = await remembered(0.01);
    const inTurn = { ...usualClient, takenAtMs: world.nowMs, turn: 1 };
    const ask = async (name: string): Promise<number> =>
      ((await filter.answer(queryOf({ ...bank, name }), inTurn))?.[3] ?? 0xf) & 0xf;
    assert.equal(await ask(bank.name), rcodes.noError);
    world.isKeeping = false;
    await ask('evil.example.net');
    assert.equal(await ask(bank.name), rcodes.nxDomain);
    const later = { ...inTurn, turn: 2 };
    world.isKeeping = true;
    assert.equal(((await filter.answer(queryOf(bank), later))?.[3] ?? 0xf) & 0xf, rcodes.noError);
    world.facts = facts[1] ?? noFacts;
    assert.equal(((await filter.answer(queryOf(bank), { ...later, turn: 3 }))?.[3] ?? 0xf) & 0xf, rcodes.refused);
    const other = await filter.answer(queryOf(bank), { ...later, turn: 3, address: '192.0.2.9' });
    assert.equal((other?.[3] ?? 0xf) & 0xf, rcodes.refused);
  });

  test('ATTACK another’s reply: the same bytes from a service that may not know the name get nothing of what stands ready', async () => {
    const { filter } = await remembered(0.01);
    const denied = { ...bank, name: 'x.cdn.example.com' };
    for (let times = 0; times < 4; times += 1) await filter.answer(queryOf(denied), usualClient);
    assert.equal(filter.ready, 4);
    for (let times = 0; times < 4; times += 1) {
      const reply = await filter.answer(queryOf(denied), { ...usualClient, address: '10.30.0.7' });
      assert.equal((reply?.[3] ?? 0) & 0xf, rcodes.nxDomain);
    }
    assert.equal(filter.ready, 4);
  });

  test('is not answered from what was forgotten, nor from what has no time left', async () => {
    const { world, filter } = await remembered();
    world.nowMs += 300_000;
    await rcodeOf(filter);
    assert.equal(filter.asked.length, 2);
    for (let at = 0; at < 20; at += 1) {
      const name = `n${at}.cdn.example.com`;
      world.answers.set(`${name} 1`, answerOf(name, 'A', a(name, '203.0.113.50')));
      await filter.answer(queryOf({ ...bank, name }), usualClient);
    }
    await rcodeOf(filter);
    assert.equal(filter.asked.filter((each) => each === 'bank.example.com 1').length, 3);
  });
});
