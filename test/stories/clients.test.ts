import assert from 'node:assert/strict';
import { type ExecFileException, execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { connect as connectTls } from 'node:tls';
import { ProxyAgent, fetch as undiciFetch } from 'undici';
import { WebSocket } from 'ws';
import { type RunningProduct, startProduct } from '../support/product.ts';
import { basicProof, connectHead, openRaw } from '../support/raw-client.ts';
import { skipUnless } from '../support/requires.ts';
import { type StoryOrigins, startStoryOrigins } from '../support/story-origins.ts';

const names = ['allowed.example', 'git.example', 'registry.example', 'denied.example'];
let origins: StoryOrigins;
let product: RunningProduct;
let work: string;

before(async () => {
  origins = await startStoryOrigins(names);
  work = await mkdtemp(join(tmpdir(), 'exeat-clients-'));
  product = await startProduct({
    policy: { 'story.yaml': policy() },
    credentials: ['story'],
    config: {
      hosts: Object.fromEntries([...names, 'plain.example', 'mail.example'].map((name) => [name, '127.0.0.1'])),
      localOrigins: [origins.secure, origins.plain, origins.banner].map(({ port }) => `127.0.0.1:${port}`),
    },
    proxyTls: { names: ['proxy.example'], addresses: ['127.0.0.1'] },
  });
});
after(async () => {
  await product?.stop();
  await origins?.close();
  await rm(work, { recursive: true, force: true });
});

interface Finished {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a client without the machine's own proxy settings and gives what it printed, whatever its exit code. */
function run(program: string, words: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<Finished> {
  const clean = { PATH: process.env['PATH'], HOME: work, ...env };
  return new Promise((resolve) => {
    const settle = (error: ExecFileException | null, stdout: string, stderr: string): void =>
      resolve({ code: error === null ? 0 : Number(error.code ?? 1), stdout, stderr });
    execFile(program, [...words], { env: clean, cwd: work, timeout: 60_000 }, settle).stdin?.end();
  });
}

function proxyUrl(scheme: string): string {
  return `${scheme}://story:${product.secretOf('story')}@127.0.0.1:${product.proxyPort}`;
}

function proof(): string {
  return basicProof('story', product.secretOf('story'));
}

function secureUrl(name: string, path = '/'): string {
  return `https://${name}:${origins.secure.port}${path}`;
}

function plainUrl(path = '/'): string {
  return `http://plain.example:${origins.plain.port}${path}`;
}

describe('curl', { skip: skipUnless('curl') }, () => {
  const curl = (words: readonly string[]): Promise<Finished> =>
    run('curl', ['-sS', '--max-time', '20', '--cacert', origins.caFile, ...words]);

  for (const [form, scheme] of [
    ['CONNECT', 'http'],
    ['SOCKS5 with local names', 'socks5'],
    ['SOCKS5 with names at the proxy', 'socks5h'],
  ] as const) {
    test(`${form}: an allowed origin answers and a denied one does not`, async () => {
      // With socks5:// curl resolves by itself; --resolve stands in for the machine's DNS.
      const resolve =
        scheme === 'socks5' ? names.flatMap((name) => ['--resolve', `${name}:${origins.secure.port}:127.0.0.1`]) : [];
      const allowed = await curl([...resolve, '-x', proxyUrl(scheme), secureUrl('allowed.example', '/x')]);
      const denied = await curl([...resolve, '-i', '-x', proxyUrl(scheme), secureUrl('denied.example', '/x')]);
      if (scheme === 'socks5') {
        assert.notEqual(allowed.code, 0, 'a name resolved at the client arrives as an address, and no rule covers it');
      } else {
        assert.equal(
          allowed.stdout,
          `method=GET host=allowed.example:${origins.secure.port} path=/x\n`,
          allowed.stderr,
        );
      }
      assert.notEqual(denied.code, 0);
      assert.doesNotMatch(denied.stdout, /method=GET/);
    });
  }

  test('a denial says why in its headers and its body', async () => {
    const { stdout } = await curl(['-i', '-x', proxyUrl('http'), secureUrl('denied.example')]);
    assert.match(stdout, /^HTTP\/1\.1 403 Forbidden\r\n/);
    assert.match(stdout, /\r\nExeat-Reason: no_rule_matched\r\n/i);
    assert.match(stdout, /\r\nExeat-Decision: [0-9A-Z]{26}\r\n/i);
  });

  test('plain HTTP: allowed, kept alive, and a denied neighbour', async () => {
    const two = await curl(['-x', proxyUrl('http'), plainUrl('/a'), plainUrl('/b')]);
    assert.match(two.stdout, /path=\/a\n.*path=\/b\n/s, two.stderr);
    const posted = await curl(['-x', proxyUrl('http'), '-d', 'x'.repeat(100_000), plainUrl('/post')]);
    assert.match(posted.stdout, /method=POST .*path=\/post\n/);
    const denied = await curl(['-i', '-x', proxyUrl('http'), `http://denied.example:${origins.plain.port}/`]);
    assert.match(denied.stdout, /^HTTP\/1\.1 403 /);
  });

  test('TLS to the proxy: CONNECT inside', async () => {
    const words = [
      '--proxy-cacert',
      product.proxyCaFile(),
      '-x',
      proxyUrl('https'),
      secureUrl('allowed.example', '/tls'),
    ];
    const { stdout, stderr } = await curl(words);
    assert.match(stdout, /path=\/tls\n/, stderr);
  });

  test('8 MiB arrive whole', async () => {
    const { stdout } = await curl([
      '-x',
      proxyUrl('http'),
      '-o',
      '/dev/null',
      '-w',
      '%{size_download}',
      secureUrl('allowed.example', '/large'),
    ]);
    assert.equal(stdout, String(8 << 20));
  });
});

test('git clones over the proxy, and a host that is not listed fails', { skip: skipUnless('git') }, async () => {
  const clone = (name: string, into: string): Promise<Finished> =>
    run('git', ['-c', `http.sslCAInfo=${origins.caFile}`, 'clone', '-q', secureUrl(name, '/repository.git'), into], {
      https_proxy: proxyUrl('http'),
      GIT_TERMINAL_PROMPT: '0',
    });
  const good = await clone('git.example', 'cloned');
  assert.equal(good.code, 0, good.stderr);
  assert.equal(await readFile(join(work, 'cloned', 'README'), 'utf8'), 'a story repository\n');
  const bad = await clone('denied.example', 'not-cloned');
  assert.notEqual(bad.code, 0);
  assert.match(bad.stderr, /403/);
});

test("fetch through undici's ProxyAgent is allowed and denied", async () => {
  const ca = await readFile(origins.caFile, 'utf8');
  const dispatcher = new ProxyAgent({
    uri: `http://127.0.0.1:${product.proxyPort}`,
    token: proof(),
    requestTls: { ca },
  });
  const answer = await undiciFetch(secureUrl('allowed.example', '/fetch'), { dispatcher });
  assert.match(await answer.text(), /path=\/fetch\n/);
  await assert.rejects(undiciFetch(secureUrl('denied.example'), { dispatcher }));
  await dispatcher.close();
});

test('npm installs a package from an allowed registry', { skip: skipUnless('npm') }, async () => {
  const install = (name: string, prefix: string): Promise<Finished> =>
    run(
      'npm',
      ['install', '--prefix', join(work, prefix), '--no-audit', '--no-fund', '--fetch-retries=0', 'exeat-story@1.0.0'],
      {
        npm_config_registry: secureUrl(name),
        npm_config_https_proxy: proxyUrl('http'),
        npm_config_cafile: origins.caFile,
        npm_config_cache: join(work, `cache-${prefix}`),
      },
    );
  const good = await install('registry.example', 'good');
  assert.equal(good.code, 0, good.stderr);
  assert.match(await readFile(join(work, 'good/node_modules/exeat-story/package.json'), 'utf8'), /1\.0\.0/);
  const bad = await install('denied.example', 'bad');
  assert.notEqual(bad.code, 0);
});

test('openssl s_client speaks TLS through CONNECT', { skip: skipUnless('openssl') }, async () => {
  const words = (name: string): readonly string[] => [
    ...[
      's_client',
      '-proxy',
      `127.0.0.1:${product.proxyPort}`,
      '-proxy_user',
      'story',
      '-proxy_pass',
      'env:PROXY_SECRET',
    ],
    ...[
      '-connect',
      `${name}:${origins.secure.port}`,
      '-servername',
      name,
      '-CAfile',
      origins.caFile,
      '-verify_return_error',
    ],
  ];
  const env = { PROXY_SECRET: product.secretOf('story') };
  const good = await run('openssl', words('allowed.example'), env);
  assert.match(good.stdout, /Verify return code: 0 \(ok\)/, good.stderr);
  const bad = await run('openssl', words('denied.example'), env);
  assert.notEqual(bad.code, 0);
  assert.match(bad.stdout, /no peer certificate available/);
});

describe('a WebSocket client', () => {
  test('by CONNECT and TLS', async () => {
    const tunnel = await openRaw(product.proxyPort);
    tunnel.send(connectHead(`allowed.example:${origins.secure.port}`, { proof: proof() }));
    assert.match(await tunnel.readUntil(/\r\n\r\n/), /^HTTP\/1\.1 200 /);
    const ca = await readFile(origins.caFile, 'utf8');
    const socket = connectTls({ socket: tunnel.socket, servername: 'allowed.example', ca });
    const peer = new WebSocket(secureUrl('allowed.example').replace('https', 'wss'), {
      createConnection: () => socket,
    });
    await echoes(peer);
  });

  test('by upgrade through the plain proxy', async () => {
    const raw = await openRaw(product.proxyPort);
    const authority = `plain.example:${origins.plain.port}`;
    raw.send(
      `GET http://${authority}/ws HTTP/1.1\r\nHost: ${authority}\r\nProxy-Authorization: ${proof()}\r\n` +
        'Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n',
    );
    assert.match(await raw.readUntil(/\r\n\r\n/), /^HTTP\/1\.1 101 [\s\S]*s3pPLMBiTxaQ9kYGzzhZRbK\+xOo=/);
    // A masked text frame that says "hi" (RFC 6455 5.2), and its echo.
    raw.send(Buffer.from([0x81, 0x82, 1, 2, 3, 4, 0x68 ^ 1, 0x69 ^ 2]));
    assert.match(await raw.readUntil(/echo:hi/), /echo:hi/);
    raw.close();
  });
});

test('a server that speaks first is heard at once under a tcp rule', async () => {
  const client = await openRaw(product.proxyPort);
  client.send(connectHead(`mail.example:${origins.banner.port}`, { proof: proof() }));
  const began = performance.now();
  assert.match(await client.readUntil(/220 mail\.example ready/), /^HTTP\/1\.1 200 /);
  assert.ok(performance.now() - began < 1000);
  client.send('EHLO story.example\r\n');
  assert.match(await client.readUntil(/EHLO story\.example/), /EHLO/);
  client.close();
});

async function echoes(peer: WebSocket): Promise<void> {
  const answer = await new Promise<string>((resolve, reject) => {
    peer.on('open', () => peer.send('hello'));
    peer.on('message', (data) => resolve(String(data)));
    peer.on('error', reject);
  });
  assert.equal(answer, 'echo:hello');
  peer.terminate();
}

function policy(): string {
  const secure = origins.secure.port;
  return `apiVersion: exeat/v1
service: story
owner: team-story
kind: build
mode: enforce
identities: [ "credential:story" ]
allow:
  - { to: "allowed.example:${secure}", reason: echoes and web sockets of the story }
  - { to: "git.example:${secure}", reason: clones of the story }
  - { to: "registry.example:${secure}", reason: packages of the story }
  - { to: "http://plain.example:${origins.plain.port}", reason: plain requests of the story }
  - { to: "tcp://mail.example:${origins.banner.port}", reason: a server that speaks first }
`;
}
