import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import { fileURLToPath } from 'node:url';
import { parse } from 'yaml';
import { runCli } from '../../src/cli/index.ts';
import type { Target } from '../../src/destination/index.ts';
import { type PolicyTree, parsePolicyFiles, type ServiceNode, type VerdictRecord } from '../../src/policy/index.ts';
import { type EchoOrigin, startTcpEcho, startTlsEcho } from '../support/echo-origins.ts';
import { createAuthority, type Issued } from '../support/pki.ts';
import { type RunningProduct, startProduct } from '../support/product.ts';
import { basicProof, connectHead } from '../support/raw-client.ts';
import { createTokenIssuer } from '../support/token-issuer.ts';

// examples/seed-statements as it stands: every allowed target of every service is reached over the wire, and a neighbour of each is
// denied. Names lead to loopback by `hosts:`; the ports 443 and 22 need privileges, so a copy of the policy names free ones.

const example = fileURLToPath(new URL('../../examples/seed-statements/', import.meta.url));
const files = readdirSync(join(example, 'policy'), { recursive: true, encoding: 'utf8' })
  .filter((path) => path.endsWith('.yaml'))
  .map((path) => ({ path, text: readFileSync(join(example, 'policy', path), 'utf8') }));
const { tree, faults } = parsePolicyFiles(files);
const services = tree.documents.filter((document): document is ServiceNode => document.kind === 'service');

/** A concrete request that a target covers. */
interface Aim {
  readonly service: string;
  readonly protocol: Target['protocol'];
  readonly host: string;
  readonly port: number;
}

const aims = services.flatMap((service) => aimsOf(tree, service));
const neighbours = aims.map((aim) => ({ ...aim, host: `not-${aim.host.replace(/^one\./, '')}` }));

let tls: EchoOrigin & { readonly caPem: string };
let tcp: EchoOrigin;
let folder: string;
let product: RunningProduct;
let proxyCaPem: string;
const certificates = new Map<string, Issued>();
let token: string;

before(async () => {
  folder = mkdtempSync(join(tmpdir(), 'exeat-seed-'));
  tls = await startTlsEcho([...new Set(aims.map((aim) => aim.host))]);
  tcp = await startTcpEcho();
  const config = await writeKeys();
  const names = [...aims, ...neighbours].map((aim) => aim.host);
  product = await startProduct({
    policy: Object.fromEntries(files.map(({ path, text }) => [path, withFreePorts(text)])),
    credentials: ['ci-runner', 'payments-api'],
    config: {
      ...config,
      hosts: Object.fromEntries(names.map((name) => [name, '127.0.0.1'])),
      localOrigins: [`127.0.0.1:${tls.port}`, `127.0.0.1:${tcp.port}`],
    },
  });
});
after(async () => {
  await product?.stop();
  await Promise.all([tls?.close(), tcp?.close()]);
  rmSync(folder, { recursive: true, force: true });
});

describe('the seed statements over the wire', () => {
  test('hold three services, each with targets of its own', () => {
    assert.deepEqual(faults, []);
    assert.deepEqual(services.map((service) => service.name).sort(), ['ci-runner', 'payments-api', 'support-jump']);
    assert.ok(aims.length >= 10, `${aims.length} targets`);
  });

  for (const aim of aims) {
    test(`${aim.service} reaches ${aim.protocol}://${aim.host}:${aim.port}`, async () => {
      const { answer, socket } = await ask(aim);
      try {
        assert.match(answer, /^HTTP\/1\.1 200 /);
        await echo(aim.protocol === 'tls' ? await secure(socket, aim.host) : socket);
      } finally {
        socket.destroy();
      }
    });
  }

  for (const aim of neighbours) {
    test(`${aim.service} does not reach its neighbour ${aim.host}:${aim.port}`, async () => {
      const { answer, socket } = await ask(aim);
      socket.destroy();
      assert.match(answer, /^HTTP\/1\.1 403 [\s\S]*\r\nExeat-Reason: no_rule_matched\r\n/);
    });
  }

  test('no service reaches what another may reach', async () => {
    for (const { name } of services) {
      const foreign = aims.find((aim) => aim.service !== name);
      assert.ok(foreign !== undefined);
      const { answer, socket } = await ask({ ...foreign, service: name });
      socket.destroy();
      assert.match(answer, /^HTTP\/1\.1 403 /, `${name} -> ${foreign.host}`);
    }
  });

  test('a runner proven by the token of its CI system reaches the same', async () => {
    const aim = aims.find((each) => each.service === 'ci-runner');
    assert.ok(aim !== undefined);
    const { answer, socket } = await ask(aim, `Bearer ${token}`);
    socket.destroy();
    assert.match(answer, /^HTTP\/1\.1 200 /);
  });

  test('the key service asks for a certificate: a credential alone is no payments-api here', async () => {
    const { answer, socket } = await ask(
      { service: 'none', protocol: 'tls', host: 'kms.eu-central-1.example.com', port: 443 },
      basicProof('payments-api', product.secretOf('payments-api')),
    );
    socket.destroy();
    assert.match(answer, /^HTTP\/1\.1 403 [\s\S]*\r\nExeat-Reason: identity_unknown\r\n/);
  });

  test('every verdict says who, how strongly proven, and by which rule', async () => {
    const records = (await product.records()).filter(
      (record): record is VerdictRecord => record.kind === 'verdict' && record.verdict === 'allow',
    );
    assert.ok(records.length >= aims.length);
    for (const record of records) {
      const service = record.principal?.service ?? '';
      assert.equal(record.principal?.strength, strengthOf(record.principal?.identity ?? ''), service);
      assert.ok(record.ruleIds.length > 0 && record.ruleIds.every((id) => id.startsWith(`${service}/allow/`)), service);
    }
  });

  test('`exeat decide` answers for every target and neighbour what the wire answered', async () => {
    const records = (await product.records()).filter((record): record is VerdictRecord => record.kind === 'verdict');
    for (const aim of [...aims, ...neighbours]) {
      const onWire = records.find(
        ({ principal, destination }) =>
          principal?.service === aim.service &&
          destination?.host === aim.host &&
          destination.port === freePort(aim.port),
      );
      const told = await decideByCommand(aim);
      assert.equal(told.answeredBy, 'point');
      assert.deepEqual(
        [told.verdict, told.reason, told.ruleIds, told.policyVersion],
        [onWire?.verdict, onWire?.reason, onWire?.ruleIds, onWire?.policyVersion],
        `${aim.service} -> ${aim.host}`,
      );
    }
  });
});

test('the operators reach their targets in the operations segment only', async () => {
  const config = await writeKeys();
  const jump = await startProduct({
    policy: Object.fromEntries(files.map(({ path, text }) => [path, text])),
    config: { ...config, hosts: { 'idp.ops.example.com': '203.0.113.9', 'pam.ops.example.com': '10.60.0.9' } },
  });
  try {
    for (const host of ['idp.ops.example.com', 'pam.ops.example.com']) {
      const aim = { service: 'support-jump', protocol: 'tls', host, port: 443 } as const;
      const { answer, socket } = await ask(aim, undefined, jump);
      socket.destroy();
      assert.match(answer, /^HTTP\/1\.1 403 [\s\S]*\r\nExeat-Reason: address_forbidden\r\n/, host);
    }
  } finally {
    await jump.stop();
  }
});

async function decideByCommand(aim: Aim): Promise<VerdictRecord & { readonly answeredBy: string }> {
  let out = '';
  const to = `${aim.protocol}://${aim.host}:${freePort(aim.port)}`;
  await runCli(['decide', '--as', aim.service, '--to', to, '-o', 'json', '--config', product.configPath], {
    env: {},
    now: Date.now,
    writeOut: (text) => {
      out += text;
    },
    writeError: (text) => assert.fail(text),
  });
  return JSON.parse(out) as VerdictRecord & { readonly answeredBy: string };
}

function aimsOf({ documents }: PolicyTree, service: ServiceNode): readonly Aim[] {
  const targets = service.allow.flatMap(({ to }) => {
    if (to.kind === 'target') return [to.target];
    const list = documents.find((document) => document.kind === 'destinations' && document.name === to.name);
    return list?.kind === 'destinations' ? list.members.map((member) => member.target) : [];
  });
  return targets.map(({ protocol, host, ports }) => {
    assert.ok(host.kind === 'name' || host.kind === 'below', 'the statements name hosts');
    const name = host.kind === 'name' ? host.name : `one.${host.name}`;
    return { service: service.name, protocol, host: name, port: ports[0]?.first ?? 0 };
  });
}

function withFreePorts(text: string): string {
  return text.replace(/:443\b/g, `:${tls.port}`).replace(/:22\b/g, `:${tcp.port}`);
}

function freePort(port: number): number {
  return port === 443 ? tls.port : tcp.port;
}

/** The keys that the example leaves to its reader, made afresh; gives its `exeat.yaml` without what a test replaces. */
async function writeKeys(): Promise<Readonly<Record<string, unknown>>> {
  const root = await createAuthority('Seed Root');
  const proxy = await root.issueServer({ names: ['proxy.example'] });
  for (const service of services) {
    const spiffe = service.identities.flatMap((each) => each.terms).find((term) => term.kind === 'spiffe');
    if (spiffe?.kind === 'spiffe') certificates.set(service.name, await root.issueClient({ spiffeId: spiffe.id }));
  }
  const issuer = await createTokenIssuer({ issuer: 'https://ci.example.com' });
  token = await issuer.sign({ aud: 'exeat', repository_id: '123', environment: 'build' });
  const write = (name: string, text: string): string => {
    writeFileSync(join(folder, name), text, { mode: 0o600 });
    return join(folder, name);
  };
  proxyCaPem = root.certificatePem;
  const tlsKeys = {
    certificate: write('proxy.crt', proxy.chainPem),
    key: write('proxy.key', proxy.keyPem),
    clientBundle: write('spiffe.pem', root.certificatePem),
    revocations: write('crl.pem', await root.issueRevocations()),
  };
  const jwks = write('jwks.json', issuer.jwks());
  const written = parse(readFileSync(join(example, 'exeat.yaml'), 'utf8')) as {
    readonly tls: Readonly<Record<string, string>>;
    readonly issuers: readonly Readonly<Record<string, string>>[];
  } & Readonly<Record<string, unknown>>;
  assert.deepEqual(Object.keys(written.tls), Object.keys(tlsKeys));
  const { policy: _policy, state: _state, listen: _listen, credentials: _credentials, ...kept } = written;
  return { ...kept, tls: tlsKeys, issuers: written.issuers.map((each) => ({ ...each, jwks })) };
}

/** Asks the proxy over TLS as a service: with its certificate, or with a credential or the proof given. */
async function ask(
  aim: Aim,
  proof?: string,
  at: RunningProduct = product,
): Promise<{ readonly answer: string; readonly socket: TLSSocket }> {
  const certificate = proof === undefined ? certificates.get(aim.service) : undefined;
  const credential =
    certificate === undefined && proof === undefined
      ? basicProof(aim.service, at.secretOf(aim.service))
      : (proof ?? null);
  const socket = connectTls({
    port: at.proxyPort,
    host: '127.0.0.1',
    servername: 'proxy.example',
    ca: proxyCaPem,
    ...(certificate === undefined ? {} : { cert: certificate.chainPem, key: certificate.keyPem }),
  });
  const port = at === product ? freePort(aim.port) : aim.port;
  const head = connectHead(`${aim.host}:${port}`, credential === null ? {} : { proof: credential });
  return { answer: await exchange(socket, head, /\r\n\r\n/), socket };
}

function exchange(socket: TLSSocket, text: string, until: RegExp): Promise<string> {
  return new Promise((resolve, reject) => {
    let got = '';
    const timer = setTimeout(() => reject(new Error(`no ${until} within 5 s: ${got}`)), 5_000);
    const onData = (chunk: Buffer): void => {
      got += chunk.toString('latin1');
      if (!until.test(got)) return;
      clearTimeout(timer);
      socket.off('data', onData);
      resolve(got);
    };
    socket.on('data', onData);
    socket.on('error', (error) => {
      clearTimeout(timer);
      reject(error);
    });
    socket.write(text);
  });
}

async function secure(socket: TLSSocket, host: string): Promise<TLSSocket> {
  const inner = connectTls({ socket, servername: host, ca: tls.caPem });
  await new Promise<void>((resolve, reject) => {
    inner.once('secureConnect', resolve);
    inner.once('error', reject);
  });
  return inner;
}

async function echo(socket: TLSSocket): Promise<void> {
  assert.match(await exchange(socket, 'over and back\n', /over and back/), /over and back/);
}

function strengthOf(identity: string): string {
  if (identity.startsWith('spiffe:')) return 'certificate';
  return identity.startsWith('token:') ? 'token' : 'shared-secret';
}
