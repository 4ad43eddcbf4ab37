import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { proofOf } from '../support/ask-proxy.ts';
import { type RunningProduct, startProduct, waitFor } from '../support/product.ts';
import { freePorts, repositoryFolder, runLine } from '../support/quickstart-copy.ts';
import { connectHead, exchangeRaw } from '../support/raw-client.ts';
import { skipUnless } from '../support/requires.ts';
import { type StoryOrigins, startStoryOrigins } from '../support/story-origins.ts';

// What an operator types beside a running product: a credential for a workload, variables for its shell, a look at the machine.

let origins: StoryOrigins;
let product: RunningProduct;
let exeat: string;
before(async () => {
  origins = await startStoryOrigins(['allowed.example', 'denied.example']);
  const [port = 0] = await freePorts(1);
  product = await startProduct({
    policy: { 'story.yaml': policy() },
    credentials: ['settled'],
    config: {
      listen: { proxy: `127.0.0.1:${port}`, console: '127.0.0.1:0' },
      hosts: { 'allowed.example': '127.0.0.1', 'denied.example': '127.0.0.1' },
      localOrigins: [`127.0.0.1:${origins.secure.port}`, `127.0.0.1:${origins.plain.port}`],
    },
  });
  exeat = `'${process.execPath}' '${repositoryFolder}src/cli/exeat.ts' --config '${product.configPath}'`;
});
after(async () => {
  await product?.stop();
  await origins?.close();
});

describe('a new workload', () => {
  let secret: string;

  test('gets a credential while the product runs: shown once, stored as a digest', async () => {
    const added = await product.run('credential', 'add', 'newcomer', '-o', 'json');
    assert.equal(added.code, 0, added.stderr);
    ({ secret } = JSON.parse(added.stdout) as { secret: string });
    assert.ok(secret.length >= 43);
    const listed = await product.run('credential', 'list', '-o', 'json');
    assert.match(listed.stdout, /newcomer/);
    assert.equal(listed.stdout.includes(secret), false);
  });

  test('evaluates `exeat env` in its shell, and curl is allowed and denied without an option', {
    skip: skipUnless('curl'),
  }, async () => {
    const inShell = (command: string): ReturnType<typeof runLine> =>
      runLine(`export EXEAT_SECRET='${secret}'; eval "$(${exeat} env --as newcomer)"; ${command}`, product.folder);
    const curl = `curl -sS --cacert '${origins.caFile}'`;
    const allowed = await waitFor(async () => {
      const end = await inShell(`${curl} https://allowed.example:${origins.secure.port}/from-a-shell`);
      return end.code === 0 && end;
    }, 'the new credential');
    assert.match(allowed.stdout, /path=\/from-a-shell/);
    const plain = await inShell(`${curl} http://allowed.example:${origins.plain.port}/plain`);
    assert.match(plain.stdout, /path=\/plain/);
    const denied = await inShell(`${curl} https://denied.example:${origins.secure.port}/`);
    assert.notEqual(denied.code, 0);
    assert.match(denied.stderr, /403/);
  });

  test("so does Node's own fetch, without a line of code", async () => {
    const script = (name: string): string =>
      `fetch("https://${name}:${origins.secure.port}/from-node").then(async (r) => console.log(r.status, await r.text()), (e) => { console.error(String(e.cause ?? e)); process.exit(3); })`;
    const inShell = (name: string): ReturnType<typeof runLine> =>
      runLine(
        `export EXEAT_SECRET='${secret}' NODE_EXTRA_CA_CERTS='${origins.caFile}'; eval "$(${exeat} env --as newcomer --runtime node)"; '${process.execPath}' -e '${script(name)}'`,
        product.folder,
      );
    const allowed = await inShell('allowed.example');
    assert.match(allowed.stdout, /^200 method=GET .*path=\/from-node/, allowed.stderr);
    assert.equal((await inShell('denied.example')).code, 3);
  });

  test('loses it by `credential remove`, and the others keep theirs', async () => {
    const removed = await product.run('credential', 'remove', 'newcomer');
    assert.equal(removed.code, 0, removed.stderr);
    const head = (proof: string): string => connectHead(`allowed.example:${origins.secure.port}`, { proof });
    const proof = `Basic ${Buffer.from(`newcomer:${secret}`).toString('base64')}`;
    await waitFor(
      async () => (await exchangeRaw(product.proxyPort, head(proof))).startsWith('HTTP/1.1 407 '),
      'the refusal',
    );
    assert.match(await exchangeRaw(product.proxyPort, head(proofOf(product, 'settled'))), /^HTTP\/1\.1 200 /);
  });
});

describe('an operator', () => {
  test('asks `exeat doctor`, which looks at the machine and says what it finds', async () => {
    const { code, stdout, stderr } = await product.run('doctor', '-o', 'json');
    assert.equal(stderr, '');
    const checks = JSON.parse(stdout) as readonly { readonly [key: string]: unknown }[];
    assert.ok(checks.length >= 5, stdout);
    const isBad = checks.some((check) => Object.values(check).includes('fail'));
    assert.equal(code, isBad ? 3 : 0, stdout);
  });

  test('checks and counts the policy in force', async () => {
    const check = await product.run('policy', 'check', product.policyFolder, '-o', 'json');
    assert.equal(check.code, 0, check.stdout);
    const stats = await product.run('policy', 'stats', product.policyFolder, '-o', 'json');
    assert.equal(stats.code, 0, stats.stderr);
    assert.match(stats.stdout, /"enforce": ?2/);
  });
});

function policy(): string {
  return ['newcomer', 'settled']
    .map(
      (name) => `apiVersion: exeat/v1
service: ${name}
owner: team-story
kind: app
mode: enforce
identities: [ "credential:${name}" ]
allow:
  - { to: "allowed.example:${origins.secure.port}", reason: the origin over TLS }
  - { to: "http://allowed.example:${origins.plain.port}", reason: the origin in clear text }
tests:
  - { allow: "allowed.example:${origins.secure.port}" }
  - { deny: "denied.example:${origins.secure.port}", because: no_rule_matched }
`,
    )
    .join('---\n');
}
