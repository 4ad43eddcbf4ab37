import assert from 'node:assert/strict';
import { beforeEach, describe, test } from 'node:test';
import { decode, encode, RECURSION_DESIRED } from 'dns-packet';
import { grantOf } from '../../../test/support/grant-fixture.ts';
import { addressOf, identityNode, policyOf, ruleNode, serviceNode } from '../../../test/support/policy-fixture.ts';
import { nowForTest } from '../../../test/support/request-fixture.ts';
import { rpzOf } from '../../../test/support/rpz-fixture.ts';
import { ok } from '../../base/index.ts';
import { silentObserver } from '../../enforcement/index.ts';
import { identify } from '../../identity/index.ts';
import {
  type CompiledPolicy,
  type DecisionFacts,
  type DecisionRecord,
  decide,
  noFacts,
  openGrants,
  queryTypes,
  screenAddresses,
  type VerdictRecord,
} from '../../policy/index.ts';
import { bareMessage, type DnsMessage, type DnsRecord, rcodes, typeNumber, writeName } from '../../wire/index.ts';
import type { DnsClient } from '../listen/dns-client.ts';
import { addressData } from '../lookup/address-data.ts';
import { createLookup } from '../lookup/create-lookup.ts';
import { openRpz, type RpzIndex } from '../rpz/open-rpz.ts';
import { createFilter, type DnsFilter } from './create-filter.ts';
import type { FilterSettings } from './filter-options.ts';

const payments = serviceNode('payments-api', {
  identities: [identityNode('source:10.20.0.0/24')],
  allow: [
    ruleNode('bank.example.com:443'),
    ruleNode('mail.example.com:25', { queries: ['TXT'] }),
    ruleNode('*.cdn.example.com:443'),
    ruleNode('tcp://db.example.com:5432'),
  ],
  deny: [ruleNode('evil.example.net:*')],
});

let nowMs: number;
let policy: CompiledPolicy | null;
let facts: DecisionFacts;
let zones: RpzIndex;
let records: DecisionRecord[];
/** What upstreams were asked, as `name TYPE`. */
let asked: string[];
let answers: Map<string, DnsMessage | null>;
let confirmed: { name: string; addresses: readonly string[] }[];
let isConfirming: boolean | 'never';
let filter: DnsFilter;
let isKeeping: boolean;

beforeEach(() => {
  nowMs = nowForTest;
  policy = policyOf([payments]);
  facts = noFacts;
  zones = openRpz([]);
  [records, asked, confirmed, isConfirming, isKeeping] = [[], [], [], true, true];
  answers = new Map([
    ['bank.example.com A', answerOf('bank.example.com', 'A', a('bank.example.com', '203.0.113.7'))],
    ['db.example.com A', answerOf('db.example.com', 'A', a('db.example.com', '203.0.113.8'))],
  ]);
  filter = make();
});

const usual: FilterSettings = {
  denial: 'nxdomain',
  denialTtlSeconds: 30,
  sample: 1,
  onFull: 'auto',
  searchDomains: ['svc.cluster.local'],
};

function make(settings: Partial<FilterSettings> = {}): DnsFilter {
  const clock = { now: () => nowMs };
  let ids = 0;
  return createFilter({
    clock,
    newId: () => `01DNS${String(ids++).padStart(21, '0')}`,
    policy: {
      current: () => policy,
      facts: () => facts,
      network: () => ({ ownAddresses: [addressOf('192.0.2.1')], localOrigins: [] }),
    },
    judge: { identify, decide, screen: screenAddresses },
    verifier: { generation: 0, verify: () => ({ kind: 'failed', why: 'unknown' }), stillHolds: () => false },
    lookup: createLookup({
      clock,
      upstream: {
        ask: async ({ name, type }) => {
          asked.push(`${name} ${typeText(type)}`);
          const message = answers.get(`${name} ${typeText(type)}`);
          if (message === null || message === undefined)
            return { ok: false, fault: { code: 'resolver_failed', message: 'nobody answers' } };
          return ok({ message, server: '192.0.2.53' });
        },
      },
      hosts: new Map(),
      zones: { answer: () => null },
      chainOf: (message, name) => ok({ links: aliasesOf(message, name) }),
      maxBytes: 1_000_000,
      staleForMs: 86_400_000,
    }),
    zones: () => zones,
    records: { isKeeping, write: (record) => records.push(record) > 0 },
    observer: silentObserver,
    answerSink: {
      confirm: async ({ name, addresses }) => {
        confirmed.push({ name, addresses: addresses.map(({ text }) => text) });
        return isConfirming === 'never' ? new Promise<boolean>(() => undefined) : isConfirming;
      },
    },
    queryTypes,
    settings: { ...usual, ...settings },
  });
}

function typeText(type: number): string {
  return ['A', 'AAAA', 'TXT', 'HTTPS', 'CNAME', 'PTR'].find((text) => typeNumber(text) === type) ?? String(type);
}

function a(name: string, address: string, ttl = 300): DnsRecord {
  const parsed = addressOf(address);
  const type = typeNumber(parsed.family === 4 ? 'A' : 'AAAA') ?? 0;
  return { name, type, class: 1, ttl, data: addressData(parsed) };
}

function cname(name: string, target: string): DnsRecord {
  return { name, type: typeNumber('CNAME') ?? 0, class: 1, ttl: 300, data: writeName(target) ?? new Uint8Array() };
}

function answerOf(name: string, type: string, ...found: readonly DnsRecord[]): DnsMessage {
  return { ...bareMessage(name, typeNumber(type) ?? 0), answers: found };
}

/** Aliases in the order in which they stand: enough for these tests. */
function aliasesOf({ answers: found }: DnsMessage, name: string): readonly string[] {
  return [...new Set(found.map((record) => record.name))].filter((each) => each !== name);
}

const client: DnsClient = {
  transport: 'udp',
  address: '10.20.0.7',
  port: 40_000,
  maxBytes: 1_232,
  proofs: [],
  isOverRate: false,
};

interface Said {
  readonly rcode: string;
  readonly answers: readonly unknown[];
  readonly ttl: number | null;
  /** Code and text of the extended error. */
  readonly ede: readonly [number, string] | null;
  readonly isTruncated: boolean;
}

/** Asks as a client with EDNS does; null: no reply. */
async function ask(name: string, type = 'A', from: DnsClient = client): Promise<Said | null> {
  const query = encode({
    type: 'query',
    id: 4_711,
    flags: RECURSION_DESIRED,
    questions: [{ type: type as 'A', name, class: 'IN' }],
    additionals: [
      {
        type: 'OPT',
        name: '.',
        udpPayloadSize: 1232,
        flags: 0,
        flag_do: false,
        extendedRcode: 0,
        ednsVersion: 0,
        options: [],
      },
    ],
  });
  const into = new Uint8Array(65_535);
  const outcome = filter.answer(query, from, into);
  const reply = typeof outcome === 'number' ? into.subarray(0, outcome) : await outcome;
  if (reply === null || reply.length === 0) return null;
  const packet = decode(Buffer.from(reply)) as ReturnType<typeof decode> & { readonly rcode: string };
  assert.equal(packet.id, 4_711);
  assert.equal(packet.questions?.[0]?.name, name);
  const found = packet.answers ?? [];
  return {
    rcode: packet.rcode,
    answers: found.map((each) => ('data' in each ? each.data : null)),
    ttl: (found[0] as { readonly ttl?: number } | undefined)?.ttl ?? null,
    ede: errorOf(packet.additionals ?? []),
    isTruncated: packet.flag_tc,
  };
}

function errorOf(additionals: readonly unknown[]): Said['ede'] {
  const options = (
    additionals as readonly { readonly options?: readonly { readonly code: number; readonly data?: Buffer }[] }[]
  ).flatMap((each) => each.options ?? []);
  const data = options.find(({ code }) => code === 15)?.data;
  return data === undefined ? null : [data.readUInt16BE(0), data.subarray(2).toString()];
}

function verdicts(): readonly VerdictRecord[] {
  return records.filter((record) => record.kind === 'verdict');
}

describe('a name that a rule allows', () => {
  test('is asked for once, told, and told from memory with less time left', async () => {
    assert.deepEqual(await ask('bank.example.com'), {
      rcode: 'NOERROR',
      answers: ['203.0.113.7'],
      ttl: 300,
      ede: null,
      isTruncated: false,
    });
    nowMs += 100_000;
    assert.equal((await ask('BANK.example.com'))?.ttl, 200);
    assert.deepEqual(asked, ['bank.example.com A']);
    const [record] = verdicts();
    assert.deepEqual(
      [record?.point, record?.stage, record?.verdict, record?.reason, record?.query, record?.destination?.port],
      ['dns', 'name', 'allow', 'rule_matched', 'A', null],
    );
    assert.deepEqual([record?.source, record?.principal?.service], ['10.20.0.7:40000', 'payments-api']);
  });

  test('keeps public addresses only; where none is left there is nothing, and the record says so', async () => {
    answers.set(
      'bank.example.com A',
      answerOf('bank.example.com', 'A', a('bank.example.com', '203.0.113.7'), a('bank.example.com', '10.0.0.1')),
    );
    assert.deepEqual((await ask('bank.example.com'))?.answers, ['203.0.113.7']);
    answers.set('x.cdn.example.com A', answerOf('x.cdn.example.com', 'A', a('x.cdn.example.com', '169.254.169.254')));
    const said = await ask('x.cdn.example.com');
    assert.deepEqual([said?.rcode, said?.answers, said?.ede?.[0]], ['NOERROR', [], 15]);
    const record = verdicts().at(-1);
    assert.deepEqual([record?.verdict, record?.reason], ['deny', 'address_forbidden']);
    assert.match(record?.detail ?? '', /^169\.254\.169\.254: /);
  });

  test('is not led by an alias around a deny, and needs no rule for where it is led', async () => {
    answers.set(
      'x.cdn.example.com A',
      answerOf(
        'x.cdn.example.com',
        'A',
        cname('x.cdn.example.com', 'edge.example.org'),
        a('edge.example.org', '203.0.113.9'),
      ),
    );
    assert.deepEqual((await ask('x.cdn.example.com'))?.answers, ['edge.example.org', '203.0.113.9']);
    answers.set(
      'y.cdn.example.com A',
      answerOf(
        'y.cdn.example.com',
        'A',
        cname('y.cdn.example.com', 'evil.example.net'),
        a('evil.example.net', '203.0.113.9'),
      ),
    );
    const said = await ask('y.cdn.example.com');
    assert.deepEqual([said?.rcode, said?.answers, said?.ede?.[0]], ['NXDOMAIN', [], 17]);
    assert.deepEqual(
      [verdicts().at(-1)?.reason, verdicts().at(-1)?.detail],
      ['rule_denied', 'by way of evil.example.net'],
    );
  });

  test('is told past its time where nobody answers, and not for ever', async () => {
    await ask('bank.example.com');
    answers.set('bank.example.com A', null);
    nowMs += 400_000;
    const said = await ask('bank.example.com');
    assert.deepEqual([said?.rcode, said?.answers, said?.ttl, said?.ede?.[0]], ['NOERROR', ['203.0.113.7'], 30, 3]);
    nowMs += 90_000_000;
    assert.deepEqual([(await ask('bank.example.com'))?.rcode], ['SERVFAIL']);
  });

  test('that nobody answers for is a failure with a reason', async () => {
    answers.set('bank.example.com A', null);
    const said = await ask('bank.example.com');
    assert.deepEqual([said?.rcode, said?.ede], ['SERVFAIL', [22, 'nobody answers']]);
  });
});

describe('a name that nothing allows', () => {
  test('is asked of nobody, answered for a short time, and recorded every time with the id that is told', async () => {
    const said = await ask('other.example');
    assert.deepEqual([said?.rcode, said?.answers, said?.ede?.[0]], ['NXDOMAIN', [], 15]);
    assert.deepEqual(asked, []);
    const [record] = verdicts();
    assert.deepEqual([record?.verdict, record?.reason], ['deny', 'no_rule_matched']);
    assert.equal(said?.ede?.[1], `${record?.id} no_rule_matched`);
  });

  for (const [denial, rcode, told] of [
    ['nodata', 'NOERROR', []],
    ['refused', 'REFUSED', []],
    [{ sinkhole: [addressOf('192.0.2.80')] }, 'NOERROR', ['192.0.2.80']],
  ] as const) {
    test(`is answered as the settings say: ${JSON.stringify(denial)}`, async () => {
      filter = make({ denial });
      const said = await ask('other.example');
      assert.deepEqual([said?.rcode, said?.answers], [rcode, told]);
      assert.deepEqual((await ask('other.example', 'AAAA'))?.answers, []);
    });
  }

  test('and that resolvers only try is no denial', async () => {
    for (const name of ['bank.example.com.svc.cluster.local', 'localthing']) {
      const said = await ask(name);
      assert.deepEqual([said?.rcode, said?.ede], ['NXDOMAIN', null]);
    }
    assert.deepEqual([asked, records, filter.counts().noise], [[], [], 2]);
  });

  test('is let through and told of where the service is observed', async () => {
    policy = policyOf([{ ...payments, mode: 'observe', observeUntil: Number.MAX_SAFE_INTEGER }]);
    answers.set('other.example A', answerOf('other.example', 'A', a('other.example', '203.0.113.20')));
    assert.deepEqual((await ask('other.example'))?.answers, ['203.0.113.20']);
    assert.deepEqual([verdicts()[0]?.wouldDeny, verdicts()[0]?.wouldDenyReason], [true, 'no_rule_matched']);
  });

  test('clients that would look for another resolver are told to stay', async () => {
    assert.equal((await ask('use-application-dns.net'))?.rcode, 'NXDOMAIN');
    assert.deepEqual((await ask('_dns.resolver.arpa', 'HTTPS'))?.answers, []);
    assert.equal((await ask('mask.icloud.com'))?.rcode, 'NXDOMAIN');
    assert.deepEqual([asked, records], [[], []]);
  });
});

describe('queries that can carry data', () => {
  test('need a rule that names them', async () => {
    const said = await ask('bank.example.com', 'TXT');
    // That the name is not there would be kept for its addresses too.
    assert.deepEqual([said?.rcode, said?.answers, said?.ede?.[0]], ['NOERROR', [], 15]);
    assert.deepEqual([verdicts()[0]?.reason, asked], ['query_type_denied', []]);
    answers.set('mail.example.com TXT', answerOf('mail.example.com', 'TXT'));
    assert.equal((await ask('mail.example.com', 'TXT'))?.rcode, 'NOERROR');
    assert.deepEqual(asked, ['mail.example.com TXT']);
  });

  test('the way back from an address is told to whom the address was told, without asking anybody', async () => {
    await ask('bank.example.com');
    assert.deepEqual((await ask('7.113.0.203.in-addr.arpa', 'PTR'))?.answers, ['bank.example.com']);
    assert.equal((await ask('8.113.0.203.in-addr.arpa', 'PTR'))?.rcode, 'NXDOMAIN');
    assert.deepEqual(asked, ['bank.example.com A']);
  });
});

describe('who asks', () => {
  test('nobody that is known is refused, and told that it is about who asks', async () => {
    const said = await ask('bank.example.com', 'A', { ...client, address: '192.0.2.99' });
    assert.deepEqual([said?.rcode, said?.ede, verdicts()[0]?.reason], ['REFUSED', [18, ''], 'identity_unknown']);
    // A forged address is told no more than it sent; one that came back over TCP is not forged.
    const byTcp = await ask('bank.example.com', 'A', { ...client, address: '192.0.2.99', transport: 'tcp' });
    assert.match(byTcp?.ede?.[1] ?? '', /^01DNS\S+ identity_unknown$/);
    assert.deepEqual(asked, []);
  });

  test('a proof that fails never falls back to the address', async () => {
    const proofs = [{ kind: 'basic', username: 'payments-api', password: 'wrong' }] as const;
    assert.equal((await ask('bank.example.com', 'A', { ...client, proofs }))?.rcode, 'REFUSED');
  });

  test('without a policy everything is denied, and says so', async () => {
    policy = null;
    const said = await ask('bank.example.com');
    assert.deepEqual([said?.rcode, said?.ede?.[0], verdicts()[0]?.reason], ['NXDOMAIN', 14, 'no_policy']);
  });
});

describe('a grant', () => {
  test('opens a name, and no answer outlives it', async () => {
    const grant = grantOf('g1', 'files.example.org:443', { service: 'payments-api', notAfter: nowMs + 60_500 });
    facts = { ...noFacts, grants: openGrants([grant], []) };
    answers.set(
      'files.example.org A',
      answerOf('files.example.org', 'A', a('files.example.org', '203.0.113.30', 3_000)),
    );
    assert.deepEqual((await ask('files.example.org'))?.ttl, 60);
    nowMs += 60_000;
    assert.deepEqual((await ask('files.example.org'))?.ttl, 0);
    nowMs += 1_000;
    assert.equal((await ask('files.example.org'))?.rcode, 'NXDOMAIN');
    assert.equal(verdicts().at(-1)?.reason, 'grant_expired');
  });
});

describe('the gateway', () => {
  test('learns addresses before they are told, only where it needs them, and on every time from memory', async () => {
    await ask('bank.example.com');
    assert.deepEqual(confirmed, []);
    await ask('db.example.com');
    await ask('db.example.com');
    assert.deepEqual(confirmed, [
      { name: 'db.example.com', addresses: ['203.0.113.8'] },
      { name: 'db.example.com', addresses: ['203.0.113.8'] },
    ]);
  });

  for (const not of [false, 'never'] as const)
    test(`that does not confirm lets nothing be told: ${not}`, async () => {
      isConfirming = not;
      const began = performance.now();
      assert.equal((await ask('db.example.com'))?.rcode, 'SERVFAIL');
      assert.ok(performance.now() - began < 2_000);
      assert.equal((await ask('bank.example.com'))?.rcode, 'NOERROR');
    });
});

describe('a response policy zone', () => {
  const zone = (...lines: readonly string[]): void => {
    zones = openRpz([rpzOf('rpz.example', ...lines)]);
  };

  for (const [target, wanted] of [
    ['.', 'NXDOMAIN'],
    ['*.', 'NOERROR'],
    ['rpz-drop.', null],
    ['rpz-passthru.', 'NOERROR'],
  ] as const) {
    test(`answers by its entry: CNAME ${target}`, async () => {
      zone(`bank.example.com CNAME ${target}`);
      const said = await ask('bank.example.com');
      assert.equal(said?.rcode ?? null, wanted);
      if (target === 'rpz-passthru.') assert.deepEqual(said?.answers, ['203.0.113.7']);
      else assert.deepEqual([asked, verdicts()[0]?.reason], [[], 'response_policy_denied']);
    });
  }

  test('opens nothing: what no rule allows stays denied', async () => {
    zone('other.example CNAME rpz-passthru.', 'third.example A 192.0.2.90');
    assert.deepEqual(
      [(await ask('other.example'))?.rcode, (await ask('third.example'))?.rcode],
      ['NXDOMAIN', 'NXDOMAIN'],
    );
    assert.deepEqual(asked, []);
  });

  test('sends clients to TCP', async () => {
    zone('bank.example.com CNAME rpz-tcp-only.');
    assert.equal((await ask('bank.example.com'))?.isTruncated, true);
    assert.deepEqual((await ask('bank.example.com', 'A', { ...client, transport: 'tcp' }))?.answers, ['203.0.113.7']);
  });

  test('holds for clients, on every alias and on every address, unless an entry of the question let it pass', async () => {
    answers.set(
      'x.cdn.example.com A',
      answerOf(
        'x.cdn.example.com',
        'A',
        cname('x.cdn.example.com', 'bad.example.org'),
        a('bad.example.org', '203.0.113.9'),
      ),
    );
    zone('bad.example.org CNAME .');
    assert.equal((await ask('x.cdn.example.com'))?.rcode, 'NXDOMAIN');
    zone('32.7.113.0.203.rpz-ip CNAME .');
    assert.equal((await ask('bank.example.com'))?.rcode, 'NXDOMAIN');
    zone('32.7.113.0.203.rpz-ip CNAME .', 'bank.example.com CNAME rpz-passthru.');
    assert.equal((await ask('bank.example.com'))?.rcode, 'NOERROR');
    zone('24.0.0.20.10.rpz-client-ip CNAME .');
    assert.equal((await ask('bank.example.com'))?.rcode, 'NXDOMAIN');
  });

  test('has records of its own, and its aliases are followed', async () => {
    zone('bank.example.com A 192.0.2.90', 'db.example.com CNAME walled.example.net.');
    assert.deepEqual((await ask('bank.example.com'))?.answers, ['192.0.2.90']);
    assert.deepEqual((await ask('bank.example.com', 'AAAA'))?.answers, []);
    answers.set('walled.example.net A', answerOf('walled.example.net', 'A', a('walled.example.net', '203.0.113.80')));
    assert.deepEqual((await ask('db.example.com'))?.answers, ['walled.example.net', '203.0.113.80']);
  });

  test('leads nobody to an address or a name that the policy keeps from them', async () => {
    zone('bank.example.com CNAME inner.example.net.', 'db.example.com CNAME evil.example.net.');
    answers.set('inner.example.net A', answerOf('inner.example.net', 'A', a('inner.example.net', '169.254.169.254')));
    answers.set('evil.example.net A', answerOf('evil.example.net', 'A', a('evil.example.net', '203.0.113.66')));
    assert.deepEqual((await ask('bank.example.com'))?.answers, ['inner.example.net']);
    assert.deepEqual((await ask('db.example.com'))?.answers, ['evil.example.net']);
    assert.deepEqual(asked, ['inner.example.net A']);
  });

  test('that sends an address to TCP answers there', async () => {
    zone('32.7.113.0.203.rpz-ip CNAME rpz-tcp-only.');
    const byTcp = { ...client, transport: 'tcp' } as const;
    for (let round = 0; round < 2; round += 1) {
      assert.equal((await ask('bank.example.com'))?.isTruncated, true);
      assert.deepEqual((await ask('bank.example.com', 'A', byTcp))?.answers, ['203.0.113.7']);
    }
  });

  test('that lets one client pass holds for the others of its service', async () => {
    zone('32.7.0.20.10.rpz-client-ip CNAME rpz-passthru.', '32.7.113.0.203.rpz-ip CNAME .');
    assert.deepEqual((await ask('bank.example.com'))?.answers, ['203.0.113.7']);
    assert.equal((await ask('bank.example.com', 'A', { ...client, address: '10.20.0.8' }))?.rcode, 'NXDOMAIN');
    assert.deepEqual((await ask('bank.example.com'))?.answers, ['203.0.113.7']);
  });
});

describe('when records cannot be kept', () => {
  for (const [onFull, rule, grant] of [
    ['auto', 'NOERROR', 'NXDOMAIN'],
    ['block', 'NXDOMAIN', 'NXDOMAIN'],
    ['count', 'NOERROR', 'NOERROR'],
  ] as const) {
    test(`${onFull}: a rule gives ${rule}, a grant ${grant}`, async () => {
      isKeeping = false;
      facts = { ...noFacts, grants: openGrants([grantOf('granted', 'granted.example:443')], []) };
      answers.set('granted.example A', answerOf('granted.example', 'A', a('granted.example', '203.0.113.5')));
      filter = make({ onFull });
      const said = [await ask('bank.example.com'), await ask('granted.example')];
      assert.deepEqual(
        said.map((one) => one?.rcode),
        [rule, grant],
      );
    });
  }
});

test('what ends while a server is asked is told no more', async () => {
  facts = { ...noFacts, grants: openGrants([grantOf('granted', 'granted.example:443')], []) };
  answers.set('granted.example A', answerOf('granted.example', 'A', a('granted.example', '203.0.113.5')));
  const asking = ask('granted.example');
  facts = noFacts;
  assert.equal((await asking)?.rcode, 'NXDOMAIN');
  assert.deepEqual(asked, ['granted.example A']);
});

test('a service is asked for by its host', async () => {
  answers.set('_imaps._tcp.bank.example.com 33', answerOf('_imaps._tcp.bank.example.com', 'SRV'));
  assert.equal((await ask('_imaps._tcp.bank.example.com', 'SRV'))?.rcode, 'NOERROR');
  assert.equal((await ask('_a-label-that-no-service-has._tcp.bank.example.com', 'SRV'))?.rcode, 'NXDOMAIN');
  assert.equal((await ask('_imaps._tcp.bank.example.com', 'A'))?.rcode, 'NXDOMAIN');
});

test('what is no query is answered with a code or not at all, and never asked of anybody', async () => {
  const into = new Uint8Array(65_535);
  assert.equal(filter.answer(new Uint8Array(5), client, into), 0);
  assert.equal(filter.answer(new Uint8Array(12), client, into), 12);
  assert.equal((into[3] ?? 0) & 15, rcodes.formErr);
  assert.equal(filter.counts().malformed, 2);
  for (const type of ['AXFR', 'ANY'] as const) {
    const said = await ask('bank.example.com', type);
    assert.deepEqual([said?.rcode, said?.answers], ['REFUSED', []]);
  }
  assert.deepEqual(asked, []);
});
