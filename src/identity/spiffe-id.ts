import { type Fault, failed, fault, ok, type Result } from '../base/index.ts';

/** A SPIFFE ID, taken apart: `spiffe://corp.example/ns/payments` has trust domain `corp.example`, path `/ns/payments`. */
export interface SpiffeId {
  readonly text: string;
  readonly trustDomain: string;
  /** With its leading slash; empty for the trust domain itself. */
  readonly path: string;
}

/** SPIFFE-ID specification, section 2.3: implementations support URIs up to 2048 bytes and need not take longer ones. */
const maxSpiffeIdBytes = 2048;
/** SPIFFE-ID specification, section 2.1: a trust domain name is at most 255 bytes. */
const maxTrustDomainBytes = 255;
const scheme = 'spiffe://';
/** Section 2.1: lower-case letters, digits, dot, dash, underscore. No userinfo, no port, no percent-encoding. */
const trustDomainPattern = /^[a-z0-9._-]+$/;
/** Section 2.2: letters, digits, dot, dash, underscore. */
const segmentPattern = /^[A-Za-z0-9._-]+$/;

/**
 * Parses a SPIFFE ID by the letter of the SPIFFE-ID specification (sections 2.1 to 2.3). Nothing is repaired: upper case in
 * scheme or trust domain, an empty or dot segment, a trailing slash, query, fragment, port, userinfo and `%` are faults.
 */
export function parseSpiffeId(text: string): Result<SpiffeId, Fault<'spiffe_id_malformed'>> {
  if (text.length > maxSpiffeIdBytes) return malformed(`a SPIFFE ID is at most ${maxSpiffeIdBytes} bytes`);
  if (!text.startsWith(scheme)) return malformed('a SPIFFE ID starts with `spiffe://`');
  const rest = text.slice(scheme.length);
  const slash = rest.indexOf('/');
  const trustDomain = slash === -1 ? rest : rest.slice(0, slash);
  const path = slash === -1 ? '' : rest.slice(slash);
  if (!isTrustDomain(trustDomain)) {
    return malformed('the trust domain of a SPIFFE ID is 1 to 255 of `a-z`, `0-9`, `.`, `-`, `_`');
  }
  if (path !== '' && !path.slice(1).split('/').every(isSegment)) {
    return malformed('a path segment of a SPIFFE ID is letters, digits, `.`, `-`, `_`, and neither `.` nor `..`');
  }
  return ok({ text, trustDomain, path });
}

function isTrustDomain(text: string): boolean {
  return text.length <= maxTrustDomainBytes && trustDomainPattern.test(text);
}

function isSegment(segment: string): boolean {
  return segmentPattern.test(segment) && segment !== '.' && segment !== '..';
}

function malformed(message: string): { readonly ok: false; readonly fault: Fault<'spiffe_id_malformed'> } {
  return failed(fault('spiffe_id_malformed', message));
}
