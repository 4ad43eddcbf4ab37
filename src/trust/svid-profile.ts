import { parseSpiffeId, type SpiffeId } from '../identity/index.ts';
import type { Certificate } from './certificate.ts';
import {
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  KeyUsageFlags,
  SubjectAlternativeNameExtension,
} from './x509-library.ts';

/**
 * The SPIFFE ID of a client's leaf, by the X509-SVID specification: exactly one URI name, a SPIFFE ID with a path
 * (sections 2 and 5.2); no authority, key usage given with digitalSignature and without keyCertSign and cRLSign
 * (section 4.3); extended key usage, if any, with client authentication (section 4.4). Null where any of it fails.
 */
export function clientSpiffeId(leaf: Certificate): SpiffeId | null {
  if (leaf.isAuthority || leaf.usages === null) return null;
  if ((leaf.usages & KeyUsageFlags.digitalSignature) === 0) return null;
  if ((leaf.usages & (KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign)) !== 0) return null;
  const extended = leaf.parsed.getExtension(ExtendedKeyUsageExtension);
  if (extended !== null && !extended.usages.includes(ExtendedKeyUsage.clientAuth)) return null;
  const id = spiffeIdOf(leaf);
  return id === null || id.path === '' ? null : id;
}

/** Whether a certificate carries URI names that are no single SPIFFE ID: a mark that nobody can read for sure. */
export function hasUnreadableUris(certificate: Certificate): boolean {
  const names = certificate.parsed.getExtension(SubjectAlternativeNameExtension)?.names.items ?? [];
  return names.some((name) => name.type === 'url') && spiffeIdOf(certificate) === null;
}

/** The SPIFFE ID that a certificate carries; null for none, for a malformed one, and for more than one URI name. */
export function spiffeIdOf(certificate: Certificate): SpiffeId | null {
  // Taken from the parsed structure: Node's text form of the names can be forged with commas (CVE-2021-44532).
  const names = certificate.parsed.getExtension(SubjectAlternativeNameExtension)?.names.items ?? [];
  const uris = names.filter((name) => name.type === 'url');
  const [uri] = uris;
  if (uri === undefined || uris.length !== 1) return null;
  const id = parseSpiffeId(uri.value);
  return id.ok ? id.value : null;
}
