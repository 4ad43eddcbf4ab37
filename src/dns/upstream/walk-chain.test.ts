import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { bareMessage, type DnsMessage, type DnsRecord, dnsTypes, rcodes, writeName } from '../../wire/index.ts';
import { takeAddresses } from './take-addresses.ts';
import { walkChain } from './walk-chain.ts';

function record(name: string, type: number, data: Uint8Array, ttl = 300): DnsRecord {
  return { name, type, class: 1, ttl, data };
}

function named(name: string, type: number, target: string, ttl = 300): DnsRecord {
  const data = writeName(target);
  assert.ok(data !== null, target);
  return record(name, type, data, ttl);
}

const alias = (name: string, target: string, ttl?: number): DnsRecord => named(name, dnsTypes.cname, target, ttl);
const subtree = (name: string, target: string, ttl?: number): DnsRecord => named(name, dnsTypes.dname, target, ttl);
const four = (name: string, last: number, ttl?: number): DnsRecord =>
  record(name, dnsTypes.a, Uint8Array.of(192, 0, 2, last), ttl);

function response(answers: readonly DnsRecord[], more: Partial<DnsMessage> = {}): DnsMessage {
  return {
    ...bareMessage('', dnsTypes.a),
    question: null,
    answers,
    ...more,
  };
}

test('a chain of CNAMEs and DNAMEs is walked in order, whatever the order of the records', () => {
  const answers = [
    alias('c.example.net', 'd.example.org', 50),
    four('d.example.org', 1),
    subtree('example.com', 'example.net', 40),
    alias('WWW.example.com', 'c.Example.com', 70),
    alias('c.example.com', 'C.example.net', 40),
  ];
  const walked = walkChain(response(answers), 'www.example.com');
  // `www.example.com` is below the DNAME as well, and its own alias is another: that is a lie of the server.
  assert.ok(!walked.ok && /not the one its DNAME makes/.test(walked.fault.message));
  const good = walkChain(response([...answers.slice(0, 2), ...answers.slice(3)]), 'WWW.example.com');
  assert.deepEqual(good, {
    ok: true,
    value: {
      links: ['c.example.com', 'c.example.net', 'd.example.org'],
      end: 'd.example.org',
      ttlSeconds: 40,
    },
  });
});

test('a DNAME makes the alias that it stands for (RFC 6672)', () => {
  const rows: readonly (readonly [readonly DnsRecord[], string, readonly string[] | RegExp])[] = [
    [[subtree('example.com', 'example.net')], 'a.b.example.com', ['a.b.example.net']],
    [
      [subtree('example.com', 'example.net'), alias('a.example.com', 'a.example.net', 0)],
      'a.example.com',
      ['a.example.net'],
    ],
    [
      [subtree('example.com', 'example.net'), alias('a.example.com', 'evil.example')],
      'a.example.com',
      /its DNAME makes/,
    ],
    // Not about the owner itself, nor about a name that only looks as if it were below.
    [[subtree('example.com', 'example.net')], 'example.com', []],
    [[subtree('example.com', 'example.net')], 'notexample.com', []],
    [[subtree('', 'example')], 'a.b', /more than 16 aliases/],
    [[subtree('example', '')], 'a.example', ['a']],
    [[subtree('example.com', 'example.net'), subtree('com', 'example.org')], 'a.example.com', /two aliases/],
    [[subtree('example.com', 'x.example.com')], 'a.example.com', /more than 16 aliases/],
    [
      [subtree('example.com', `${'y'.repeat(63)}.${'z'.repeat(63)}.${'v'.repeat(63)}.example.com`)],
      `${'x'.repeat(63)}.example.com`,
      /no name/,
    ],
  ];
  for (const [answers, name, expected] of rows) {
    const walked = walkChain(response(answers), name);
    if (expected instanceof RegExp) assert.ok(!walked.ok && expected.test(walked.fault.message), name);
    else assert.deepEqual(walked.ok && walked.value.links, expected, name);
  }
});

test('a loop, a fork, a long chain and a target that is no name are faults', () => {
  const chain = (length: number): readonly DnsRecord[] =>
    Array.from({ length }, (_, i) => alias(i === 0 ? 'c.example' : `c${i}.example`, `c${i + 1}.example`));
  const rows: readonly (readonly [readonly DnsRecord[], RegExp | number])[] = [
    [chain(16), 16],
    [chain(17), /more than 16/],
    [[alias('c.example', 'd.example'), alias('d.example', 'C.example')], /a loop/],
    [[alias('c.example', 'c.example')], /a loop/],
    [[alias('c.example', 'd.example'), alias('c.example', 'd.example')], /two aliases/],
    [[record('c.example', dnsTypes.cname, Uint8Array.of(1))], /no name/],
    [[record('c.example', dnsTypes.cname, Uint8Array.of(0, 0))], /no name/],
    [[{ ...alias('c.example', 'd.example'), class: 3 }], 0],
  ];
  for (const [answers, expected] of rows) {
    const walked = walkChain(response(answers), 'c.example');
    if (typeof expected === 'number') assert.equal(walked.ok && walked.value.links.length, expected);
    else assert.ok(!walked.ok && expected.test(walked.fault.message), String(expected));
  }
});

test('only addresses at the end of the chain are taken, of the asked type and class, at most 64', () => {
  const many = Array.from({ length: 70 }, (_, i) => four('a.example', i));
  const six = record('a.example', dnsTypes.aaaa, new Uint8Array(16));
  const rows: readonly (readonly [readonly DnsRecord[], number | string])[] = [
    [[four('a.example', 1), four('b.example', 2), six], 1],
    [many, 64],
    [[alias('a.example', 'b.example'), four('a.example', 1)], 'no_address'],
    [[{ ...four('a.example', 1), class: 3 }], 'no_address'],
    [[record('a.example', dnsTypes.a, Uint8Array.of(1, 2, 3))], 'failed'],
    [[alias('a.example', 'a.example')], 'failed'],
    [[], 'no_address'],
  ];
  for (const [answers, expected] of rows) {
    const taken = takeAddresses(response(answers), 'a.example', dnsTypes.a);
    assert.equal(taken.kind === 'addresses' ? taken.addresses.length : taken.kind, expected);
  }
});

test('the least TTL of the chain and the addresses counts, for a "no" that of the SOA and its minimum', () => {
  const answers = [alias('a.example', 'b.example', 20), four('b.example', 1, 10)];
  const taken = takeAddresses(response(answers), 'a.example', dnsTypes.a);
  assert.ok(taken.kind === 'addresses' && taken.ttlSeconds === 10);
  const soa = record('example', dnsTypes.soa, Uint8Array.of(0, 0, ...new Uint8Array(19), 7), 30);
  const rows: readonly (readonly [Partial<DnsMessage>, string])[] = [
    [{ authorities: [soa] }, 'no_address 7'],
    [{ authorities: [{ ...soa, ttl: 5 }], rcode: rcodes.nxDomain }, 'name_not_found 5'],
    [{ authorities: [{ ...soa, data: new Uint8Array(3) }] }, 'no_address 1'],
    [{}, 'no_address 1'],
  ];
  for (const [more, expected] of rows) {
    const none = takeAddresses(response([], more), 'a.example', dnsTypes.a);
    assert.equal(`${none.kind} ${'ttlSeconds' in none ? none.ttlSeconds : ''}`, expected);
  }
});

test('any records are walked without throwing, within the bound', () => {
  const name = fc.constantFrom('', 'a', 'b.a', 'c.b.a', 'd.c.b.a');
  const one = fc.oneof(
    fc.tuple(name, fc.constantFrom(dnsTypes.cname, dnsTypes.dname), name).map(([a, type, b]) => named(a, type, b)),
    fc.tuple(name, fc.nat(70), fc.uint8Array({ maxLength: 20 })).map(([a, type, data]) => record(a, type, data)),
  );
  fc.assert(
    fc.property(fc.array(one, { maxLength: 12 }), name, (answers, from) => {
      const walked = walkChain(response(answers), from);
      assert.ok(walked.ok ? walked.value.links.length <= 16 : walked.fault.code === 'chain_malformed');
      assert.ok(takeAddresses(response(answers), from, dnsTypes.aaaa).kind !== undefined);
    }),
    { numRuns: 1000 },
  );
});
