import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { proofOf } from '../support/ask-proxy.ts';
import { createAuthority, type TestAuthority } from '../support/pki.ts';
import { runExeat, waitFor } from '../support/product.ts';
import { type RawStory, replaceFile, startRawStory } from '../support/raw-story.ts';
import { createTokenIssuer, type TestTokenIssuer } from '../support/token-issuer.ts';

// Rows of docs/failure-modes.md: the files that proofs are judged by.

describe('trust material', () => {
  let story: RawStory;
  let issuer: TestTokenIssuer;
  let authority: TestAuthority;
  before(async () => {
    issuer = await createTokenIssuer();
    authority = await createAuthority('Failure Root');
    const proxy = await authority.issueServer({ names: ['proxy.example'] });
    story = await startRawStory({
      files: {
        'jwks.json': issuer.jwks(),
        'proxy.crt': proxy.chainPem,
        'proxy.key': proxy.keyPem,
        'clients.pem': authority.certificatePem,
        'crl.pem': await authority.issueRevocations(),
      },
      config: {
        issuers: [{ issuer: issuer.issuer, audience: 'exeat', jwks: './jwks.json' }],
        tls: {
          certificate: './proxy.crt',
          key: './proxy.key',
          clientBundle: './clients.pem',
          revocations: './crl.pem',
        },
      },
    });
  });
  after(() => story?.stop());

  test('a broken file leaves what was read in force; status and log name it until it is mended', async () => {
    const broken = ['jwks.json', 'credentials.json', 'proxy.crt', 'clients.pem', 'crl.pem'];
    const good = new Map(broken.map((name) => [name, readFileSync(join(story.product.folder, name))]));
    for (const name of broken) replaceFile(join(story.product.folder, name), 'not what it should be, secret-looking');
    const linesOf = (): readonly string[] =>
      story.product
        .stderr()
        .split('\n')
        .filter((line) => line.includes('"keeping":true'));
    await waitFor(async () => linesOf().length >= broken.length, 'a line for each file', 10_000);
    const problems = await story.problems();
    assert.equal(problems.length, broken.length, problems.join('\n'));
    for (const name of broken) {
      assert.ok(
        problems.some((each) => each.includes(`/${name}\``)),
        `${name} in ${problems.join('\n')}`,
      );
      assert.equal(linesOf().filter((line) => line.includes(`/${name}\``)).length, 1, `one line for ${name}`);
    }
    assert.doesNotMatch(`${problems.join('\n')}${story.product.stderr()}`, /secret-looking/);
    const token = await issuer.sign({ aud: 'exeat', repository_id: '123' });
    for (const proof of [proofOf(story.product, 'story'), `Bearer ${token}`]) {
      assert.equal((await story.ask(story.authority, proof)).status, 200);
    }
    for (const [name, content] of good) replaceFile(join(story.product.folder, name), content);
    await waitFor(async () => (await story.problems()).length === 0, 'the mend', 10_000);
  });

  test('a listener certificate that expired is a problem in the status, and what needs no TLS goes on', async () => {
    const expired = await authority.issueServer({ names: ['proxy.example'], notAfter: Date.now() - 1_000 });
    replaceFile(join(story.product.folder, 'proxy.key'), expired.keyPem);
    replaceFile(join(story.product.folder, 'proxy.crt'), expired.chainPem);
    const isTold = async (): Promise<boolean> =>
      (await story.problems()).some((each) => /^listener certificate: .*(?:expired|ended)/.test(each));
    await waitFor(isTold, 'the problem', 10_000);
    assert.equal((await story.ask()).status, 200);
  });

  test('a broken file at the start is one line that names it, exit code 1', async () => {
    const path = join(story.product.folder, 'jwks.json');
    replaceFile(path, 'not what it should be');
    const second = await runExeat(['up', '--config', story.product.configPath], {
      env: { EXEAT_STATE: join(story.product.folder, 'other-state') },
    });
    assert.equal(second.code, 1);
    const lines = second.stderr.split('\n').filter((line) => line !== '' && !line.startsWith('{'));
    assert.equal(lines.length, 1, second.stderr);
    assert.match(lines[0] ?? '', /^exeat: .*\/jwks\.json`/);
  });
});
