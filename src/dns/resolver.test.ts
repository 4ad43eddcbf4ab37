import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { Answer } from 'dns-packet';
import {
  address,
  alias,
  type ScriptedAnswer,
  soa,
  startDnsServer,
  type TestDnsServer,
} from '../../test/support/dns-server.ts';
import { checkResolver } from '../../test/support/resolver-suite.ts';
import { temporaryFolder } from '../../test/support/temporary-folder.ts';
import { parseIpAddress } from '../destination/index.ts';
import { createResolver, createUpstreams, type DnsResolver, type ResolverOptions } from './index.ts';

interface Fixture {
  readonly dns: TestDnsServer;
  readonly resolver: DnsResolver;
  readonly clock: { ms: number; now(): number };
}

async function withDns(
  records: readonly Answer[],
  work: (fixture: Fixture) => Promise<void>,
  extra: Partial<ResolverOptions> = {},
) {
  const dns = await startDnsServer(records);
  const clock = { ms: 1_000_000, now: () => clock.ms };
  const resolver = createResolver({ servers: [dns.server], clock, attemptMs: 150, totalMs: 1000, ...extra });
  try {
    await work({ dns, resolver, clock });
  } finally {
    resolver.close();
    await dns.close();
  }
}

/** Addresses in order of text, or the code of the fault. */
async function outcomeOf(resolver: DnsResolver, name: string): Promise<readonly string[] | string> {
  const answer = await resolver.resolve(name);
  return answer.ok ? answer.value.addresses.map((one) => one.text).sort() : answer.fault.code;
}

const two = [address('two.example.com', '192.0.2.1'), address('two.example.com', '2001:db8::1')];

checkResolver('dns', async () => {
  const dns = await startDnsServer(two);
  const resolver = createResolver({ servers: [dns.server], clock: { now: () => 0 }, attemptMs: 200, totalMs: 500 });
  return {
    resolver,
    close: async () => {
      resolver.close();
      await dns.close();
    },
  };
});

test('a name is asked once, however many want it', async () => {
  await withDns(two, async ({ dns, resolver }) => {
    const all = await Promise.all(Array.from({ length: 50 }, () => resolver.resolve('two.example.com')));
    assert.ok(all.every((one) => one.ok));
    assert.deepEqual(dns.asked.map((one) => one.type).sort(), ['A', 'AAAA']);
    assert.equal(resolver.counts().asked, 1);
  });
});

test('an answer is kept for its TTL and no longer, and what is left of it is told', async () => {
  await withDns([address('a.example.com', '192.0.2.1', 10)], async ({ dns, resolver, clock }) => {
    await resolver.resolve('a.example.com');
    clock.ms += 9000;
    const kept = await resolver.resolve('a.example.com');
    assert.ok(kept.ok && kept.value.ttlSeconds === 1);
    assert.equal(dns.asked.length, 2);
    const one = parseIpAddress('192.0.2.1');
    assert.ok(one.ok && resolver.holds('a.example.com', one.value));
    clock.ms += 1000;
    assert.equal(resolver.holds('a.example.com', one.value), false);
    dns.script = () => ({ answers: [] });
    assert.equal(await outcomeOf(resolver, 'a.example.com'), 'no_address');
  });
});

test('the least TTL along the chain counts, and a TTL is clamped between a second and an hour', async () => {
  const records = [alias('w.example.com', 'x.example.net', 7), address('x.example.net', '192.0.2.1', 90)];
  await withDns([], async ({ dns, resolver }) => {
    dns.script = ({ type }) => ({ answers: type === 'A' ? records : records.slice(0, 1) });
    const answer = await resolver.resolve('w.example.com');
    assert.ok(answer.ok && answer.value.ttlSeconds === 7);
    dns.script = ({ type }) => ({
      answers: type === 'A' ? [address('long.example.com', '192.0.2.1', 0x7fff_ffff)] : [],
    });
    const long = await resolver.resolve('long.example.com');
    assert.ok(long.ok && long.value.ttlSeconds === 3600);
    dns.script = ({ type }) => ({ answers: type === 'A' ? [address('nil.example.com', '192.0.2.1', 0)] : [] });
    const nil = await resolver.resolve('nil.example.com');
    assert.ok(nil.ok && nil.value.ttlSeconds === 1);
  });
});

test('a "no" is kept for as long as the SOA says, at most a minute', async () => {
  await withDns([], async ({ dns, resolver, clock }) => {
    dns.script = () => ({ rcode: 'NXDOMAIN', authorities: [soa('example.com', 900)] });
    assert.equal(await outcomeOf(resolver, 'no.example.com'), 'name_not_found');
    clock.ms += 59_000;
    assert.equal(await outcomeOf(resolver, 'no.example.com'), 'name_not_found');
    assert.equal(dns.asked.length, 2);
    clock.ms += 1000;
    await resolver.resolve('no.example.com');
    assert.equal(dns.asked.length, 4);
  });
});

test('forged responses are dropped and the true one is taken', async () => {
  const evil = [address('a.example.com', '203.0.113.66')];
  await withDns([], async ({ dns, resolver }) => {
    dns.script = ({ type, name }): ScriptedAnswer => ({
      before: [
        { id: 1, answers: evil },
        { name, answers: evil },
        { name: 'other.example.com', answers: evil },
        { type: type === 'A' ? 'AAAA' : 'A', answers: evil },
        { isQuery: true, answers: evil },
        { questions: 2, answers: evil },
        { raw: Buffer.from('garbage') },
        { raw: Buffer.alloc(0) },
        { raw: Buffer.alloc(12, 0xff) },
      ],
      answers: type === 'A' ? [address(name, '192.0.2.1')] : [],
    });
    assert.deepEqual(await outcomeOf(resolver, 'a.example.com'), ['192.0.2.1']);
    assert.ok(resolver.counts().dropped >= 9);
  });
});

test('records about other names in a response are not believed', async () => {
  await withDns([], async ({ dns, resolver }) => {
    dns.script = () => ({
      answers: [address('bank.example.com', '203.0.113.66'), alias('z.example.com', 'a.example.com')],
    });
    assert.equal(await outcomeOf(resolver, 'a.example.com'), 'no_address');
    assert.equal(resolver.counts().cachedNames, 1);
  });
});

test('a chain of aliases is walked to 16, a longer one, a loop and a fork are faults', async () => {
  const chain = (length: number): readonly Answer[] =>
    Array.from({ length }, (_, i) => alias(i === 0 ? 'c.example.com' : `c${i}.example.com`, `c${i + 1}.example.com`));
  const cases: readonly (readonly [readonly Answer[], readonly string[] | string])[] = [
    [[...chain(16), address('C16.example.com', '192.0.2.1')], ['192.0.2.1']],
    [[...chain(17), address('c17.example.com', '192.0.2.1')], 'resolver_failed'],
    [[alias('c.example.com', 'd.example.com'), alias('d.example.com', 'c.example.com')], 'resolver_failed'],
    [[alias('c.example.com', 'c.example.com')], 'resolver_failed'],
    [[alias('c.example.com', 'd.example.com'), alias('c.example.com', 'e.example.com')], 'resolver_failed'],
    [[alias('c.example.com', 'd.example.com')], 'no_address'],
  ];
  for (const [answers, expected] of cases) {
    await withDns([], async ({ dns, resolver }) => {
      dns.script = ({ type }) => ({ answers: answers.filter((one) => one.type === type || one.type === 'CNAME') });
      assert.deepEqual(await outcomeOf(resolver, 'c.example.com'), expected);
    });
  }
});

test('a truncated answer is asked for again by TCP', async () => {
  const many = Array.from({ length: 60 }, (_, i) => address('many.example.com', `192.0.2.${i + 1}`));
  await withDns([], async ({ dns, resolver }) => {
    dns.script = ({ via, type }) => (via === 'udp' ? { truncated: true } : { answers: type === 'A' ? many : [] });
    assert.equal((await outcomeOf(resolver, 'many.example.com')).length, 60);
    assert.equal(dns.asked.filter((one) => one.via === 'tcp').length, 2);
  });
});

test('a server that knows nothing of random case is reached by TCP, where nobody can forge blindly', async () => {
  await withDns([], async ({ dns, resolver }) => {
    dns.script = ({ via, type, spelling }) =>
      via === 'udp'
        ? { lowerCase: true, answers: [] }
        : { lowerCase: true, answers: type === 'A' ? [address(spelling, '192.0.2.1')] : [] };
    assert.deepEqual(await outcomeOf(resolver, 'plain.example.com'), ['192.0.2.1']);
  });
});

test('the next server is asked when one is dead, refuses or fails, and a dead one goes last afterwards', async () => {
  const bad = await startDnsServer();
  for (const script of [{ silent: true }, { rcode: 'SERVFAIL' }, { rcode: 'REFUSED' }] satisfies ScriptedAnswer[]) {
    bad.script = () => script;
    await withDns(two, async ({ dns }) => {
      const resolver = createResolver({
        servers: [bad.server, dns.server],
        clock: { now: () => 5 },
        attemptMs: 100,
        totalMs: 1000,
      });
      assert.deepEqual(await outcomeOf(resolver, 'two.example.com'), ['192.0.2.1', '2001:db8::1']);
      const before = bad.asked.length;
      assert.equal(await outcomeOf(resolver, 'other.example.com'), 'name_not_found');
      assert.equal(bad.asked.length, before);
    });
  }
  await bad.close();
});

test('no answer at all is a fault within the total time, and a closed port is one at once', async () => {
  await withDns([], async ({ dns, resolver }) => {
    dns.script = () => ({ silent: true });
    const began = performance.now();
    assert.equal(await outcomeOf(resolver, 'slow.example.com'), 'resolver_failed');
    assert.ok(performance.now() - began < 1500);
  });
  const dns = await startDnsServer();
  await dns.close();
  const resolver = createResolver({ servers: [dns.server], clock: { now: () => 0 } });
  const answer = await resolver.resolve('a.example.com');
  assert.ok(!answer.ok && /ECONNREFUSED/.test(answer.fault.message));
});

test('one family that never comes does not hold back the other for long', async () => {
  await withDns([], async ({ dns, resolver }) => {
    dns.script = ({ type, name }) => (type === 'A' ? { answers: [address(name, '192.0.2.1', 300)] } : { silent: true });
    const began = performance.now();
    const answer = await resolver.resolve('half.example.com');
    assert.ok(answer.ok && answer.value.ttlSeconds === 5, 'kept for a short time only');
    assert.ok(performance.now() - began < 900);
  });
});

test('hosts come before any server, localhost is never asked for, and names that DNS cannot hold are refused', async () => {
  const hosts = { 'bank-gateway.example.com': ['127.0.0.1', '::1'], localhost: ['127.0.0.1'] };
  await withDns(
    [],
    async ({ dns, resolver }) => {
      assert.deepEqual(await outcomeOf(resolver, 'bank-gateway.example.com'), ['127.0.0.1', '::1']);
      assert.deepEqual(await outcomeOf(resolver, 'localhost'), ['127.0.0.1']);
      assert.equal(await outcomeOf(resolver, 'x.localhost'), 'name_not_found');
      assert.equal(await outcomeOf(resolver, '__proto__'), 'name_not_found');
      assert.equal(await outcomeOf(resolver, 'a..b'), 'name_malformed');
      assert.equal(dns.asked.filter((one) => one.name !== '__proto__').length, 0);
    },
    { hosts },
  );
  assert.throws(() => createResolver({ clock: { now: () => 0 }, hosts: { a: ['x'] } }), TypeError);
  assert.throws(() => createResolver({ clock: { now: () => 0 }, servers: ['dns.example'] }), TypeError);
});

test('names in flight, answers kept and life are bounded', async () => {
  await withDns(
    [],
    async ({ dns, resolver, clock }) => {
      dns.script = ({ name, type }) => ({ answers: type === 'A' ? [address(name, '192.0.2.1')] : [], delayMs: 20 });
      const names = Array.from({ length: 8 }, (_, i) => `n${i}.example.com`);
      const outcomes = await Promise.all(names.map((name) => outcomeOf(resolver, name)));
      assert.equal(outcomes.filter((one) => one === 'resolver_failed').length, 4);
      assert.equal(resolver.counts().inFlight, 0);
      assert.equal(resolver.counts().cachedNames, 3);
      clock.ms -= 5000;
      const one = parseIpAddress('192.0.2.1');
      assert.ok(one.ok && !resolver.holds('n3.example.com', one.value), 'a clock set back ends what was kept');
      resolver.close();
      assert.equal(await outcomeOf(resolver, 'n3.example.com'), 'resolver_failed');
    },
    { maxInFlight: 4, maxCachedNames: 3 },
  );
});

test('slow names: one domain whose servers never answer leaves room for the names of others', async () => {
  await withDns(
    [],
    async ({ dns, resolver }) => {
      dns.script = ({ name, type }) =>
        name.endsWith('.slow.example')
          ? { silent: true }
          : { answers: type === 'A' ? [address(name, '192.0.2.1')] : [] };
      const slow = Array.from({ length: 8 }, (_, i) => outcomeOf(resolver, `n${i}.slow.example`));
      assert.deepEqual(await outcomeOf(resolver, 'quick.example'), ['192.0.2.1']);
      assert.equal(resolver.counts().inFlight, 2);
      resolver.close();
      assert.ok((await Promise.all(slow)).every((one) => one === 'resolver_failed'));
    },
    { maxInFlight: 4, maxInFlightPerDomain: 2 },
  );
});

test('upstreams that others ask through as well are used as they are, and stay open', async () => {
  await withDns(two, async ({ dns, clock }) => {
    const upstreams = createUpstreams({ clock, forward: new Map([['example.com', [dns.server]]]), servers: [] });
    const shared = createResolver({ clock, source: upstreams });
    assert.deepEqual(await outcomeOf(shared, 'two.example.com'), ['192.0.2.1', '2001:db8::1']);
    assert.equal(await outcomeOf(shared, 'two.example.org'), 'resolver_failed');
    shared.close();
    assert.ok((await upstreams.ask({ name: 'two.example.com', type: 1 })).ok);
    upstreams.close();
  });
});

test('closing ends what is being asked for at once and leaves no socket behind', async () => {
  await withDns(
    [],
    async ({ dns, resolver }) => {
      dns.script = () => ({ silent: true });
      const began = performance.now();
      const asking = Array.from({ length: 20 }, (_, i) => outcomeOf(resolver, `n${i}.example.com`));
      setTimeout(() => resolver.close(), 20);
      assert.ok((await Promise.all(asking)).every((one) => one === 'resolver_failed'));
      assert.ok(performance.now() - began < 1000);
      assert.deepEqual(
        process.getActiveResourcesInfo().filter((one) => one === 'UDPWRAP').length <= 1,
        true,
        'only the server is left',
      );
    },
    { attemptMs: 5000, totalMs: 9000 },
  );
});

test("the system's servers are read from its file, and read again when it changed", async () => {
  const systemFile = join(temporaryFolder('resolv'), 'resolv.conf');
  const clock = { ms: 0, now: () => clock.ms };
  const resolver = createResolver({ clock, systemFile, attemptMs: 50, totalMs: 100 });
  const none = await resolver.resolve('a.example.com');
  assert.ok(!none.ok && none.fault.message.includes('no DNS server'));
  writeFileSync(systemFile, '# comment\nsearch example.com\nnameserver 127.0.0.250\nnameserver not-an-address\n');
  clock.ms += 31_000;
  const some = await resolver.resolve('a.example.com');
  assert.ok(!some.ok && !some.fault.message.includes('no DNS server'));
});
