import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { after, before, test } from 'node:test';
import { createAuthority } from '../support/pki.ts';
import { type RawStory, startRawStory } from '../support/raw-story.ts';
import { createTokenIssuer, type TestTokenIssuer } from '../support/token-issuer.ts';

// A cluster's issuer: its keys stand behind an https URL under an authority of its own.

let issuer: TestTokenIssuer;
let keys: Server;
let story: RawStory;
before(async () => {
  issuer = await createTokenIssuer();
  const authority = await createAuthority('Cluster Root');
  const issued = await authority.issueServer({ names: ['localhost'], addresses: ['127.0.0.1'] });
  keys = createServer({ cert: issued.chainPem, key: issued.keyPem }, (_, response) => {
    response.end(issuer.jwks());
  });
  keys.listen(0, '127.0.0.1');
  await once(keys, 'listening');
  const jwks = `https://127.0.0.1:${(keys.address() as AddressInfo).port}/openid/v1/jwks`;
  story = await startRawStory({
    files: { 'cluster-ca.pem': authority.certificatePem },
    config: {
      issuers: [
        { issuer: issuer.issuer, audience: 'exeat', jwks, authorities: './cluster-ca.pem', maxTokenAge: '30m' },
      ],
    },
  });
});
after(async () => {
  await story?.stop();
  keys?.close();
});

test('keys behind a URL of an authority of its own are trusted by `authorities`', async () => {
  const token = await issuer.sign({ aud: 'exeat', repository_id: '123' });
  assert.equal((await story.ask(story.authority, `Bearer ${token}`)).status, 200);
  assert.deepEqual(await story.problems(), []);
});

test('a token that is older than `maxTokenAge` is refused, however long it lasts', async () => {
  const issuedAt = Math.floor(Date.now() / 1000) - 31 * 60;
  const old = await issuer.sign({ aud: 'exeat', repository_id: '123', iat: issuedAt, exp: issuedAt + 86_400 });
  assert.equal((await story.ask(story.authority, `Bearer ${old}`)).status, 407);
});
