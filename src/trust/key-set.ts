import { type CryptoKey, calculateJwkThumbprint, importJWK, type JWK } from 'jose';
import { z } from 'zod';
import { type Fault, failed, fault, ok, type Result } from '../base/index.ts';

/** The signatures that tokens may carry: asymmetric only, so that whoever can verify cannot sign. */
export const tokenAlgorithms = ['ES256', 'ES384', 'RS256', 'PS256', 'EdDSA', 'Ed25519'] as const;

/** A public key for one algorithm. `thumbprint` (RFC 7638) tells it apart from a later key under the same id. */
export interface TokenKey {
  readonly keyId: string | null;
  readonly algorithm: string;
  readonly thumbprint: string;
  readonly key: CryptoKey;
}

/** The keys of an issuer. `skipped` counts entries that are of no use here: encryption keys, HMAC, short RSA. */
export interface KeySet {
  readonly keys: readonly TokenKey[];
  readonly skipped: number;
}

/** More would be a mistake: issuers publish two to ten. */
const maxKeys = 64;
/** NIST SP 800-131A: RSA below 2048 bits is disallowed. */
const minRsaBits = 2048;

/** kty/crv -> algorithms, RFC 7518 section 3.1 and RFC 8037 section 3.1. */
const algorithmsOfKey: Readonly<Record<string, readonly string[]>> = {
  'EC/P-256': ['ES256'],
  'EC/P-384': ['ES384'],
  'RSA/': ['RS256', 'PS256'],
  'OKP/Ed25519': ['EdDSA', 'Ed25519'],
};

const text = z.string().max(8192);
const keySchema = z.looseObject({
  kty: text,
  crv: text.optional(),
  kid: text.optional(),
  alg: text.optional(),
  use: text.optional(),
});
const setSchema = z.looseObject({ keys: z.array(z.unknown()).max(maxKeys) });

/** Parses a JWKS (RFC 7517). Fault: `keys_malformed`, also where no key in it is of use. */
export async function parseKeySet(json: string): Promise<Result<KeySet, Fault<'keys_malformed'>>> {
  const parsed = setSchema.safeParse(parseJson(json));
  if (!parsed.success) return failed(fault('keys_malformed', `a key set is a JWKS with at most ${maxKeys} \`keys\``));
  const lists = await Promise.all(parsed.data.keys.map(importKey));
  const keys = lists.flat();
  if (keys.length === 0) {
    return failed(fault('keys_malformed', `the key set holds no key for any of ${tokenAlgorithms.join(', ')}`));
  }
  return ok({ keys, skipped: lists.filter((list) => list.length === 0).length });
}

/**
 * The keys that may have signed a token with this header: the algorithm must fit, and the key id too where one is named.
 * Without a key id the key must be the only one for its algorithm.
 */
export function selectKeys(
  set: KeySet,
  header: { readonly alg: string; readonly kid: string | null },
): readonly TokenKey[] {
  const fitting = set.keys.filter((key) => key.algorithm === header.alg);
  if (header.kid !== null) return fitting.filter((key) => key.keyId === header.kid);
  return fitting.length === 1 ? fitting : [];
}

function parseJson(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    // Not JSON is not a key set; the schema says so.
    return null;
  }
}

async function importKey(entry: unknown): Promise<readonly TokenKey[]> {
  const parsed = keySchema.safeParse(entry);
  if (!parsed.success) return [];
  const { kty, crv, kid, alg, use } = parsed.data;
  // SPIFFE trust bundles mark the keys of JWT-SVIDs with their own use (SPIFFE Trust Domain and Bundle, section 4.2).
  if (use !== undefined && use !== 'sig' && use !== 'jwt-svid') return [];
  const algorithms = (algorithmsOfKey[`${kty}/${crv ?? ''}`] ?? []).filter(
    (each) => alg === undefined || fits(each, alg),
  );
  const publicPart = pickPublic(parsed.data as JWK);
  try {
    const thumbprint = await calculateJwkThumbprint(publicPart);
    const keys = await Promise.all(algorithms.map((each) => importJWK(publicPart, each) as Promise<CryptoKey>));
    if (keys.some(isShortRsa)) return [];
    return keys.map((key, at) => ({ keyId: kid ?? null, algorithm: algorithms[at] ?? '', thumbprint, key }));
  } catch {
    // A key that cannot be imported is of no use; it is counted as skipped.
    return [];
  }
}

/** RFC 9864 gave EdDSA with Ed25519 its own name; a key marked with either serves both. */
function fits(algorithm: string, marked: string): boolean {
  const plain = (name: string): string => (name === 'Ed25519' ? 'EdDSA' : name);
  return plain(algorithm) === plain(marked);
}

/** Only the public members: a private key in a JWKS is a leak, and is never loaded. */
function pickPublic(jwk: JWK): JWK {
  const { kty, crv, x, y, n, e } = jwk;
  return JSON.parse(JSON.stringify({ kty, crv, x, y, n, e })) as JWK;
}

function isShortRsa(key: CryptoKey): boolean {
  const { modulusLength } = key.algorithm as { modulusLength?: number };
  return modulusLength !== undefined && modulusLength < minRsaBits;
}
