import assert from 'node:assert/strict';
import { chmodSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { type CountingOrigin, startCountingOrigin } from '../support/attack-origins.ts';
import {
  type RunningProduct,
  readyVersion,
  runExeat,
  startProduct,
  waitFor,
  writeProductFolder,
} from '../support/product.ts';
import { basicProof, connectHead, exchangeRaw, openRaw, type RawClient } from '../support/raw-client.ts';

// The life of the processes: start, reload, crash, stop. A workload is a bare CONNECT under a `tcp://` rule.

let origin: CountingOrigin;
before(async () => {
  origin = await startCountingOrigin();
});
after(() => origin.close());

function policy(rules: readonly string[], tests: readonly string[] = []): string {
  return [
    'apiVersion: exeat/v1',
    'service: worker',
    'owner: team-a',
    'kind: app',
    'mode: enforce',
    'identities: [ "credential:worker" ]',
    `allow:${rules.length === 0 ? ' []' : ''}`,
    ...rules.map((to) => `  - { to: "${to}", reason: the story }`),
    `tests:${tests.length === 0 ? ' []' : ''}`,
    ...tests.map((one) => `  - ${one}`),
    '',
  ].join('\n');
}

function allowing(...names: readonly string[]): string {
  return policy(names.map((name) => `tcp://${name}:${origin.port}`));
}

function start(options: Parameters<typeof startProduct>[0] = {}): Promise<RunningProduct> {
  return startProduct({
    policy: { 'a.yaml': allowing('one.example') },
    credentials: ['worker'],
    ...options,
    config: {
      hosts: { 'one.example': '127.0.0.1', 'two.example': '127.0.0.1' },
      localOrigins: [`127.0.0.1:${origin.port}`],
      ...options.config,
    },
  });
}

function connectTo(product: RunningProduct, name: string): Promise<string> {
  return exchangeRaw(product.proxyPort, headFor(product, name));
}

function headFor(product: RunningProduct, name: string): string {
  return connectHead(`${name}:${origin.port}`, { proof: basicProof('worker', product.secretOf('worker')) });
}

async function openTunnel(product: RunningProduct, name: string): Promise<RawClient> {
  const client = await openRaw(product.proxyPort);
  client.send(headFor(product, name));
  assert.match(await client.readUntil(/\r\n\r\n/), /^HTTP\/1\.1 200 /);
  return client;
}

function isAlive(pid: number | null): boolean {
  try {
    process.kill(pid ?? 0, 0);
    return pid !== null;
  } catch {
    return false;
  }
}

function oneLine(text: string): string {
  assert.equal(text.trim().split('\n').length, 1, text);
  assert.doesNotMatch(text, /\n\s+at /);
  return text;
}

async function ready(product: RunningProduct): Promise<{ readonly status: number; readonly text: string }> {
  const response = await fetch(`http://${product.console}/readyz`);
  return { status: response.status, text: await response.text() };
}

describe('a running product', () => {
  let product: RunningProduct;
  before(async () => {
    product = await start();
  });
  after(() => product?.stop());

  test('answers the wire, decide, explain and status alike', async () => {
    assert.match(await connectTo(product, 'one.example'), /^HTTP\/1\.1 200 /);
    const denied = await connectTo(product, 'two.example');
    assert.match(denied, /^HTTP\/1\.1 403 /);
    assert.match(denied, /\r\nExeat-Reason: no_rule_matched\r\n/i);
    const id = /\r\nExeat-Decision: (\S+)\r\n/i.exec(denied)?.[1] ?? '';

    const allowed = await product.run('decide', '--as', 'worker', '--to', `one.example:${origin.port}`, '-o', 'json');
    assert.equal(allowed.code, 0, allowed.stderr);
    const refused = await product.run('decide', '--as', 'worker', '--to', `two.example:${origin.port}`, '-o', 'json');
    assert.equal(refused.code, 5, refused.stderr);
    const decided = JSON.parse(refused.stdout) as Record<string, unknown>;
    assert.equal(decided['reason'], 'no_rule_matched');
    assert.equal(decided['answeredBy'], 'point');

    await product.waitForRecord((record) => record.id === id);
    const explained = await product.run('explain', id, '-o', 'json');
    assert.equal(explained.code, 0, explained.stderr);
    const report = JSON.parse(explained.stdout) as {
      readonly record: { readonly policyVersion: string };
      readonly explanation: { readonly looked: number; readonly mend: string } | null;
    };
    assert.equal(report.record.policyVersion, product.report.policyVersion);
    assert.equal(report.explanation?.looked, 1);
    assert.match(report.explanation?.mend ?? '', /add `- \{ to: "/);
  });

  test('says in status what its records say', async () => {
    const status = JSON.parse((await product.run('status', '-o', 'json')).stdout) as {
      readonly point: { readonly policyVersion: string; readonly servicesByMode: unknown };
      readonly connections: { readonly total: number; readonly enforced: number; readonly byStrength: unknown };
    };
    const verdicts = (await product.records()).filter(
      (one) => one.kind === 'verdict' && one.principal !== null && (one.stage === 'name' || one.stage === 'address'),
    );
    assert.equal(status.connections.total, verdicts.length);
    assert.equal(status.connections.enforced, verdicts.length);
    assert.deepEqual(status.connections.byStrength, { 'shared-secret': verdicts.length });
    assert.equal(status.point.policyVersion, await readyVersion(product.console));
    assert.deepEqual(status.point.servicesByMode, { enforce: 1, observe: 0 });
  });

  test('writes a first sighting once, as an event, a metric and a line of the log', async () => {
    const seen = (await product.records()).filter((one) => one.kind === 'first-seen');
    assert.deepEqual(seen.map((one) => one.domain).sort(), ['one.example', 'two.example']);
    const metrics = await (await fetch(`http://${product.console}/metrics`)).text();
    assert.match(metrics, /^exeat_first_seen_total\{verdict="allow"\} 1$/m);
    assert.match(product.stderr(), /"domain":"two\.example"[^\n]*"msg":"first seen"/);
  });

  test('keeps its state to itself', () => {
    assert.equal(statSync(product.state).mode & 0o777, 0o700);
    for (const name of readdirSync(join(product.state, 'keys'))) {
      assert.equal(statSync(join(product.state, 'keys', name)).mode & 0o077, 0, name);
    }
  });

  test('a second up on the same state is one line and exit code 1', async () => {
    const second = await product.run('up');
    assert.equal(second.code, 1);
    assert.match(oneLine(second.stderr), /lock\.db` is held by a running `exeat up`/);
  });
});

describe('a reload', () => {
  let product: RunningProduct;
  before(async () => {
    product = await start();
  });
  after(() => product?.stop());

  test('puts a new policy in force and keeps the sources of both', async () => {
    const before = await readyVersion(product.console);
    assert.match(await connectTo(product, 'two.example'), /^HTTP\/1\.1 403 /);
    await product.changePolicy('a.yaml', allowing('one.example', 'two.example'));
    assert.match(await connectTo(product, 'two.example'), /^HTTP\/1\.1 200 /);
    const kept = readdirSync(join(product.state, 'policy'));
    for (const version of [before, await readyVersion(product.console)]) {
      assert.ok(kept.includes(version?.slice('sha256:'.length) ?? ''), version ?? 'none');
    }
  });

  test('cuts a live tunnel that nothing justifies any more within a second, and leaves the others', async () => {
    await product.changePolicy('a.yaml', `${allowing('one.example', 'two.example')}# for the tunnels\n`);
    const [goes, stays] = [await openTunnel(product, 'two.example'), await openTunnel(product, 'one.example')];
    await product.changePolicy('a.yaml', allowing('one.example'));
    await goes.readToEnd(1_000);
    assert.equal(stays.socket.destroyed, false);
    await product.waitForRecord((one) => one.kind === 'close' && one.endedBy === 'policy_changed');
    const status = JSON.parse((await product.run('status', '-o', 'json')).stdout) as {
      readonly brokenFlows: readonly { readonly host: string }[];
    };
    assert.deepEqual(
      status.brokenFlows.map((flow) => flow.host),
      ['two.example'],
    );
    stays.close();
  });

  for (const [name, text, says] of [
    ['is not YAML', 'service: [', /a\.yaml:\d+:\d+: /],
    ['has an unknown key', `${policy([])}spelt: wrong\n`, /unknown key|`spelt`/],
    ['fails its own tests', policy([], ['{ allow: "one.example:443" }']), /test failed/],
  ] as const) {
    test(`a policy that ${name} leaves the old one in force, and readiness and log say so`, async () => {
      const inForce = await readyVersion(product.console);
      await product.changePolicy('a.yaml', text, 0);
      const answer = await waitFor(async () => {
        const now = await ready(product);
        return now.status === 503 ? now : null;
      }, 'the refusal');
      assert.match(answer.text, says);
      assert.match(await connectTo(product, 'one.example'), /^HTTP\/1\.1 200 /);
      assert.equal(await readyVersion(product.console), inForce);
      assert.match(product.stderr(), /policy refused, what is in force stays/);
      await product.changePolicy('a.yaml', allowing('one.example'), 0);
      await waitFor(async () => (await ready(product)).status === 200, 'readiness');
    });
  }

  test('SIGHUP reads the policy again, and nothing that is allowed is cut', async () => {
    const tunnel = await openTunnel(product, 'one.example');
    const compiled = (): number => product.stderr().split('"msg":"policy compiled"').length;
    const before = compiled();
    product.signal('SIGHUP');
    await waitFor(async () => compiled() > before, 'the reload');
    assert.equal(tunnel.socket.destroyed, false);
    tunnel.close();
  });

  test('an emptied folder is not an empty policy', async () => {
    await product.changePolicy('a.yaml', null, 0);
    await waitFor(async () => (await ready(product)).status === 503, 'the refusal');
    assert.match(await connectTo(product, 'one.example'), /^HTTP\/1\.1 200 /);
    await product.changePolicy('a.yaml', allowing('one.example'), 0);
    await waitFor(async () => (await ready(product)).status === 200, 'readiness');
  });
});

describe('a crash', () => {
  let product: RunningProduct;
  before(async () => {
    product = await start();
  });
  after(() => product?.stop());

  test('of control changes no decision, cuts no tunnel, and control comes back', async () => {
    const { pids } = product.report;
    const tunnel = await openTunnel(product, 'one.example');
    process.kill(pids.control ?? 0, 'SIGKILL');
    assert.match(await connectTo(product, 'one.example'), /^HTTP\/1\.1 200 /);
    assert.match(await connectTo(product, 'two.example'), /^HTTP\/1\.1 403 /);
    await waitFor(async () => (await ready(product).catch(() => null))?.status === 200, 'control');
    assert.equal(isAlive(pids.point), true);
    assert.equal(tunnel.socket.destroyed, false);
    tunnel.close();
  });

  test('of the point brings it back with the policy that was in force', async () => {
    process.kill(product.report.pids.point ?? 0, 'SIGKILL');
    const answer = await waitFor(() => connectTo(product, 'one.example').catch(() => null), 'the point', 10_000);
    assert.match(answer, /^HTTP\/1\.1 200 /);
  });
});

test('without a good policy at start everything is denied and up stays alive and says so', async () => {
  const product = await start({ policy: { 'a.yaml': 'service: [' }, config: {} });
  try {
    assert.equal(product.report.policyVersion, null);
    assert.match(product.report.policySays, /everything is denied/);
    const answer = await connectTo(product, 'one.example');
    assert.match(answer, /^HTTP\/1\.1 403 /);
    assert.match(answer, /\r\nExeat-Reason: no_policy\r\n/i);
    assert.equal((await ready(product)).status, 503);
    await product.changePolicy('a.yaml', allowing('one.example'));
    assert.match(await connectTo(product, 'one.example'), /^HTTP\/1\.1 200 /);
  } finally {
    await product.stop();
  }
});

for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  test(`${signal} ends everything within 2 s, live tunnels included, with exit code 0`, async () => {
    const product = await start();
    try {
      const tunnel = await openTunnel(product, 'one.example');
      const began = performance.now();
      product.signal(signal);
      assert.equal(await product.ended, 0, product.stderr());
      assert.ok(performance.now() - began < 2_000);
      const { point, control } = product.report.pids;
      await waitFor(async () => !isAlive(point) && !isAlive(control), 'the end of the children', 500);
      await tunnel.readToEnd();
      const records = await product.records();
      assert.ok(records.some((one) => one.kind === 'close' && one.endedBy === 'shutdown'));
    } finally {
      await product.stop();
    }
  });
}

test('when the supervisor is killed its children end, and the next up runs on the same state', async () => {
  const product = await start();
  try {
    product.signal('SIGKILL');
    await product.ended;
    const { point, control } = product.report.pids;
    await waitFor(async () => !isAlive(point) && !isAlive(control), 'the end of the children', 3_000);
    const next = await product.run('status');
    assert.equal(next.code, 1);
    assert.match(oneLine(next.stderr), /no running `exeat up` answers/);
  } finally {
    await product.stop();
  }
});

describe('a start that cannot be is one line naming the thing and the mend, and exit code 1', () => {
  let folder: string;
  let taken: Server;
  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'exeat-start-'));
    taken = createServer();
    await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve));
  });
  after(() => {
    taken.close();
    rmSync(folder, { recursive: true });
  });

  function takenAddress(): string {
    const address = taken.address();
    return typeof address === 'object' && address !== null ? `127.0.0.1:${address.port}` : '';
  }

  const cases: readonly (readonly [string, () => Readonly<Record<string, unknown>>, () => RegExp])[] = [
    [
      'a proxy port in use',
      () => ({ listen: { proxy: takenAddress(), console: null } }),
      () => new RegExp(`cannot listen on \`${takenAddress()}\` \\(\`listen\\.proxy\`, EADDRINUSE\\)`),
    ],
    [
      'a console port in use',
      () => ({ listen: { proxy: '127.0.0.1:0', console: takenAddress() } }),
      () => new RegExp(`cannot listen on \`${takenAddress()}\` \\(\`listen\\.console\`, EADDRINUSE\\)`),
    ],
    ['an unknown key', () => ({ polcy: './p' }), () => /exeat\.yaml:\d+:\d+: .*`polcy`/],
    [
      'a state folder that is a file',
      () => ({ state: './exeat.yaml' }),
      () => /state folder `[^`]+` cannot be used \(EEXIST\)/,
    ],
    [
      'a certificate that is not there',
      () => ({ tls: { certificate: './no.crt', key: './no.key' } }),
      () => /no\.(crt|key)/,
    ],
    [
      'a local origin that is our own listener',
      () => ({ listen: { proxy: '127.0.0.1:39999', console: null }, localOrigins: ['127.0.0.1:39999'] }),
      () => /127\.0\.0\.1:39999/,
    ],
  ];
  for (const [name, config, says] of cases) {
    test(name, async () => {
      const { configPath } = await writeProductFolder(folder, { policy: { 'a.yaml': allowing() }, config: config() });
      const end = await runExeat(['up', '--config', configPath]);
      assert.equal(end.code, 1, end.stderr);
      assert.match(oneLine(end.stderr.replaceAll(/^\{.*\}\n/gm, '')), says());
    });
  }

  test('a configuration that is not there', async () => {
    const end = await runExeat(['up', '--config', join(folder, 'absent.yaml')]);
    assert.equal(end.code, 1);
    assert.match(oneLine(end.stderr), /absent\.yaml: there is no such file/);
  });

  test('a credential file that is not one', async () => {
    const { configPath } = await writeProductFolder(folder, { policy: { 'a.yaml': allowing() } });
    writeFileSync(join(folder, 'credentials.json'), 'secret-looking text');
    chmodSync(join(folder, 'credentials.json'), 0o600);
    const end = await runExeat(['up', '--config', configPath]);
    assert.equal(end.code, 1);
    assert.doesNotMatch(end.stderr, /secret-looking/);
    rmSync(join(folder, 'credentials.json'));
  });
});

test('an unknown command and an unknown flag are usage faults, exit code 64', async () => {
  assert.equal((await runExeat(['nope'])).code, 64);
  assert.equal((await runExeat(['status', '--nope'])).code, 64);
  assert.equal((await runExeat(['decide', '--as', 'x'])).code, 64);
  assert.equal((await runExeat(['--help'])).code, 0);
});
