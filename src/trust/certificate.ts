import { X509Certificate } from 'node:crypto';
import {
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  KeyUsageFlags,
  KeyUsagesExtension,
  ParsedCertificate,
} from './x509-library.ts';

/** A certificate read once: Node's view verifies signatures, the parsed one gives the extensions. Instants in epoch ms. */
export interface Certificate {
  readonly native: X509Certificate;
  readonly parsed: ParsedCertificate;
  readonly notBefore: number;
  readonly notAfter: number;
  readonly isAuthority: boolean;
  /** Null where the extension is absent. */
  readonly usages: number | null;
}

/** Certificates with many names take 4 KiB. */
const maxCertificateBytes = 16_384;
/** NIST SP 800-131A: SHA-1 and MD5 signatures are disallowed, and RSA below 2048 bits. */
const refusedHashes: readonly string[] = ['SHA-1', 'MD5'];
const minRsaBits = 2048;
const minEcBits: Readonly<Record<string, boolean>> = { prime256v1: true, secp384r1: true, secp521r1: true };

/**
 * Critical extensions that {@link isSoundPath} and the leaf's profile process (RFC 5280 section 4.2). Any other critical one
 * makes a certificate unusable, as the RFC demands; name constraints are refused even when not critical, since they limit
 * and we do not evaluate them.
 */
const processedExtensions: readonly string[] = [
  '2.5.29.15', // key usage
  '2.5.29.17', // subject alternative name
  '2.5.29.19', // basic constraints
  '2.5.29.37', // extended key usage
];
const nameConstraints = '2.5.29.30';

/** Reads a certificate, DER. Null for anything that is not a sound one: never throws. */
export function readCertificate(der: Uint8Array): Certificate | null {
  if (der.length === 0 || der.length > maxCertificateBytes) return null;
  try {
    const native = new X509Certificate(der);
    const parsed = new ParsedCertificate(new Uint8Array(native.raw));
    const certificate: Certificate = {
      native,
      parsed,
      notBefore: parsed.notBefore.getTime(),
      notAfter: parsed.notAfter.getTime(),
      isAuthority: parsed.getExtension(BasicConstraintsExtension)?.ca === true,
      usages: parsed.getExtension(KeyUsagesExtension)?.usages ?? null,
    };
    return isStrong(certificate) && hasOnlyProcessedExtensions(parsed) ? certificate : null;
  } catch {
    // Bytes from outside that are no certificate; the caller counts them as malformed.
    return null;
  }
}

/** Whether an instant lies within the validity. */
export function isValidAt(certificate: Certificate, nowMs: number): boolean {
  return certificate.notBefore <= nowMs && nowMs < certificate.notAfter;
}

/** Whether `issuer` may have issued `certificate`, by names, key identifiers and its right to sign. No signature is checked. */
export function mayIssue(issuer: Certificate, certificate: Certificate): boolean {
  const canSign = issuer.usages === null || (issuer.usages & KeyUsageFlags.keyCertSign) !== 0;
  return issuer.isAuthority && canSign && mayServeClients(issuer) && certificate.native.checkIssued(issuer.native);
}

/** RFC 5280 section 4.2.1.12 by name. */
const anyUsage = '2.5.29.37.0';

/**
 * Extended usages of an authority narrow what it issues, as every TLS library has it: one for servers or mail only must not make
 * clients, or whoever runs it could speak for workloads.
 */
function mayServeClients({ parsed }: Certificate): boolean {
  const usages = parsed.getExtension(ExtendedKeyUsageExtension)?.usages.map(String);
  return usages === undefined || usages.includes(ExtendedKeyUsage.clientAuth) || usages.includes(anyUsage);
}

/** How many authorities may stand below this one: null without a limit (RFC 5280 section 4.2.1.9). */
export function pathLengthOf(certificate: Certificate): number | null {
  return certificate.parsed.getExtension(BasicConstraintsExtension)?.pathLength ?? null;
}

function isStrong({ native, parsed }: Certificate): boolean {
  const hash = (parsed.signatureAlgorithm as { hash?: { name?: string } }).hash?.name;
  if (hash !== undefined && refusedHashes.includes(hash)) return false;
  const { asymmetricKeyType: type, asymmetricKeyDetails: details } = native.publicKey;
  if (type === 'rsa' || type === 'rsa-pss') return (details?.modulusLength ?? 0) >= minRsaBits;
  if (type === 'ec') return minEcBits[details?.namedCurve ?? ''] === true;
  return type === 'ed25519' || type === 'ed448';
}

function hasOnlyProcessedExtensions(parsed: ParsedCertificate): boolean {
  const kinds = parsed.extensions.map((extension) => extension.type);
  // RFC 5280 section 4.2: an extension appears once. Two would let two readers see two certificates.
  if (new Set(kinds).size !== kinds.length) return false;
  return parsed.extensions.every(
    ({ type, critical }) => type !== nameConstraints && (!critical || processedExtensions.includes(type)),
  );
}
