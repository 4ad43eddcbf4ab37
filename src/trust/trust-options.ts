import type { Clock } from '../base/index.ts';

/** Where the log lines of trust go; pino has this shape. Fields never hold a secret, a token or a password. */
export interface TrustLog {
  info(fields: Readonly<Record<string, unknown>>, message: string): void;
  warn(fields: Readonly<Record<string, unknown>>, message: string): void;
  error(fields: Readonly<Record<string, unknown>>, message: string): void;
}

/** Where the keys of a token issuer come from: a JWKS file, or an https URL. */
export type KeysFrom =
  | { readonly kind: 'file'; readonly path: string }
  | { readonly kind: 'url'; readonly url: string };

/** One trusted issuer of signed tokens. */
export interface TrustedIssuerOptions {
  /** The exact `iss` of its tokens. */
  readonly issuer: string;
  /** The text that `aud` must be, or hold. */
  readonly audience: string;
  /** Where its keys are. */
  readonly jwks: KeysFrom;
  /** The SPIFFE trust domain that it speaks for; its `sub` counts as a SPIFFE ID of that domain only. Default: null, of none. */
  readonly trustDomain?: string | null;
  /** The oldest a token may be, by its `iat`, in milliseconds. Default: 24 hours. */
  readonly maxTokenAgeMs?: number;
  /** PEM file of authorities for the https URL. Default: null, the ones that Node ships. */
  readonly authorities?: string | null;
}

/** TLS to the proxy. Paths of PEM files. */
export interface TrustTlsOptions {
  /** The certificate chain of the listener, leaf first. */
  readonly certificate: string;
  /** Its private key. */
  readonly key: string;
  /** Authorities of client certificates. Default: null, no client certificate is asked for. */
  readonly clientBundle?: string | null;
  /** Revocation lists of those authorities; then the issuer of every client must have one. Default: null, none are looked at. */
  readonly revocations?: string | null;
  /** The one SPIFFE trust domain that client certificates may name. Default: null, any that the bundle vouches for. */
  readonly trustDomain?: string | null;
  /** What a list past its `nextUpdate` does: `refuse` fails the certificates of its issuer. Default: `refuse`. */
  readonly revocationsPastUpdate?: 'refuse' | 'accept';
}

/** What `createTrust` needs. Absent parts are switched off: proofs of that kind fail. */
export interface TrustOptions {
  readonly clock: Clock;
  readonly log: TrustLog;
  /** The credential file. Default: null. */
  readonly credentials?: string | null;
  /** Trusted issuers, each `issuer` once. Default: none. */
  readonly issuers?: readonly TrustedIssuerOptions[];
  /** TLS to the proxy. Default: null. */
  readonly tls?: TrustTlsOptions | null;
  /** How often files are compared, in milliseconds, beside the kernel's notices. Default: 3000. */
  readonly pollIntervalMs?: number;
  /** How often remote keys are fetched again, in milliseconds. Default: 5 minutes. */
  readonly keysRefreshMs?: number;
  /** The shortest time between two fetches of one issuer's keys, in milliseconds. Default: 30 seconds. */
  readonly keysCooldownMs?: number;
  /** How long keys that were fetched once serve while fetching fails, in milliseconds. Default: 6 hours. */
  readonly keysMaxStaleMs?: number;
}

/** A notice from the kernel may be lost (network file systems, bind mounts), so files are compared every 3 s too. */
export const defaultPollIntervalMs = 3_000;
/** A key that an issuer withdrew is refused at most 5 minutes later. */
export const defaultKeysRefreshMs = 300_000;
/** Tokens with made-up key ids cause at most two fetches a minute. */
export const defaultKeysCooldownMs = 30_000;
/** An outage of an issuer for a working day's morning breaks nobody; longer ones fail closed. */
export const defaultKeysMaxStaleMs: number = 6 * 3_600_000;
/** The longest jobs of the usual CI systems end within a day. */
export const defaultMaxTokenAgeMs: number = 24 * 3_600_000;
/** How far an issuer's clock may run ahead of ours. Expiry has no such tolerance. */
export const clockToleranceMs = 30_000;
