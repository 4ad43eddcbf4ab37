import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { basicProof, connectHead, exchangeRaw, openRaw } from '../support/raw-client.ts';
import { type AttackBed, openAttackBed } from './attack-bed.ts';

let bed: AttackBed;
before(async () => {
  bed = await openAttackBed();
});
after(() => bed.close());

describe('failed proof falling back', () => {
  test('without a proof, the source range is the identity and its rule allows', async () => {
    const head = await exchangeRaw(bed.port, connectHead(bed.authority('sourced.example')));
    assert.match(head, /^HTTP\/1\.1 200 /);
  });

  const wrongProofs = [
    ['a wrong secret', () => basicProof('app', `exeat_${'A'.repeat(43)}`)],
    ['an unknown name', () => basicProof('nobody', bed.secret)],
    ['an empty secret', () => basicProof('app', '')],
    ['base64 that is none', () => 'Basic !!!!'],
    ['an unknown scheme', () => 'Digest username="app"'],
    ['a token of nobody', () => 'Bearer eyJhbGciOiJub25lIn0.e30.'],
  ] as const;
  for (const [what, proof] of wrongProofs) {
    test(`${what} is 407, not the source's identity`, async () => {
      const head = await exchangeRaw(bed.port, connectHead(bed.authority('sourced.example'), { proof: proof() }));
      assert.match(head, /^HTTP\/1\.1 407 /);
      assert.match(head, /\r\nProxy-Authenticate: Basic /i);
      assert.match(head, /\r\nExeat-Reason: proof_refused\r\n/i);
    });
  }

  test('whatever is wrong with a proof, the answer is the same', async () => {
    const authority = bed.authority('sourced.example');
    const asked = wrongProofs.map(([, proof]) => exchangeRaw(bed.port, connectHead(authority, { proof: proof() })));
    const withoutDate = (await Promise.all(asked)).map((text) => text.replace(/\r\nDate: [^\r]*/i, ''));
    assert.equal(new Set(withoutDate).size, 1);
  });

  test('a 407 keeps the connection for the retry, and three in a row close it', async () => {
    const client = await openRaw(bed.port);
    client.send(connectHead(bed.authority('allowed.example'), { proof: basicProof('app', 'x') }));
    assert.match(await client.readUntil(/\r\n\r\n/), /^HTTP\/1\.1 407 /);
    client.send(connectHead(bed.authority('allowed.example'), { proof: bed.proof }));
    assert.match(await client.readUntil(/\r\n\r\n/), /HTTP\/1\.1 200 /);
    client.close();
    const stubborn = await openRaw(bed.port);
    for (let attempt = 0; attempt < 3; attempt += 1) {
      stubborn.send(connectHead(bed.authority('allowed.example'), { proof: basicProof('app', 'x') }));
      await stubborn.readUntil(/407[\s\S]*\r\n\r\n/);
    }
    await stubborn.readToEnd();
    stubborn.close();
  });
});

describe('replayed token', () => {
  test('a good token is allowed, and refused once it has expired, though it was remembered', async () => {
    const token = await bed.tokens.sign({ sub: 'job', repository_id: '123' }, { expiresInMs: 2500 });
    const ask = (): Promise<string> =>
      exchangeRaw(bed.port, connectHead(bed.authority('token.example'), { proof: `Bearer ${token}` }));
    assert.match(await ask(), /^HTTP\/1\.1 200 /);
    assert.match(await ask(), /^HTTP\/1\.1 200 /);
    await bed.until(async () => /^HTTP\/1\.1 407 /.test(await ask()), 12_000);
  });

  for (const [what, claims, options] of [
    ['for another audience', { aud: 'someone-else' }, {}],
    ['of another issuer', { iss: 'https://evil.example' }, {}],
    ['expired', {}, { expiresInMs: -120_000 }],
  ] as const) {
    test(`a token ${what} is 407`, async () => {
      const token = await bed.tokens.sign({ sub: 'job', repository_id: '123', ...claims }, options);
      const head = await exchangeRaw(
        bed.port,
        connectHead(bed.authority('token.example'), { proof: `Bearer ${token}` }),
      );
      assert.match(head, /^HTTP\/1\.1 407 .*\r\nExeat-Reason: proof_refused\r\n/is);
    });
  }

  test('a token whose claims name no service is 403 identity_unknown', async () => {
    const token = await bed.tokens.sign({ sub: 'job', repository_id: '999' }, {});
    const head = await exchangeRaw(bed.port, connectHead(bed.authority('token.example'), { proof: `Bearer ${token}` }));
    assert.match(head, /^HTTP\/1\.1 403 .*Exeat-Reason: identity_unknown/is);
  });
});
