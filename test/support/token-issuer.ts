import { type CryptoKey, exportJWK, generateKeyPair, type JWK, type JWTHeaderParameters, SignJWT } from 'jose';

/** A key algorithm of a test issuer. */
export type TestAlgorithm = 'ES256' | 'ES384' | 'RS256' | 'PS256' | 'EdDSA';

/** A maker of signed tokens, all in this process. */
export interface TestTokenIssuer {
  readonly issuer: string;
  readonly keyId: string;
  readonly algorithm: TestAlgorithm;
  /** The public keys, current and (after a rotation) older ones, as the text of a JWKS file. */
  jwks(): string;
  /**
   * Signs claims. `iss`, `iat` (now) and `exp` (ten minutes) are filled in where the claims do not say (an `undefined`
   * leaves one out); times are epoch seconds. `header` is laid over the protected header.
   */
  sign(claims: Record<string, unknown>, header?: Partial<JWTHeaderParameters>): Promise<string>;
  /** Makes a new key; the old one stays in the JWKS only when asked to. Returns the new key id. */
  rotate(options?: { readonly keepOld?: boolean }): Promise<string>;
  /** The private key in use, for tokens that a test builds by itself. */
  privateKey(): CryptoKey;
}

/** Makes an issuer: `await createTokenIssuer({ issuer: 'https://ci.example.com', algorithm: 'ES256' })`. */
export async function createTokenIssuer(
  options: { readonly issuer?: string; readonly algorithm?: TestAlgorithm } = {},
): Promise<TestTokenIssuer> {
  const issuer = options.issuer ?? 'https://ci.example.com';
  const algorithm = options.algorithm ?? 'ES256';
  let round = 1;
  let keys = await makeKey(algorithm, 'key-1');
  let published: JWK[] = [keys.jwk];
  return {
    issuer,
    algorithm,
    get keyId() {
      return `key-${round}`;
    },
    jwks: () => JSON.stringify({ keys: published }),
    privateKey: () => keys.privateKey,
    async sign(claims, header) {
      const now = Math.floor(Date.now() / 1000);
      const payload = { iss: issuer, iat: now, exp: now + 600, ...claims };
      return new SignJWT(payload)
        .setProtectedHeader({ alg: algorithm, kid: `key-${round}`, typ: 'JWT', ...header })
        .sign(keys.privateKey, header?.crit === undefined ? {} : { crit: { [header.crit[0] ?? '']: true } });
    },
    async rotate(how) {
      round += 1;
      keys = await makeKey(algorithm, `key-${round}`);
      published = how?.keepOld === true ? [...published, keys.jwk] : [keys.jwk];
      return `key-${round}`;
    },
  };
}

async function makeKey(algorithm: TestAlgorithm, keyId: string): Promise<{ jwk: JWK; privateKey: CryptoKey }> {
  const pair = await generateKeyPair(algorithm, { extractable: true });
  const jwk = await exportJWK(pair.publicKey);
  return { jwk: { ...jwk, kid: keyId, alg: algorithm, use: 'sig' }, privateKey: pair.privateKey };
}
