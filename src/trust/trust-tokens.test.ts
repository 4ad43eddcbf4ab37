import assert from 'node:assert/strict';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { after, before, describe, it } from 'node:test';
import { exportJWK, generateKeyPair, SignJWT } from 'jose';
import { createAuthority } from '../../test/support/pki.ts';
import { createTokenIssuer, type TestTokenIssuer } from '../../test/support/token-issuer.ts';
import { createTrustSetup, type TrustSetup } from '../../test/support/trust-setup.ts';
import type { Trust } from './trust.ts';

const audience = 'exeat';
const seconds = (ms: number): number => Math.floor(ms / 1000);

async function outcome(trust: Trust, token: string, nowMs: number): Promise<string> {
  const result = await trust.verify({ kind: 'bearer', token }, nowMs);
  return result.kind === 'failed' ? result.why : result.kind;
}

describe('proof by token, keys from a file', () => {
  let setup: TrustSetup;
  let issuer: TestTokenIssuer;
  let trust: Trust;
  let now = 0;
  before(async () => {
    setup = await createTrustSetup();
    now = setup.clock.nowMs;
    issuer = await createTokenIssuer();
    const path = await setup.write('jwks.json', issuer.jwks());
    const issuers = [
      { issuer: issuer.issuer, audience, jwks: { kind: 'file', path }, trustDomain: 'corp.example' } as const,
    ];
    trust = await setup.start({ issuers });
  });
  after(() => setup.close());

  for (const algorithm of ['ES256', 'ES384', 'RS256', 'PS256', 'EdDSA'] as const) {
    it(`a token signed with ${algorithm} verifies`, async () => {
      const own = await createTokenIssuer({ issuer: `https://${algorithm.toLowerCase()}.example`, algorithm });
      const path = await setup.write(`${algorithm}.json`, own.jwks());
      const other = await setup.start({ issuers: [{ issuer: own.issuer, audience, jwks: { kind: 'file', path } }] });
      assert.equal(await outcome(other, await own.sign({ aud: audience }), now), 'verified');
    });
  }

  const rows: readonly (readonly [string, () => Record<string, unknown>, Record<string, unknown>, string])[] = [
    ['a sound token', () => ({ aud: audience }), {}, 'verified'],
    ['a token of several audiences, ours among them', () => ({ aud: ['other', audience] }), {}, 'verified'],
    ['a token for another audience', () => ({ aud: 'other' }), {}, 'audience_mismatch'],
    ['a token without audience', () => ({}), {}, 'malformed'],
    ['an audience in another case', () => ({ aud: 'Exeat' }), {}, 'audience_mismatch'],
    ['another issuer', () => ({ aud: audience, iss: 'https://evil.example' }), {}, 'issuer_unknown'],
    ['our issuer with a slash', () => ({ aud: audience, iss: 'https://ci.example.com/' }), {}, 'issuer_unknown'],
    ['no expiry', () => ({ aud: audience, exp: undefined }), {}, 'malformed'],
    ['no issue time', () => ({ aud: audience, iat: undefined }), {}, 'malformed'],
    ['an expired token', () => ({ aud: audience, exp: seconds(now) - 1, iat: seconds(now) - 60 }), {}, 'expired'],
    ['a token too old', () => ({ aud: audience, iat: seconds(now) - 90_000 }), {}, 'expired'],
    [
      'a token from the future',
      () => ({ aud: audience, iat: seconds(now) + 120, exp: seconds(now) + 600 }),
      {},
      'not_yet_valid',
    ],
    ['a token not valid yet', () => ({ aud: audience, nbf: seconds(now) + 120 }), {}, 'not_yet_valid'],
    ['an issuer whose clock runs 10 s ahead', () => ({ aud: audience, iat: seconds(now) + 10 }), {}, 'verified'],
    ['an unknown key id', () => ({ aud: audience }), { kid: 'made-up' }, 'signature_invalid'],
    ['no key id, one key of that algorithm', () => ({ aud: audience }), { kid: undefined }, 'verified'],
    ['a critical header', () => ({ aud: audience }), { crit: ['x'], x: 1 }, 'malformed'],
    ['another kind of token', () => ({ aud: audience }), { typ: 'logout+jwt' }, 'malformed'],
    [
      'headers that point elsewhere for keys',
      () => ({ aud: audience }),
      { jku: 'https://evil.example/jwks', x5u: 'https://evil.example/x' },
      'verified',
    ],
    ['claims that collide', () => ({ aud: audience, 'a.b': 'x', a: { b: 'y' } }), {}, 'malformed'],
  ];
  for (const [name, claims, header, expected] of rows) {
    it(`${name}: ${expected}`, async () => {
      assert.equal(await outcome(trust, await issuer.sign(claims(), header), now), expected);
    });
  }

  it('a key that the token brings along is never used', async () => {
    const own = await generateKeyPair('ES256', { extractable: true });
    const jwk = await exportJWK(own.publicKey);
    const payload = { iss: issuer.issuer, aud: audience, iat: seconds(now), exp: seconds(now) + 60 };
    for (const header of [{ jwk }, { jwk, kid: issuer.keyId }, { x5c: ['AAAA'], kid: issuer.keyId }]) {
      const token = await new SignJWT(payload).setProtectedHeader({ alg: 'ES256', ...header }).sign(own.privateKey);
      assert.equal(await outcome(trust, token, now), 'signature_invalid');
    }
  });

  it('no signature, and an HMAC with the public key as its secret, are refused', async () => {
    const encode = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');
    const payload = encode({ iss: issuer.issuer, aud: audience, iat: seconds(now), exp: seconds(now) + 60 });
    const hmac = await new SignJWT({ iss: issuer.issuer, aud: audience })
      .setProtectedHeader({ alg: 'HS256', kid: issuer.keyId })
      .setIssuedAt()
      .setExpirationTime('1m')
      .sign(new TextEncoder().encode(issuer.jwks()));
    for (const token of [
      `${encode({ alg: 'none' })}.${payload}.`,
      `${encode({ alg: 'none' })}.${payload}.AAAA`,
      hmac,
    ]) {
      assert.equal(await outcome(trust, token, now), 'malformed');
    }
  });

  it('as the Basic password a token needs the username `token`', async () => {
    const password = await issuer.sign({ aud: audience, sub: 'job' });
    const good = await trust.verify({ kind: 'basic', username: 'token', password }, now);
    assert.equal(good.kind, 'verified');
    const odd = await trust.verify({ kind: 'basic', username: 'payments-api', password }, now);
    assert.deepEqual(odd, { kind: 'failed', why: 'malformed' });
  });

  it('a subject is a SPIFFE ID in the trust domain of its issuer only; claims come as text', async () => {
    const read = async (sub: string): Promise<string | null> => {
      const result = await trust.verify(
        { kind: 'bearer', token: await issuer.sign({ aud: audience, sub, run: 7 }) },
        now,
      );
      assert.ok(result.kind === 'verified' && result.evidence.kind === 'token');
      assert.equal(result.evidence.claims['run'], '7');
      return result.evidence.spiffeId;
    };
    assert.equal(await read('spiffe://corp.example/ci'), 'spiffe://corp.example/ci');
    assert.equal(await read('spiffe://other.example/ci'), null);
    assert.equal(await read('spiffe://corp.example'), null);
    assert.equal(await read('job'), null);
  });

  it('replayed after its expiry a token is refused, also while it is remembered', async () => {
    const token = await issuer.sign({ aud: audience, exp: seconds(now) + 20 });
    const first = await trust.verify({ kind: 'bearer', token }, now);
    assert.ok(first.kind === 'verified');
    const again = trust.verify({ kind: 'bearer', token }, now + 1000);
    assert.ok(!(again instanceof Promise) && again.kind === 'verified');
    const end = (seconds(now) + 20) * 1000;
    assert.equal(await outcome(trust, token, end), 'expired');
    assert.equal(trust.stillHolds(first.evidence, end), false);
  });

  it('replayed after a rotation of keys a token is refused, also while it is remembered', async () => {
    const token = await issuer.sign({ aud: audience });
    const first = await trust.verify({ kind: 'bearer', token }, now);
    assert.ok(first.kind === 'verified');
    await issuer.rotate({ keepOld: true });
    await setup.write('jwks.json', issuer.jwks());
    await trust.reload();
    assert.equal(await outcome(trust, token, now), 'verified');
    assert.equal(trust.stillHolds(first.evidence, now), true);
    await issuer.rotate();
    await setup.write('jwks.json', issuer.jwks());
    await trust.reload();
    assert.equal(await outcome(trust, token, now), 'signature_invalid');
    assert.equal(trust.stillHolds(first.evidence, now), false);
    assert.equal(await outcome(trust, await issuer.sign({ aud: audience }), now), 'verified');
  });
});

describe('proof by token, keys from a URL', () => {
  let setup: TrustSetup;
  const closers: (() => void)[] = [];
  before(async () => {
    setup = await createTrustSetup();
  });
  after(async () => {
    for (const close of closers) close();
    await setup.close();
  });

  const serve = async (
    answer: () => { readonly status: number; readonly body: string; readonly location?: string },
  ) => {
    const pki = await createAuthority('Keys Root');
    const own = await pki.issueServer({ names: ['localhost'], addresses: ['127.0.0.1'] });
    const state = { hits: 0 };
    const server = createServer({ cert: own.chainPem, key: own.keyPem }, (_request, response) => {
      state.hits += 1;
      const { status, body, location } = answer();
      response.writeHead(status, location === undefined ? {} : { location }).end(body);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    closers.push(() => {
      server.closeAllConnections();
      server.close();
    });
    const url = `https://127.0.0.1:${(server.address() as AddressInfo).port}/jwks`;
    return {
      state,
      url,
      authorities: await setup.write(`${state.hits}-${url.slice(-10, -5)}.pem`, pki.certificatePem),
    };
  };
  const trustIn = (issuer: TestTokenIssuer, at: { url: string; authorities: string | null }): Promise<Trust> =>
    setup.start({
      issuers: [{ issuer: issuer.issuer, audience, jwks: { kind: 'url', url: at.url }, authorities: at.authorities }],
      keysCooldownMs: 10_000,
      keysMaxStaleMs: 60_000,
    });

  it('keys are fetched, a new key is found once the cooldown is over, made-up key ids cause one fetch', async () => {
    const issuer = await createTokenIssuer();
    const at = await serve(() => ({ status: 200, body: issuer.jwks() }));
    const trust = await trustIn(issuer, at);
    assert.equal(await outcome(trust, await issuer.sign({ aud: audience }), setup.clock.nowMs), 'verified');
    assert.equal(at.state.hits, 1);
    await issuer.rotate();
    const next = await issuer.sign({ aud: audience });
    assert.equal(await outcome(trust, next, setup.clock.nowMs), 'signature_invalid');
    assert.equal(at.state.hits, 1);
    setup.clock.nowMs += 10_000;
    const { generation } = trust;
    assert.equal(await outcome(trust, next, setup.clock.nowMs), 'verified');
    assert.equal(trust.generation, generation + 1);
    const madeUp = await Promise.all(
      Array.from({ length: 20 }, (_, index) => issuer.sign({ aud: audience }, { kid: `made-up-${index}` })),
    );
    await Promise.all(madeUp.map((token) => outcome(trust, token, setup.clock.nowMs)));
    assert.equal(at.state.hits, 2);
  });

  it('in an outage known keys serve for a bounded time, unknown ones are unavailable', async () => {
    const issuer = await createTokenIssuer();
    const body = issuer.jwks();
    let isUp = true;
    const at = await serve(() => (isUp ? { status: 200, body } : { status: 503, body: '' }));
    const trust = await trustIn(issuer, at);
    const known = await issuer.sign({ aud: audience });
    assert.equal(await outcome(trust, known, setup.clock.nowMs), 'verified');
    isUp = false;
    setup.clock.nowMs += 20_000;
    await issuer.rotate();
    assert.equal(await outcome(trust, await issuer.sign({ aud: audience }), setup.clock.nowMs), 'unavailable');
    assert.equal(await outcome(trust, known, setup.clock.nowMs), 'verified');
    assert.equal(trust.status(setup.clock.nowMs).problems[0]?.code, 'keys_unreachable');
    setup.clock.nowMs += 50_000;
    assert.equal(await outcome(trust, known, setup.clock.nowMs), 'unavailable');
  });

  const refused: readonly (readonly [string, () => { status: number; body: string; location?: string }])[] = [
    ['a redirect', () => ({ status: 302, body: '', location: 'https://127.0.0.1:1/jwks' })],
    ['an endless body', () => ({ status: 200, body: 'x'.repeat(400_000) })],
    ['no JSON', () => ({ status: 200, body: '<html>' })],
    ['an empty key set', () => ({ status: 200, body: '{"keys":[]}' })],
    ['an HMAC key', () => ({ status: 200, body: '{"keys":[{"kty":"oct","k":"AAAA","alg":"HS256"}]}' })],
  ];
  for (const [name, answer] of refused) {
    it(`${name} in place of the keys leaves the issuer unavailable`, async () => {
      const issuer = await createTokenIssuer();
      const trust = await trustIn(issuer, await serve(answer));
      assert.equal(await outcome(trust, await issuer.sign({ aud: audience }), setup.clock.nowMs), 'unavailable');
    });
  }

  it('a key server with a certificate of another authority is not believed', async () => {
    const issuer = await createTokenIssuer();
    const at = await serve(() => ({ status: 200, body: issuer.jwks() }));
    const trust = await trustIn(issuer, { url: at.url, authorities: null });
    assert.equal(await outcome(trust, await issuer.sign({ aud: audience }), setup.clock.nowMs), 'unavailable');
  });

  it('keys over http are refused at start', async () => {
    const issuer = await createTokenIssuer();
    await assert.rejects(trustIn(issuer, { url: 'http://127.0.0.1:1/jwks', authorities: null }), TypeError);
  });
});
