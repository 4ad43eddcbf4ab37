import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  type AskedQuestion,
  address,
  type EdnsOption,
  type ScriptedAnswer,
  startDnsServer,
  type TestDnsServer,
} from '../../../test/support/dns-server.ts';
import { dnsTypes } from '../../wire/index.ts';
import { createUpstreams } from './create-upstreams.ts';
import { takeAddresses } from './take-addresses.ts';
import type { UpstreamOptions, Upstreams } from './upstreams.ts';

interface Fixture {
  readonly dns: TestDnsServer;
  readonly other: TestDnsServer;
  readonly upstreams: Upstreams;
  readonly clock: { ms: number; now(): number };
}

/** Two servers; the upstreams know the first one only, unless told otherwise. */
async function withServers(
  work: (fixture: Fixture) => Promise<void>,
  options: (dns: TestDnsServer, other: TestDnsServer) => Partial<UpstreamOptions> = () => ({}),
): Promise<void> {
  const [dns, other] = [await startDnsServer(), await startDnsServer()];
  const clock = { ms: 1_000_000, now: () => clock.ms };
  const upstreams = createUpstreams({
    clock,
    servers: [dns.server],
    attemptMs: 150,
    totalMs: 1500,
    ...options(dns, other),
  });
  dns.script = ({ name, type }) => ({ answers: type === 'A' ? [address(name, '192.0.2.1')] : [] });
  other.script = ({ name, type }) => ({ answers: type === 'A' ? [address(name, '192.0.2.2')] : [] });
  try {
    await work({ dns, other, upstreams, clock });
  } finally {
    upstreams.close();
    await Promise.all([dns.close(), other.close()]);
  }
}

const both = (dns: TestDnsServer, other: TestDnsServer) => ({ servers: [dns.server, other.server] });

/** `192.0.2.1 by udp`, the kind of another outcome, or the fault. */
async function outcomeOf(upstreams: Upstreams, name: string, signal?: AbortSignal): Promise<string> {
  const answer = await upstreams.ask({ name, type: dnsTypes.a }, signal);
  if (!answer.ok) return `${answer.fault.code}: ${answer.fault.message}`;
  const taken = takeAddresses(answer.value.message, name, dnsTypes.a);
  const what = taken.kind === 'addresses' ? taken.addresses.map((one) => one.text).join(' ') : taken.kind;
  return `${what} by ${answer.value.transport}`;
}

const evil = [address('a.example.com', '203.0.113.66')];

function cookieOf(question: AskedQuestion): Uint8Array {
  return question.options?.find((option) => option.code === 10)?.data ?? new Uint8Array();
}

/** What a server sends that does cookies: the client's part back, and its own. */
function cookies(question: AskedQuestion, own = '00112233445566aa'): readonly EdnsOption[] {
  return [{ code: 10, data: Buffer.concat([cookieOf(question).subarray(0, 8), Buffer.from(own, 'hex')]) }];
}

test('a question of any type comes back as a whole message, with its names as asked', async () => {
  await withServers(async ({ dns, upstreams }) => {
    dns.script = ({ spelling }) => ({
      answers: [{ type: 'TXT', name: spelling, data: 'hello', ttl: 60, class: 'IN' }],
      authorities: [{ type: 'NS', name: spelling.slice(2), data: `ns.${spelling.slice(2)}`, ttl: 60, class: 'IN' }],
    });
    const answer = await upstreams.ask({ name: 'a.example.com', type: dnsTypes.txt });
    assert.ok(answer.ok);
    const { message, server, transport, tookMs } = answer.value;
    assert.deepEqual([server, transport, tookMs >= 0], [dns.server, 'udp', true]);
    assert.equal(message.question?.name, 'a.example.com');
    assert.equal(message.answers[0]?.name, 'a.example.com');
    assert.deepEqual(message.answers[0]?.data, Uint8Array.of(5, ...Buffer.from('hello')));
    assert.equal(message.authorities[0]?.name, 'example.com');
    assert.equal(Buffer.from(message.authorities[0]?.data ?? []).toString('latin1'), '\x02ns\x07example\x03com\x00');
    assert.equal(dns.asked[0]?.payloadBytes, 1232);
    assert.deepEqual(
      dns.asked[0]?.options?.map((option) => option.code),
      [10],
      'a cookie and nothing else',
    );
  });
});

test('forged responses with a wrong id, case, cookie or question are dropped and counted, and the true one is taken', async () => {
  await withServers(async ({ dns, upstreams }) => {
    dns.script = (question) => ({
      before: [
        { id: 1, answers: evil },
        { name: question.name.toUpperCase(), answers: evil },
        { name: 'b.example.com', answers: evil },
        { type: 'AAAA', answers: evil },
        { isQuery: true, answers: evil },
        { options: [{ code: 10, data: Buffer.alloc(16, 7) }], answers: evil },
        { options: [{ code: 10, data: Buffer.alloc(3) }], answers: evil },
        { raw: Buffer.from('garbage') },
      ],
      answers: [address('a.example.com', '192.0.2.1')],
      options: cookies(question),
    });
    assert.equal(await outcomeOf(upstreams, 'a.example.com'), '192.0.2.1 by udp');
    assert.equal(upstreams.counts().dropped, 8);
  });
});

test('a server that sent a cookie gets it back, and is not believed without one any more', async () => {
  await withServers(async ({ dns, upstreams }) => {
    dns.script = (question) => ({ answers: [address(question.name, '192.0.2.1')], options: cookies(question) });
    assert.equal(await outcomeOf(upstreams, 'one.example.com'), '192.0.2.1 by udp');
    dns.script = (question) => ({
      before: [{ answers: [address('two.example.com', '203.0.113.66')] }],
      answers: [address(question.name, '192.0.2.1')],
      options: cookies(question),
    });
    assert.equal(await outcomeOf(upstreams, 'two.example.com'), '192.0.2.1 by udp');
    assert.equal(upstreams.counts().dropped, 1);
    const [first, second] = dns.asked.map(cookieOf);
    assert.equal(first?.length, 8);
    assert.deepEqual(second?.subarray(0, 8), first);
    assert.equal(Buffer.from(second?.subarray(8) ?? []).toString('hex'), '00112233445566aa');
  });
});

test('a server that does cookies no more is reached by TCP, and by UDP from then on', async () => {
  await withServers(async ({ dns, upstreams }) => {
    dns.script = (question) => ({ answers: [address(question.name, '192.0.2.1')], options: cookies(question) });
    await outcomeOf(upstreams, 'one.example.com');
    dns.script = ({ name }) => ({ answers: [address(name, '192.0.2.1')] });
    assert.equal(await outcomeOf(upstreams, 'two.example.com'), '192.0.2.1 by tcp');
    assert.equal(await outcomeOf(upstreams, 'three.example.com'), '192.0.2.1 by udp');
  });
});

test('BADCOOKIE is answered once with the new cookie, and a second one with TCP', async () => {
  await withServers(async ({ dns, upstreams }) => {
    dns.script = (question) =>
      cookieOf(question).length === 8 || (question.name === 'never.example.com' && question.via === 'udp')
        ? { rcode: 'BADCOOKIE', options: cookies(question) }
        : { answers: [address(question.name, '192.0.2.1')], options: cookies(question) };
    assert.equal(await outcomeOf(upstreams, 'a.example.com'), '192.0.2.1 by udp');
    assert.deepEqual(
      dns.asked.map((one) => cookieOf(one).length),
      [8, 16],
    );
    assert.equal(await outcomeOf(upstreams, 'never.example.com'), '192.0.2.1 by tcp');
    assert.equal(dns.asked.filter((one) => one.name === 'never.example.com').length, 3);
  });
});

test('a server from before EDNS is asked again without it, once', async () => {
  for (const bare of [true, false]) {
    await withServers(async ({ dns, upstreams }) => {
      dns.script = ({ options, name }) =>
        options === null ? { answers: [address(name, '192.0.2.1')] } : { rcode: 'FORMERR', bare };
      assert.equal(await outcomeOf(upstreams, 'a.example.com'), '192.0.2.1 by udp');
      assert.equal(dns.asked.length, 2);
      dns.script = () => ({ rcode: 'FORMERR' });
      assert.match(await outcomeOf(upstreams, 'b.example.com'), /^upstream_failed: the server answered FORMERR$/);
      assert.equal(dns.asked.filter((one) => one.name === 'b.example.com').length, 4, 'two by UDP, two by TCP');
    });
  }
});

test('a truncated answer is asked for by TCP, and one truncated there is none', async () => {
  await withServers(async ({ dns, upstreams }) => {
    dns.script = ({ via, name }) => (via === 'udp' ? { truncated: true } : { answers: [address(name, '192.0.2.1')] });
    assert.equal(await outcomeOf(upstreams, 'a.example.com'), '192.0.2.1 by tcp');
    dns.script = () => ({ truncated: true });
    assert.match(await outcomeOf(upstreams, 'b.example.com'), /truncated an answer over a connection/);
  });
});

test('a flood of forgeries makes UDP give way to TCP', async () => {
  await withServers(async ({ dns, upstreams }) => {
    const before = Array.from({ length: 220 }, (_, i) => ({ id: i + 1, answers: evil }));
    dns.script = ({ via, name }) =>
      via === 'udp' ? { before, silent: true } : { answers: [address(name, '192.0.2.1')] };
    assert.equal(await outcomeOf(upstreams, 'a.example.com'), '192.0.2.1 by tcp');
    assert.ok(upstreams.counts().dropped > 100);
  });
});

test('a slow server is backed by another one, the first good answer wins, and the slow one goes last afterwards', async () => {
  await withServers(
    async ({ dns, other, upstreams, clock }) => {
      dns.script = ({ name }) => ({ answers: [address(name, '192.0.2.1')], delayMs: 2000 });
      const began = performance.now();
      assert.equal(await outcomeOf(upstreams, 'a.example.com'), '192.0.2.2 by udp');
      assert.ok(performance.now() - began < 1000);
      assert.equal(upstreams.counts().hedged, 1);
      assert.equal(await outcomeOf(upstreams, 'b.example.com'), '192.0.2.2 by udp');
      assert.equal(dns.asked.length, 1);
      assert.deepEqual(
        upstreams.health().map(({ server, isGood, asked, answered, failed, outrun }) => ({
          server: server === dns.server ? 'slow' : 'quick',
          figures: [isGood, asked, answered, failed, outrun],
        })),
        [
          { server: 'slow', figures: [false, 1, 0, 0, 1] },
          { server: 'quick', figures: [true, 2, 2, 0, 0] },
        ],
      );
      clock.ms += 10_001;
      dns.script = ({ name }) => ({ answers: [address(name, '192.0.2.1')] });
      assert.equal(await outcomeOf(upstreams, 'c.example.com'), '192.0.2.1 by udp', 'it gets another chance');
      assert.equal(other.asked.length, 2);
    },
    (dns, other) => ({ ...both(dns, other), attemptMs: 3000, totalMs: 4000, hedgeMs: 60 }),
  );
});

test('the slow server may still win: nothing is cut before an answer is there', async () => {
  await withServers(
    async ({ dns, other, upstreams }) => {
      dns.script = ({ name }) => ({ answers: [address(name, '192.0.2.1')], delayMs: 150 });
      other.script = () => ({ rcode: 'SERVFAIL' });
      assert.equal(await outcomeOf(upstreams, 'a.example.com'), '192.0.2.1 by udp');
      const [slow, bad] = upstreams.health();
      assert.deepEqual([slow?.answered, slow?.outrun, bad?.failed], [1, 0, 1]);
      assert.ok((slow?.meanMs ?? 0) >= 100);
    },
    (dns, other) => ({ ...both(dns, other), attemptMs: 1000, hedgeMs: 40 }),
  );
});

test('the next server is asked when one is dead, fails, refuses or does not know how', async () => {
  const scripts: readonly ScriptedAnswer[] = [
    { silent: true },
    { rcode: 'SERVFAIL' },
    { rcode: 'REFUSED' },
    { rcode: 'NOTIMP' },
  ];
  for (const script of scripts) {
    await withServers(async ({ dns, other, upstreams }) => {
      dns.script = () => script;
      assert.equal(await outcomeOf(upstreams, 'a.example.com'), '192.0.2.2 by udp');
      assert.equal(dns.asked.length, 1);
      assert.equal(upstreams.health()[0]?.timeouts, script.silent === true ? 1 : 0);
      other.script = () => script;
      assert.match(await outcomeOf(upstreams, 'b.example.com'), /^upstream_failed: the server /);
    }, both);
  }
});

test('a name below a forwarded zone goes to its servers only, whatever they do; the longest zone wins', async () => {
  const split = (dns: TestDnsServer, other: TestDnsServer) => ({
    servers: [dns.server],
    forward: new Map([
      ['Corp.example.', [other.server]],
      ['public.corp.example', [dns.server]],
      ['nowhere.example', []],
    ]),
  });
  await withServers(async ({ dns, other, upstreams }) => {
    assert.equal(await outcomeOf(upstreams, 'db.corp.example'), '192.0.2.2 by udp');
    assert.equal(await outcomeOf(upstreams, 'DB2.CORP.EXAMPLE'), '192.0.2.2 by udp');
    assert.equal(await outcomeOf(upstreams, 'corp.example'), '192.0.2.2 by udp');
    assert.equal(await outcomeOf(upstreams, 'www.public.corp.example'), '192.0.2.1 by udp');
    assert.equal(await outcomeOf(upstreams, 'notcorp.example'), '192.0.2.1 by udp');
    assert.match(await outcomeOf(upstreams, 'x.nowhere.example'), /there is no DNS server to ask/);
    for (const script of [{ silent: true }, { rcode: 'SERVFAIL' }, { rcode: 'REFUSED' }] satisfies ScriptedAnswer[]) {
      other.script = () => script;
      assert.match(await outcomeOf(upstreams, 'secret.corp.example'), /^upstream_failed/);
    }
    const leaked = dns.asked.filter((one) => /(^|\.)(nowhere\.example|(?<!not)corp\.example)$/.test(one.name));
    assert.deepEqual(
      leaked.map((one) => one.name),
      ['www.public.corp.example'],
    );
  }, split);
});

test('equal questions in flight are asked once, and a caller may leave without taking the answer from the others', async () => {
  await withServers(async ({ dns, upstreams }) => {
    dns.script = ({ name }) => ({ answers: [address(name, '192.0.2.1')], delayMs: 60 });
    const leaving = new AbortController();
    const asking = ['a.example.com', 'A.example.com', 'a.example.com.'].map((name, at) =>
      outcomeOf(upstreams, name, at === 0 ? leaving.signal : undefined),
    );
    setTimeout(() => leaving.abort(), 10);
    const [gone, ...others] = await Promise.all(asking);
    assert.match(gone ?? '', /^question_given_up/);
    assert.ok(
      others.every((one) => one.endsWith('by udp')),
      others.join(),
    );
    assert.equal(dns.asked.length, 1);
    assert.equal(upstreams.counts().shared, 2);
  });
});

test('a question nobody waits for any more is given up, and asked anew by whoever comes next', async () => {
  await withServers(async ({ dns, upstreams }) => {
    dns.script = () => ({ silent: true });
    const leaving = new AbortController();
    const asking = outcomeOf(upstreams, 'a.example.com', leaving.signal);
    setTimeout(() => leaving.abort(), 10);
    assert.match(await asking, /^question_given_up/);
    assert.equal(upstreams.counts().inFlight, 0);
    dns.script = ({ name }) => ({ answers: [address(name, '192.0.2.1')] });
    assert.equal(await outcomeOf(upstreams, 'a.example.com'), '192.0.2.1 by udp');
    assert.match(await outcomeOf(upstreams, 'a.example.com', leaving.signal), /^question_given_up/);
  });
});

test('questions in flight are bounded in all and below one registrable domain', async () => {
  await withServers(
    async ({ dns, upstreams }) => {
      dns.script = ({ name }) => ({ answers: [address(name, '192.0.2.1')], delayMs: 30 });
      const names = ['a.one.example', 'b.one.example', 'c.one.example', 'a.two.example', 'a.three.example'];
      const outcomes = await Promise.all(names.map((name) => outcomeOf(upstreams, name)));
      assert.deepEqual(
        outcomes.map((one) => one.split(/[: ]/)[0]),
        ['192.0.2.1', '192.0.2.1', 'upstream_busy', '192.0.2.1', 'upstream_busy'],
      );
      assert.deepEqual([upstreams.counts().refused, upstreams.counts().inFlight], [2, 0]);
      assert.equal(await outcomeOf(upstreams, 'd.one.example'), '192.0.2.1 by udp');
    },
    () => ({ maxInFlight: 3, maxInFlightPerDomain: 2 }),
  );
});

test('what DNS cannot hold is a fault, and nothing is asked', async () => {
  await withServers(async ({ dns, upstreams }) => {
    const wrong = ['a..b', `${'x'.repeat(64)}.example`, 'ä\u{1f600}.example', `${'a.'.repeat(130)}example`, 'a\\'];
    for (const name of wrong) assert.match(await outcomeOf(upstreams, name), /^question_malformed/, name);
    for (const type of [0, -1, 65_536, 1.5, Number.NaN]) {
      const answer = await upstreams.ask({ name: 'a.example.com', type });
      assert.equal(!answer.ok && answer.fault.code, 'question_malformed');
    }
    assert.equal(dns.asked.length, 0);
  });
});

test('closing ends what is being asked at once, and everything after it', async () => {
  await withServers(
    async ({ dns, upstreams }) => {
      dns.script = () => ({ silent: true });
      const began = performance.now();
      const asking = Array.from({ length: 20 }, (_, i) => outcomeOf(upstreams, `n${i}.example.com`));
      setTimeout(() => upstreams.close(), 20);
      assert.ok((await Promise.all(asking)).every((one) => one.startsWith('upstream_closed')));
      assert.match(await outcomeOf(upstreams, 'later.example.com'), /^upstream_closed/);
      assert.ok(performance.now() - began < 1000);
      assert.equal(upstreams.counts().inFlight, 0);
      assert.ok(
        process.getActiveResourcesInfo().filter((one) => one === 'UDPWRAP').length <= 2,
        'only the servers are left',
      );
    },
    () => ({ attemptMs: 5000, totalMs: 9000, maxInFlightPerDomain: 50 }),
  );
});

test('a server that is none is a mistake of the caller', () => {
  const clock = { now: () => 0 };
  assert.throws(() => createUpstreams({ clock, servers: ['dns.example'] }), TypeError);
  assert.throws(() => createUpstreams({ clock, forward: new Map([['corp.example', ['x']]]) }), TypeError);
});
