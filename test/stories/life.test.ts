import assert from 'node:assert/strict';
import { chmodSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { type RunningProduct, readyVersion, runExeat, writeProductFolder } from '../support/product.ts';
import { oneLine, openWorkerStory, readiness, type WorkerStory } from '../support/worker-story.ts';

// The life of the processes: what they say while they run, and every start that cannot be.

let story: WorkerStory;
before(async () => {
  story = await openWorkerStory();
});
after(() => story?.close());

describe('a running product', () => {
  let product: RunningProduct;
  before(async () => {
    product = await story.start();
  });
  after(() => product?.stop());

  test('answers the wire, decide, explain and status alike', async () => {
    assert.match(await story.connectTo(product, 'one.example'), /^HTTP\/1\.1 200 /);
    const denied = await story.connectTo(product, 'two.example');
    assert.match(denied, /^HTTP\/1\.1 403 /);
    assert.match(denied, /\r\nExeat-Reason: no_rule_matched\r\n/i);
    const id = /\r\nExeat-Decision: (\S+)\r\n/i.exec(denied)?.[1] ?? '';

    const allowed = await product.run('decide', '--as', 'worker', '--to', `one.example:${story.port}`, '-o', 'json');
    assert.equal(allowed.code, 0, allowed.stderr);
    const refused = await product.run('decide', '--as', 'worker', '--to', `two.example:${story.port}`, '-o', 'json');
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

test('without a good policy at start everything is denied and up stays alive and says so', async () => {
  const product = await story.start({ policy: { 'a.yaml': 'service: [' }, config: {} });
  try {
    assert.equal(product.report.policyVersion, null);
    assert.match(product.report.policySays, /everything is denied/);
    const answer = await story.connectTo(product, 'one.example');
    assert.match(answer, /^HTTP\/1\.1 403 /);
    assert.match(answer, /\r\nExeat-Reason: no_policy\r\n/i);
    assert.equal((await readiness(product)).status, 503);
    await product.changePolicy('a.yaml', story.allowing('one.example'));
    assert.match(await story.connectTo(product, 'one.example'), /^HTTP\/1\.1 200 /);
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
      const { configPath } = await writeProductFolder(folder, {
        policy: { 'a.yaml': story.allowing() },
        config: config(),
      });
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
    const { configPath } = await writeProductFolder(folder, { policy: { 'a.yaml': story.allowing() } });
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
