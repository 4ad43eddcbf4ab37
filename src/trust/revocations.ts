import { constants, type KeyObject, verify } from 'node:crypto';
import { type Fault, failed, fault, ok, type Result } from '../base/index.ts';
import type { Certificate } from './certificate.ts';
import { readPem } from './read-pem.ts';
import { KeyUsageFlags, X509Crl } from './x509-library.ts';

/** One revocation list, read once. Instants in epoch milliseconds. */
export interface RevocationList {
  /** The issuer's name, DER, as base64: names are compared by bytes. */
  readonly issuer: string;
  readonly thisUpdate: number;
  readonly nextUpdate: number;
  /** Serial numbers in lower-case hexadecimal without leading zeros. */
  readonly serials: ReadonlySet<string>;
  readonly isSignedBy: (issuer: Certificate) => boolean;
}

/** Lists by the base64 of their issuer's name; several issuers may share a name, so each has a list of lists. */
export type Revocations = readonly RevocationList[];

/** What the lists say of one certificate. `unknown`: its issuer has no list; `lapsed`: all it has are past `nextUpdate`. */
export type RevocationAnswer = 'good' | 'revoked' | 'unknown' | 'lapsed';

/** Critical list extensions: only those that do not narrow the list. A delta or partial list (RFC 5280 5.2.4, 5.2.5) is refused. */
const refusedListExtensions: readonly string[] = ['2.5.29.27', '2.5.29.28'];
const maxLists = 256;

/**
 * Parses PEM revocation lists. Faults: `revocations_malformed`; `revocations_older` where a list is older than the one in
 * force for its issuer, since putting an old list back would revive what was revoked.
 */
export function parseRevocations(
  pem: string,
  inForce: Revocations | null,
): Result<Revocations, Fault<'revocations_malformed' | 'revocations_older'>> {
  const blocks = [...readPem(pem, 'X509 CRL'), ...readPem(pem, 'CRL')];
  if (blocks.length === 0 || blocks.length > maxLists) {
    return failed(fault('revocations_malformed', `a revocation file holds 1 to ${maxLists} PEM lists`));
  }
  const lists: RevocationList[] = [];
  for (const [at, block] of blocks.entries()) {
    const list = readList(block);
    if (list === null) {
      const message = `revocation list ${at + 1} is not a complete list with \`nextUpdate\`; partial and delta lists are not supported`;
      return failed(fault('revocations_malformed', message));
    }
    lists.push(list);
  }
  if (lists.some((list) => inForce?.some((old) => old.issuer === list.issuer && old.thisUpdate > list.thisUpdate))) {
    return failed(fault('revocations_older', 'a revocation list is older than the one in force; give the newest one'));
  }
  return ok(lists);
}

/** Asks the lists about a certificate of a verified path. Past `nextUpdate` a list says nothing, unless `acceptPast`. */
export function askRevocations(
  lists: Revocations,
  certificate: Certificate,
  at: { readonly issuer: Certificate; readonly nowMs: number; readonly acceptPast: boolean },
): RevocationAnswer {
  const serial = plainSerial(certificate.parsed.serialNumber);
  const name = base64(at.issuer.parsed.subjectName.toArrayBuffer());
  let answer: RevocationAnswer = 'unknown';
  for (const list of lists) {
    if (list.issuer !== name || !list.isSignedBy(at.issuer)) continue;
    // Also in a list past its time: what was revoked stays so.
    if (list.serials.has(serial)) return 'revoked';
    if (at.acceptPast || (list.thisUpdate <= at.nowMs && at.nowMs < list.nextUpdate)) answer = 'good';
    else if (answer === 'unknown') answer = 'lapsed';
  }
  return answer;
}

function readList(der: Uint8Array): RevocationList | null {
  try {
    const crl = new X509Crl(new Uint8Array(der));
    const { nextUpdate } = crl;
    if (nextUpdate === undefined || crl.extensions.some(isRefused)) return null;
    const { entries } = crl;
    if (entries.some((entry) => entry.extensions.some((extension) => extension.critical))) return null;
    return {
      issuer: base64(crl.issuerName.toArrayBuffer()),
      thisUpdate: crl.thisUpdate.getTime(),
      nextUpdate: nextUpdate.getTime(),
      serials: new Set(entries.map((entry) => plainSerial(entry.serialNumber))),
      isSignedBy: rememberSignature(crl, signedBytes(der)),
    };
  } catch {
    // Not a list; the caller says which one.
    return null;
  }
}

function isRefused({ type, critical }: { readonly type: string; readonly critical: boolean }): boolean {
  return critical || refusedListExtensions.includes(type);
}

/** A list is verified once for each issuer that it is asked for, then remembered by the issuer's key. */
function rememberSignature(crl: X509Crl, signed: Uint8Array): (issuer: Certificate) => boolean {
  const known = new WeakMap<Certificate, boolean>();
  return (issuer) => {
    const before = known.get(issuer);
    if (before !== undefined) return before;
    const maySign = issuer.usages === null || (issuer.usages & KeyUsageFlags.cRLSign) !== 0;
    const isSigned = maySign && isSignature(crl, signed, issuer.native.publicKey);
    known.set(issuer, isSigned);
    return isSigned;
  };
}

function isSignature(crl: X509Crl, signed: Uint8Array, key: KeyObject): boolean {
  const { name, hash } = crl.signatureAlgorithm as { name: string; hash?: { name: string } };
  const digest = hash?.name.replace('-', '').toLowerCase() ?? null;
  if (digest === 'sha1' || digest === 'md5') return false;
  const padding = name === 'RSA-PSS' ? { padding: constants.RSA_PKCS1_PSS_PADDING } : {};
  try {
    return verify(digest, signed, { key, ...padding }, new Uint8Array(crl.signature));
  } catch {
    // The signature's algorithm does not fit the issuer's key: this issuer did not sign it.
    return false;
  }
}

/**
 * The signed part of a CertificateList (RFC 5280 section 5.1): the first element inside the outer sequence, with its header.
 * The library has checked the structure before.
 */
function signedBytes(der: Uint8Array): Uint8Array {
  const outer = header(der, 0);
  const inner = header(der, outer.content);
  return der.subarray(outer.content, inner.content + inner.length);
}

/** Reads one DER header (X.690 section 8.1.3): where the content starts and how long it is. */
function header(der: Uint8Array, at: number): { readonly content: number; readonly length: number } {
  const first = der[at + 1] ?? 0;
  if (first < 0x80) return { content: at + 2, length: first };
  const count = first & 0x7f;
  let length = 0;
  for (let each = 0; each < count; each += 1) length = length * 256 + (der[at + 2 + each] ?? 0);
  return { content: at + 2 + count, length };
}

function plainSerial(serial: string): string {
  return serial.toLowerCase().replace(/^0+(?=.)/, '');
}

function base64(bytes: ArrayBuffer): string {
  return Buffer.from(bytes).toString('base64');
}
