import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, createServer, type Server } from 'node:net';
import { before, test } from 'node:test';
import { createServer as createTlsServer } from 'node:tls';
import { address, type ScriptedAnswer, startDnsServer, type TestDnsServer } from '../../../test/support/dns-server.ts';
import { createAuthority, type Issued, type TestAuthority } from '../../../test/support/pki.ts';
import { dnsTypes } from '../../wire/index.ts';
import { createUpstreams } from './create-upstreams.ts';
import { takeAddresses } from './take-addresses.ts';
import type { UpstreamOptions, Upstreams } from './upstreams.ts';

let authority: TestAuthority;
let certificate: Issued;

before(async () => {
  authority = await createAuthority('Resolver Root');
  certificate = await authority.issueServer({ names: ['dns.example'], addresses: ['127.0.0.1'] });
});

interface Fixture {
  readonly dns: TestDnsServer;
  readonly upstreams: Upstreams;
}

type Way = 'tcp' | 'tls' | 'https';
const ways: readonly Way[] = ['tcp', 'tls', 'https'];

function serverText(dns: TestDnsServer, way: Way, name = 'dns.example'): string {
  if (way === 'tcp') return `tcp://${dns.server}`;
  return way === 'tls'
    ? `tls://127.0.0.1:${dns.tlsPort}#${name}`
    : `https://${name}:${dns.httpsPort}/dns-query#127.0.0.1`;
}

async function withServer(
  servers: (dns: TestDnsServer) => readonly string[],
  work: (fixture: Fixture) => Promise<void>,
  extra: Partial<UpstreamOptions> = {},
): Promise<void> {
  const dns = await startDnsServer([], certificate);
  dns.script = ({ name, type }) => ({ answers: type === 'A' ? [address(name, '192.0.2.1')] : [] });
  const upstreams = createUpstreams({
    clock: { now: () => 0 },
    servers: servers(dns),
    authorities: [authority.certificatePem],
    attemptMs: 1000,
    totalMs: 3000,
    ...extra,
  });
  try {
    await work({ dns, upstreams });
  } finally {
    upstreams.close();
    await dns.close();
  }
}

async function outcomeOf(upstreams: Upstreams, name: string): Promise<string> {
  const answer = await upstreams.ask({ name, type: dnsTypes.a });
  if (!answer.ok) return `${answer.fault.code}: ${answer.fault.message}`;
  const taken = takeAddresses(answer.value.message, name, dnsTypes.a);
  const what = taken.kind === 'addresses' ? taken.addresses.map((one) => one.text).join(' ') : taken.kind;
  return `${what} by ${answer.value.transport}`;
}

for (const way of ways) {
  const one = (dns: TestDnsServer) => [serverText(dns, way)];

  test(`${way}: many questions go over one connection, and answers out of order find theirs`, async () => {
    await withServer(one, async ({ dns, upstreams }) => {
      dns.script = ({ name }) => {
        const at = Number(/\d+/.exec(name)?.[0]);
        return { answers: [address(name, `192.0.2.${at}`)], delayMs: (30 - at) * 3 };
      };
      const asking = Array.from({ length: 30 }, (_, i) => outcomeOf(upstreams, `n${i}.example.com`));
      assert.deepEqual(
        await Promise.all(asking),
        asking.map((_, i) => `192.0.2.${i} by ${way}`),
      );
      assert.deepEqual(new Set(dns.asked.map((asked) => asked.connection)), new Set([1]));
      assert.equal(new Set(dns.asked.map((asked) => asked.id)).size, way === 'https' ? 1 : 30);
      assert.ok(dns.asked.every((asked) => asked.via === way && asked.spelling === asked.name));
      assert.ok(
        dns.asked.every((asked) => asked.options?.length === 0),
        'no cookie where nobody can forge',
      );
      assert.equal(upstreams.health()[0]?.answered, 30);
    });
  });

  test(`${way}: a connection that breaks fails its questions, which another server answers`, async () => {
    const spare = await startDnsServer();
    spare.script = ({ name }) => ({ answers: [address(name, '192.0.2.2')] });
    await withServer(
      (dns) => [serverText(dns, way), spare.server],
      async ({ dns, upstreams }) => {
        assert.equal(await outcomeOf(upstreams, 'first.example.com'), `192.0.2.1 by ${way}`);
        dns.script = ({ name }) => (name === 'n3.example.com' ? { breakOff: true } : { silent: true });
        const asking = Array.from({ length: 4 }, (_, i) => outcomeOf(upstreams, `n${i}.example.com`));
        assert.deepEqual(await Promise.all(asking), Array(4).fill('192.0.2.2 by udp'));
        assert.ok(spare.asked.every((asked) => asked.count === 1));
        assert.equal(upstreams.counts().inFlight, 0);
      },
    );
    await spare.close();
  });

  test(`${way}: with one server only, a broken connection is dialled again and asked once more`, async () => {
    await withServer(one, async ({ dns, upstreams }) => {
      await outcomeOf(upstreams, 'first.example.com');
      dns.script = ({ name, count }) => (count === 1 ? { breakOff: true } : { answers: [address(name, '192.0.2.1')] });
      assert.equal(await outcomeOf(upstreams, 'a.example.com'), `192.0.2.1 by ${way}`);
      assert.deepEqual(
        dns.asked.map((asked) => asked.connection),
        [1, 1, 2],
      );
    });
  });

  test(`${way}: an idle connection is closed, and the next question dials anew`, async () => {
    await withServer(
      one,
      async ({ dns, upstreams }) => {
        assert.equal(await outcomeOf(upstreams, 'a.example.com'), `192.0.2.1 by ${way}`);
        await new Promise((resolve) => setTimeout(resolve, 120));
        assert.equal(await outcomeOf(upstreams, 'b.example.com'), `192.0.2.1 by ${way}`);
        assert.deepEqual(
          dns.asked.map((asked) => asked.connection),
          [1, 2],
        );
      },
      { idleMs: 30 },
    );
  });

  test(`${way}: closing fails what is in flight at once`, async () => {
    await withServer(one, async ({ dns, upstreams }) => {
      await outcomeOf(upstreams, 'first.example.com');
      dns.script = () => ({ silent: true });
      const began = performance.now();
      const asking = Array.from({ length: 10 }, (_, i) => outcomeOf(upstreams, `n${i}.example.com`));
      setTimeout(() => upstreams.close(), 20);
      assert.ok((await Promise.all(asking)).every((outcome) => outcome.startsWith('upstream_closed')));
      assert.ok(performance.now() - began < 800);
    });
  });

  test(`${way}: an answer to another question, truncation and a bad code are failures`, async () => {
    const rows: readonly (readonly [ScriptedAnswer, RegExp])[] = [
      [{ before: [{ name: 'other.example.com' }], silent: true }, /answered another question/],
      [{ truncated: true }, /truncated an answer over a connection/],
      [{ rcode: 'SERVFAIL' }, /answered SERVFAIL/],
    ];
    for (const [script, expected] of rows) {
      await withServer(one, async ({ dns, upstreams }) => {
        dns.script = () => script;
        assert.match(await outcomeOf(upstreams, 'a.example.com'), expected);
      });
    }
  });

  test(`${way}: questions on one connection are bounded`, async () => {
    await withServer(
      one,
      async ({ dns, upstreams }) => {
        dns.script = ({ name }) => ({ answers: [address(name, '192.0.2.1')], delayMs: 30 });
        const names = ['a.example.com', 'b.example.com', 'c.example.com'];
        const outcomes = await Promise.all(names.map((name) => outcomeOf(upstreams, name)));
        assert.equal(outcomes.filter((outcome) => outcome.endsWith(`by ${way}`)).length, 2);
        assert.match(outcomes[2] ?? '', /too many questions wait for the server/);
      },
      { maxPipelined: 2 },
    );
  });
}

for (const way of ['tls', 'https'] as const) {
  test(`${way}: a certificate for another name, or of another authority, is not believed`, async () => {
    await withServer(
      (dns) => [serverText(dns, way, 'other.example')],
      async ({ dns, upstreams }) => {
        assert.match(await outcomeOf(upstreams, 'a.example.com'), /ERR_TLS_CERT_ALTNAME_INVALID/);
        assert.equal(dns.asked.length, 0, 'the question was not told');
      },
    );
    const stranger = await createAuthority('Stranger');
    for (const authorities of [[stranger.certificatePem], null]) {
      await withServer(
        (dns) => [serverText(dns, way)],
        async ({ dns, upstreams }) => {
          assert.match(await outcomeOf(upstreams, 'a.example.com'), /UNABLE_TO|SELF_SIGNED|UNABLE_TO_VERIFY/);
          assert.equal(dns.asked.length, 0);
        },
        { authorities },
      );
    }
  });

  test(`${way}: without a name the certificate is checked for the address`, async () => {
    const text = (dns: TestDnsServer) =>
      way === 'tls' ? `tls://127.0.0.1:${dns.tlsPort}` : `https://127.0.0.1:${dns.httpsPort}/dns-query`;
    await withServer(
      (dns) => [text(dns)],
      async ({ upstreams }) => assert.equal(await outcomeOf(upstreams, 'a.example.com'), `192.0.2.1 by ${way}`),
    );
  });
}

test('https: a status other than 200 is a failure that is told', async () => {
  await withServer(
    (dns) => [serverText(dns, 'https')],
    async ({ dns, upstreams }) => {
      dns.script = () => ({ httpStatus: 503 });
      assert.match(await outcomeOf(upstreams, 'a.example.com'), /answered HTTP 503/);
      dns.script = ({ name }) => ({ answers: [address(name, '192.0.2.1')] });
      assert.equal(await outcomeOf(upstreams, 'b.example.com'), '192.0.2.1 by https');
    },
  );
});

test('https: a server that goes away answers what waits, and the next question dials anew', async () => {
  await withServer(
    (dns) => [serverText(dns, 'https')],
    async ({ dns, upstreams }) => {
      dns.script = ({ name }) => ({
        answers: [address(name, '192.0.2.1')],
        delayMs: name.startsWith('slow') ? 80 : 0,
        goAway: name.startsWith('last'),
      });
      const slow = outcomeOf(upstreams, 'slow.example.com');
      assert.equal(await outcomeOf(upstreams, 'last.example.com'), '192.0.2.1 by https');
      await new Promise((resolve) => setTimeout(resolve, 20));
      assert.equal(await outcomeOf(upstreams, 'next.example.com'), '192.0.2.1 by https');
      assert.equal(await slow, '192.0.2.1 by https');
      assert.deepEqual(
        dns.asked.map((asked) => asked.connection),
        [1, 1, 2],
      );
    },
  );
});

async function portOf(server: Server): Promise<number> {
  // A test that fails must not keep the process for the server that it left.
  server.listen(0, '127.0.0.1').unref();
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

async function askAt(text: string, names: readonly string[], extra: Partial<UpstreamOptions> = {}): Promise<string[]> {
  const options = { clock: { now: () => 0 }, servers: [text], authorities: [authority.certificatePem] };
  const upstreams = createUpstreams({ ...options, attemptMs: 150, totalMs: 600, ...extra });
  const outcomes: string[] = [];
  for (const name of names) outcomes.push(await outcomeOf(upstreams, name));
  upstreams.close();
  return outcomes;
}

test('https: a server that does not speak HTTP/2 is no server', async () => {
  const server = createTlsServer({ cert: certificate.chainPem, key: certificate.keyPem, ALPNProtocols: ['http/1.1'] });
  server.on('tlsClientError', () => undefined);
  const port = await portOf(server);
  const [outcome] = await askAt(`https://dns.example:${port}/dns-query#127.0.0.1`, ['a.example.com']);
  assert.match(outcome ?? '', /^upstream_failed: the server (does not speak HTTP\/2|could not be asked)/);
  server.close();
});

test('a server that takes connections and says nothing, closes them or is not there, fails in time and is not hammered', async () => {
  const rows: readonly (readonly [string, ((server: Server) => void) | null, RegExp])[] = [
    [
      'silent',
      (server) => server.on('connection', (socket) => socket.on('error', () => undefined)),
      /did not answer in time/,
    ],
    ['closing', (server) => server.on('connection', (socket) => socket.destroy()), /closed the connection|ECONNRESET/],
    ['gone', null, /ECONNREFUSED/],
  ];
  for (const [name, prepare, expected] of rows) {
    for (const way of ways) {
      const server = createServer();
      let connections = 0;
      server.on('connection', (socket) => {
        connections += 1;
        socket.unref();
      });
      prepare?.(server);
      const port = await portOf(server);
      if (prepare === null) server.close();
      const at = { tcp: `tcp://127.0.0.1:${port}`, tls: `tls://127.0.0.1:${port}#dns.example` };
      const text = way === 'https' ? `https://dns.example:${port}/#127.0.0.1` : at[way];
      const began = performance.now();
      const outcomes = await askAt(text, ['a.example.com', 'b.example.com', 'c.example.com']);
      assert.ok(
        outcomes.every((one) => expected.test(one)),
        `${name} ${way}: ${outcomes.join(', ')}`,
      );
      assert.ok(performance.now() - began < 1500, `${name} ${way}`);
      assert.ok(connections <= 3, `${name} ${way}: ${connections} connections`);
      server.close();
    }
  }
});

test('tls: a server that floods answers nobody asked for is cut off', async () => {
  const frame = Buffer.concat([Buffer.from([0, 12]), Buffer.alloc(12)]);
  const server = createTlsServer({ cert: certificate.chainPem, key: certificate.keyPem }, (socket) => {
    socket.on('error', () => undefined);
    socket.once('data', () => socket.write(Buffer.concat(Array<Buffer>(1100).fill(frame))));
  });
  server.on('tlsClientError', () => undefined);
  const port = await portOf(server);
  const [outcome] = await askAt(`tls://127.0.0.1:${port}#dns.example`, ['a.example.com'], {
    attemptMs: 1000,
    totalMs: 1500,
  });
  assert.match(outcome ?? '', /answers nobody asked for|answered another question/);
  server.close();
});

test('tls: a session is taken up again, over TLS 1.2 or newer', async () => {
  const seen: string[] = [];
  const server = createTlsServer({ cert: certificate.chainPem, key: certificate.keyPem }, (socket) => {
    socket.on('error', () => undefined);
    seen.push(`${socket.getProtocol()} ${socket.isSessionReused()}`);
    // An answer to another question: enough for the connection to be heard of.
    socket.once('data', () => socket.end(Buffer.concat([Buffer.from([0, 12]), Buffer.alloc(12)])));
  });
  const port = await portOf(server);
  await askAt(`tls://127.0.0.1:${port}#dns.example`, ['a.example.com', 'b.example.com']);
  assert.equal(seen[0], 'TLSv1.3 false');
  assert.ok(seen.length > 1 && seen.slice(1).every((one) => one === 'TLSv1.3 true'), seen.join());
  server.close();
  const old = createTlsServer({
    cert: certificate.chainPem,
    key: certificate.keyPem,
    maxVersion: 'TLSv1.1',
    minVersion: 'TLSv1',
  });
  old.on('tlsClientError', () => undefined);
  const [outcome] = await askAt(`tls://127.0.0.1:${await portOf(old)}#dns.example`, ['a.example.com']);
  assert.match(outcome ?? '', /^upstream_failed: the server could not be asked \(EPROTO\)/);
  old.close();
});
