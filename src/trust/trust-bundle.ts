import { type Fault, failed, fault, ok, type Result } from '../base/index.ts';
import { type Certificate, readCertificate } from './certificate.ts';
import { readPem } from './read-pem.ts';
import { hasUnreadableUris, spiffeIdOf } from './svid-profile.ts';

/** Authorities that client certificates may rest on. */
export interface TrustBundle {
  /** As read, for the TLS listener's list of accepted authorities. */
  readonly pem: string;
  readonly authorities: readonly Certificate[];
}

/** A mesh of federated trust domains has a handful each. */
const maxAuthorities = 256;

/** Parses a PEM bundle. Fault: `bundle_malformed`, also for an entry that is no authority: half a bundle is no bundle. */
export function parseTrustBundle(pem: string): Result<TrustBundle, Fault<'bundle_malformed'>> {
  const blocks = readPem(pem, 'CERTIFICATE');
  if (blocks.length === 0 || blocks.length > maxAuthorities) {
    return malformed(`a client bundle holds 1 to ${maxAuthorities} PEM certificates`);
  }
  const authorities: Certificate[] = [];
  for (const [at, block] of blocks.entries()) {
    const certificate = readCertificate(block);
    // An authority whose trust domain cannot be told would speak for every one.
    if (certificate === null || !certificate.isAuthority || hasUnreadableUris(certificate)) {
      return malformed(`certificate ${at + 1} of the client bundle is not a usable authority`);
    }
    authorities.push(certificate);
  }
  return ok({ pem, authorities });
}

/** The trust domain that an authority is marked with, null where it has none (X509-SVID section 3.1). */
export function trustDomainOf(authority: Certificate): string | null {
  return spiffeIdOf(authority)?.trustDomain ?? null;
}

function malformed(message: string): { readonly ok: false; readonly fault: Fault<'bundle_malformed'> } {
  return failed(fault('bundle_malformed', message));
}
