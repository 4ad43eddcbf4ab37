import assert from 'node:assert/strict';
import { type ExecFileException, execFile } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { after, before, describe, test } from 'node:test';
import { decode, type Packet } from 'dns-packet';
import type { DecisionRecord, VerdictRecord } from '../../src/policy/index.ts';
import { addressesIn, askOverTls, questionFor, rcodeOf } from '../support/dns-over-tls.ts';
import { type ExceptionHouse, startExceptionHouse } from '../support/exception-house.ts';
import { type LoopbackServer, serveOnLoopback } from '../support/loopback-server.ts';
import { skipUnless } from '../support/requires.ts';
import { type StubAuthority, startStubAuthority } from '../support/stub-authority.ts';

// The DNS filter of the whole product, asked by the programs that people have, in front of a server that lies where it can.

const policy = `apiVersion: exeat/v1
service: machine
owner: team-machine
kind: app
mode: enforce
identities: [ "source:127.0.0.0/8" ]
allow:
  - { to: "bank.example:443", reason: card settlement }
  - { to: "*.open.example:443", reason: what the tests ask for }
  - { to: "web.example:80-65535", reason: a page }
  - { to: "http://inner.corp.example:80-65535", reason: a page of ours }
  - { to: "http://web.open.example:80-65535", reason: a page that both ways find }
  - { to: "words.example:443", queries: [ TXT ], reason: it is read by its text }
deny:
  - { to: "never.open.example:*", reason: not this one }
`;
const zone = `$TTL 60
@ SOA ns.corp.example. root.corp.example. 1 3600 600 86400 60
@ NS ns.corp.example.
inner A 127.0.0.1
`;
const table = {
  'bank.example': { does: 'addresses', addresses: ['203.0.113.7', '2001:db8::7'] },
  'granted.example': { does: 'addresses', addresses: ['203.0.113.8'], ttlSeconds: 3600 },
  'chain.open.example': { does: 'chain', links: 3, addresses: ['203.0.113.9'] },
  'astray.open.example': { does: 'alias', target: 'never.open.example' },
  'rebind.open.example': { does: 'rebind', to: 'metadata' },
  'inner.open.example': { does: 'rebind', to: 'private' },
  'long.open.example': { does: 'many', count: 120 },
  'loop.open.example': { does: 'loop', links: 4 },
  'bomb.open.example': { does: 'bomb', shape: 'ladder' },
  'quiet.open.example': { does: 'silence' },
  'failing.open.example': { does: 'rcode', rcode: 'SERVFAIL' },
  'none.open.example': { does: 'rcode', rcode: 'NXDOMAIN' },
  'web.open.example': { does: 'addresses', addresses: ['127.0.0.1'] },
  'web.example': { does: 'addresses', addresses: ['127.0.0.1'] },
  'words.example TXT': { does: 'big', bytes: 200 },
  'words.example': { does: 'addresses', addresses: ['203.0.113.10'] },
} as const;

let authority: StubAuthority;
let web: LoopbackServer;
let house: ExceptionHouse;
let ports: { readonly dns: number; readonly dot: number; readonly doh: number };

before(async () => {
  authority = await startStubAuthority(table);
  web = await serveOnLoopback(createServer((_request, response) => response.end('hello from the web\n')));
  house = await startExceptionHouse({
    policy: { 'machine.yaml': policy },
    files: { 'corp.zone': zone },
    proxyTls: { names: ['dns.example'], addresses: ['127.0.0.1'] },
    config: {
      listen: {
        ...{ proxy: '127.0.0.1:0', console: '127.0.0.1:0' },
        ...{ dns: '127.0.0.1:0', dot: '127.0.0.1:0', doh: '127.0.0.1:0' },
      },
      resolver: { servers: [authority.server] },
      localOrigins: [`127.0.0.1:${web.port}`],
      dns: { denialTtl: '5s', sample: 1, zones: { 'corp.example': './corp.zone' } },
    },
  });
  const { dns, dot, doh } = house.story.product.report;
  ports = { dns: portOf(dns), dot: portOf(dot), doh: portOf(doh) };
});
after(async () => {
  await house?.stop();
  await web?.close();
  await authority?.close();
});

describe('dig', { skip: skipUnless('dig') }, () => {
  for (const transport of ['+notcp', '+tcp']) {
    test(`an allowed name has its addresses, ${transport}`, async () => {
      const a = await dig(transport, 'bank.example', 'A');
      assert.deepEqual([a.status, a.answers], ['NOERROR', ['203.0.113.7']]);
      assert.deepEqual((await dig(transport, 'bank.example', 'AAAA')).answers, ['2001:db8::7']);
    });

    test(`a denied name is never asked for, and the reply names the decision, ${transport}`, async () => {
      const name = transport === '+tcp' ? 'denied-tcp.example' : 'denied-udp.example';
      const denied = await dig(transport, name, 'A');
      assert.deepEqual([denied.status, denied.answers], ['NXDOMAIN', []]);
      const [, code, text = ''] = /EDE: (\d+) \(\w+\): \((.*)\)/.exec(denied.text) ?? [];
      assert.equal(code, '15');
      const id = /[0-9A-HJKMNP-TV-Z]{26}/.exec(text)?.[0] ?? assert.fail(denied.text);
      const record = (await house.story.product.waitForRecord((one) => one.id === id)) as VerdictRecord;
      assert.deepEqual(
        [record.verdict, record.reason, record.principal?.service, record.destination?.host, record.query],
        ['deny', 'no_rule_matched', 'machine', name, 'A'],
      );
      assert.deepEqual(authority.asked(name), []);
    });
  }

  test('a deny rule holds on every alias of an answer', async () => {
    const astray = await dig('astray.open.example', 'A');
    assert.deepEqual([astray.status, astray.answers], ['NXDOMAIN', []]);
    assert.deepEqual(authority.asked('never.open.example'), []);
  });

  test('aliases that nothing denies are followed and told', async () => {
    const { answers } = await dig('chain.open.example', 'A');
    assert.equal(answers.at(-1), '203.0.113.9');
    assert.equal(answers.length, 4);
  });

  test('addresses that no public name should have are taken out and recorded', async () => {
    for (const name of ['rebind.open.example', 'inner.open.example']) {
      for (const type of ['A', 'AAAA']) {
        const { status, answers } = await dig(name, type);
        assert.deepEqual([status, answers], ['NOERROR', []], `${name} ${type}`);
      }
      const isMine = (one: DecisionRecord): boolean =>
        one.kind === 'verdict' && one.destination?.host === name && one.stage === 'address';
      const record = (await house.story.product.waitForRecord(isMine)) as VerdictRecord;
      assert.deepEqual([record.verdict, record.principal?.service], ['deny', 'machine']);
    }
  });

  test('a type beside the usual ones needs a rule', async () => {
    assert.match((await dig('words.example', 'TXT')).answers.join(''), /^"/);
    const without = await dig('bank.example', 'TXT');
    assert.deepEqual([without.status, without.answers], ['NOERROR', []]);
    assert.ok(!authority.asked('bank.example').some(({ type }) => type === 'TXT'));
  });

  test('a long answer is cut over UDP and whole over TCP', async () => {
    // Documentation addresses of version 4 may be those of this machine, which no answer may have.
    const cut = await dig('+ignore', 'long.open.example', 'AAAA');
    assert.match(cut.text, /flags:[^;]*\btc\b/);
    assert.ok(cut.answers.length < 120);
    assert.equal((await dig('long.open.example', 'AAAA')).answers.length, 120);
  });

  test('loops, bombs, silence and failing servers end in SERVFAIL that says why', async () => {
    for (const name of ['loop', 'bomb', 'quiet', 'failing']) {
      const { status, text } = await dig('+time=15', `${name}.open.example`, 'A');
      assert.equal(status, 'SERVFAIL', name);
      assert.match(text, /EDE: (2[0-9]|\d)\b/, name);
    }
  });

  test('a name that does not exist is told so, with the SOA, and without a denial', async () => {
    const { status, text } = await dig('none.open.example', 'A');
    assert.equal(status, 'NXDOMAIN');
    assert.match(text, /\sSOA\s/);
    assert.doesNotMatch(text, /EDE:/);
  });

  test('ANY, transfers, chaos and updates are refused and asked of nobody', async () => {
    const before = authority.asked().length;
    assert.equal((await dig('bank.example', 'ANY')).status, 'REFUSED');
    assert.match((await dig('+tcp', 'open.example', 'AXFR')).text, /Transfer failed/);
    assert.notEqual((await dig('version.bind', 'TXT', 'CH')).status, 'NOERROR');
    assert.notEqual((await dig('+opcode=UPDATE', 'bank.example', 'A')).status, 'NOERROR');
    assert.equal(authority.asked().length, before);
  });

  test('names by which clients would leave us are answered here', async () => {
    for (const [name, status] of [
      ['use-application-dns.net', 'NXDOMAIN'],
      ['mask.icloud.com', 'NXDOMAIN'],
      ['_dns.resolver.arpa', 'NOERROR'],
    ] as const) {
      assert.equal((await dig(name, name.startsWith('_') ? 'SVCB' : 'A')).status, status, name);
      assert.deepEqual(authority.asked(name), []);
    }
  });

  test('neither the client subnet nor another option of a client goes up', async () => {
    await dig('+subnet=198.51.100.0/24', '+ednsopt=65001:c0ffee', '+nsid', 'options.open.example', 'A');
    const asked = authority.asked('options.open.example');
    assert.ok(asked.length > 0);
    // Our own cookie (10) is the only option there is.
    const codes = asked.flatMap(({ edns }) => (edns?.options ?? []).map(({ code }) => code));
    assert.deepEqual(
      [...new Set(codes)].filter((code) => code !== 10),
      [],
    );
  });
});

describe('kdig', { skip: skipUnless('kdig') }, () => {
  test('is answered like dig, with a cookie of its own and a padded query', async () => {
    const { stdout } = await program('kdig', [
      ...['@127.0.0.1', '-p', String(ports.dns), '+cookie', '+padding=128', '+timeout=5', 'bank.example', 'A'],
    ]);
    assert.match(stdout, /status: NOERROR/);
    assert.match(stdout, /\sA\s+203\.0\.113\.7/);
  });
});

describe('DNS over TLS', () => {
  test('answers two questions of one connection, and denies on the same terms', async () => {
    const [allowed, denied] = await askTls(['bank.example', 'denied-dot.example']);
    assert.deepEqual(addressesIn(allowed), ['203.0.113.7']);
    assert.equal(rcodeOf(denied), 'NXDOMAIN');
    assert.deepEqual(authority.asked('denied-dot.example'), []);
  });
});

describe('DNS over HTTPS', { skip: skipUnless('curl') }, () => {
  test('curl finds a page by it', async () => {
    const page = await curlPage(`https://127.0.0.1:${ports.doh}/dns-query`, 'web.example');
    assert.equal(page.stdout, 'hello from the web\n', page.stderr);
    const none = await curlPage(`https://127.0.0.1:${ports.doh}/dns-query`, 'denied-doh.example');
    assert.notEqual(none.code, 0);
    assert.deepEqual(authority.asked('denied-doh.example'), []);
  });

  test('the path says who asks, a wrong secret is nobody, and nobody is a denial', async () => {
    // `story` may reach raw.example, `machine`, which the address is, may not.
    assert.deepEqual(await askHttps('raw.example', null), ['NXDOMAIN', []]);
    const [rcode] = await askHttps('raw.example', house.story.product.secretOf('story'));
    assert.equal(rcode, 'NOERROR');
    assert.deepEqual(await askHttps('bank.example', 'not-the-secret'), ['REFUSED', []]);
    assert.deepEqual(await askHttps('bank.example', house.story.product.secretOf('story')), ['NXDOMAIN', []]);
  });

  test('a GET may be kept as long as its answer holds', async () => {
    const query = Buffer.from(questionFor('bank.example')).toString('base64url');
    const { stdout } = await curl([
      '-D',
      '-',
      '-o',
      '/dev/null',
      `https://127.0.0.1:${ports.doh}/dns-query?dns=${query}`,
    ]);
    assert.match(stdout, /^HTTP\/2 200/);
    const [, seconds] = /cache-control: private, max-age=(\d+)/i.exec(stdout) ?? assert.fail(stdout);
    assert.ok(Number(seconds) <= 300);
  });
});

describe('the proxy', { skip: skipUnless('curl') }, () => {
  const through = (host: string): Promise<Ended> =>
    curl(['-x', `http://${house.story.product.proxy}`, `http://${host}:${web.port}/`]);

  test('finds names of the zones that are served here', async () => {
    const { stdout, stderr } = await through('inner.corp.example');
    assert.equal(stdout, 'hello from the web\n', stderr);
    assert.deepEqual(authority.asked('inner.corp.example'), []);
  });

  test('dials what the filter told, without asking again', async () => {
    for (const type of ['A', 'AAAA']) await dig('web.open.example', type);
    const before = authority.asked('web.open.example').length;
    assert.equal((await through('web.open.example')).stdout, 'hello from the web\n');
    assert.equal(authority.asked('web.open.example').length, before);
  });
});

describe('an exception', { skip: skipUnless('curl') }, () => {
  test('opens the name at once, no answer outlives it, and its end closes the name', async () => {
    const secret = house.story.product.secretOf('story');
    assert.deepEqual(await askHttps('granted.example', secret), ['NXDOMAIN', []]);
    const { id, notAfter } = await house.grant('granted.example', { durationSeconds: 60 });
    const [rcode, answers] = await askHttps('granted.example', secret);
    const leftSeconds = (Date.parse(notAfter ?? '') - Date.now()) / 1_000;
    assert.deepEqual([rcode, answers.map(({ data }) => data)], ['NOERROR', ['203.0.113.8']]);
    const [ttl = 0] = answers.map((answer) => answer.ttl);
    assert.ok(ttl > 0 && ttl <= leftSeconds + 1, `${ttl} s of ${leftSeconds}`);
    await house.call('ben', `/exceptions/${id}/revoke`, { body: { reason: 'the test is done' } });
    assert.deepEqual(await askHttps('granted.example', secret), ['NXDOMAIN', []]);
  });
});

describe('what is no query', () => {
  test('random datagrams are dropped or told so, and the filter goes on', async () => {
    const socket = createSocket('udp4');
    let [replies, sent] = [0, 0];
    socket.on('message', (bytes) => {
      replies += bytes.length;
    });
    for (let round = 0; round < 300; round += 1) {
      const bytes = Buffer.from(questionFor('bank.example'));
      // Each round spoils another byte, and cuts the message at another place.
      bytes.writeUInt8((round * 37) & 0xff, round % bytes.length);
      const cut = bytes.subarray(0, round % 3 === 0 ? round % bytes.length : bytes.length);
      sent += cut.length;
      socket.send(cut, ports.dns, '127.0.0.1');
    }
    await new Promise((resolve) => setTimeout(resolve, 300));
    socket.close();
    // Ports of an answer are larger than a question; what was refused must not be.
    assert.ok(replies <= sent * 4, `${replies} bytes for ${sent}`);
    assert.deepEqual(addressesIn((await askTls(['bank.example']))[0]), ['203.0.113.7']);
  });
});

describe('a flood', { skip: skipUnless('dig') }, () => {
  test('of one client is not amplified, and others are served meanwhile', async () => {
    const socket = createSocket('udp4');
    socket.bind(0, '127.0.0.9');
    await once(socket, 'listening');
    let [received, sent] = [0, 0];
    socket.on('message', (bytes) => {
      received += bytes.length;
    });
    for (let round = 0; round < 200; round += 1) {
      for (let at = 0; at < 100; at += 1) {
        const query = questionFor(`flood-${round}-${at}.example`);
        sent += query.length;
        socket.send(query, ports.dns, '127.0.0.1');
      }
      if (round % 50 === 25) assert.deepEqual((await dig('bank.example', 'A')).answers, ['203.0.113.7']);
      else await new Promise((resolve) => setImmediate(resolve));
    }
    await new Promise((resolve) => setTimeout(resolve, 500));
    socket.close();
    assert.ok(received > 0 && received <= 1.5 * sent, `${received} bytes for ${sent}`);
    const text = await house.story.metrics();
    assert.match(text, /exeat_dns_turned_away\{reason="over_rate_dropped"[^}]*\} [1-9]/);
  });
});

describe('exeat dns query', () => {
  test('explains every step, and asks no server for what is denied', async () => {
    const allowed = await house.story.product.run('dns', 'query', 'chain.open.example', '--as', 'machine');
    assert.equal(allowed.code, 0, allowed.stderr);
    assert.match(allowed.stdout, /203\.0\.113\.9/);
    const denied = await house.story.product.run('dns', 'query', 'denied-cli.example', '--as', 'machine');
    assert.match(denied.stdout, /no_rule_matched/);
    assert.deepEqual(authority.asked('denied-cli.example'), []);
  });
});

describe('what is measured', () => {
  test('questions and denials are counted', async () => {
    const text = await house.story.metrics();
    for (const name of ['queries', 'allowed', 'denied', 'failed', 'malformed'])
      assert.ok(Number(new RegExp(`^exeat_dns_${name} (\\d+)$`, 'm').exec(text)?.[1]) > 0, name);
  });
});

interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

function program(name: string, words: readonly string[]): Promise<Ended> {
  return new Promise((resolve) => {
    const settle = (error: ExecFileException | null, stdout: string, stderr: string): void =>
      resolve({ code: error === null ? 0 : Number(error.code ?? 1), stdout, stderr });
    execFile(name, [...words], { timeout: 60_000 }, settle).stdin?.end();
  });
}

/** What dig printed: the status, the data of the answers, and all of it. */
async function dig(...words: readonly string[]): Promise<{
  readonly status: string;
  readonly answers: readonly string[];
  readonly text: string;
}> {
  const fixed = ['-r', '@127.0.0.1', '-p', String(ports.dns), '+tries=1', '+time=5', '+nocomments'];
  const { stdout: text } = await program('dig', [...fixed, '+comments', ...words]);
  const status = /status: (\w+)/.exec(text)?.[1] ?? '';
  const [, section = ''] = /ANSWER SECTION:\n((?:[^;\n].*\n)*)/.exec(text) ?? [];
  const answers = section.split('\n').flatMap((line) => line.split(/\s+/).slice(4).join(' ') || []);
  return { status, answers, text };
}

function askTls(names: readonly string[]): Promise<readonly Packet[]> {
  return askOverTls({ port: ports.dot, ca: ca() }, names);
}

/** Asks by POST as curl does it; `secret` is that of `story`. Gives the response code and the answers. */
async function askHttps(
  name: string,
  secret: string | null,
): Promise<[string, readonly { readonly ttl: number; readonly data: string }[]]> {
  const path = secret === null ? '/dns-query' : `/dns-query/story/${secret}`;
  const body = Buffer.from(questionFor(name));
  const reply = await new Promise<Buffer>((resolve, reject) => {
    const words = [
      ...['-sS', '--max-time', '20', '--cacert', house.story.product.proxyCaFile(), '--data-binary', '@-'],
      ...['-H', 'content-type: application/dns-message', `https://127.0.0.1:${ports.doh}${path}`],
    ];
    const child = execFile('curl', words, { encoding: 'buffer', timeout: 30_000 }, (error, stdout) =>
      error === null ? resolve(stdout) : reject(error),
    );
    child.stdin?.end(body);
  });
  const packet: Packet = decode(reply);
  const answers = (packet.answers ?? []).flatMap((one) =>
    one.type === 'A' ? [{ ttl: one.ttl ?? 0, data: one.data }] : [],
  );
  return [rcodeOf(packet), answers];
}

function curl(words: readonly string[]): Promise<Ended> {
  return program('curl', ['-sS', '--max-time', '20', '--cacert', house.story.product.proxyCaFile(), ...words]);
}

function curlPage(doh: string, host: string): Promise<Ended> {
  return curl(['--noproxy', '*', '--doh-url', doh, `http://${host}:${web.port}/`]);
}

function ca(): Buffer {
  return readFileSync(house.story.product.proxyCaFile());
}

function portOf(address: string | null): number {
  return Number(/:(\d+)(?:\/.*)?$/.exec(address ?? '')?.[1] ?? assert.fail(`no port in ${address}`));
}
