import type { CertificateEvidence } from '../identity/index.ts';
import { type Certificate, isValidAt, readCertificate } from './certificate.ts';
import { type CertificatePath, findPath } from './certificate-path.ts';
import { failedCheck, type ProofCheck } from './proof-check.ts';
import { askRevocations, type RevocationAnswer, type Revocations } from './revocations.ts';
import { clientSpiffeId } from './svid-profile.ts';
import { type TrustBundle, trustDomainOf } from './trust-bundle.ts';

/** What client certificates are judged by; read anew at every question, so that a reload counts at once. */
export interface CertificateTrust {
  readonly bundle: () => TrustBundle | null;
  /** Null where no revocation file is configured. */
  readonly revocations: (() => Revocations | null) | null;
  readonly acceptPastUpdate: boolean;
  readonly trustDomain: string | null;
}

/** Longer chains than this are not read: leaf, intermediates, perhaps the root. */
const maxChainLength = 8;

/** Checks a client's chain (DER, leaf first): SPIFFE profile, path to the bundle, trust domain, revocation. */
export function checkCertificate(trust: CertificateTrust, chain: readonly Uint8Array[], nowMs: number): ProofCheck {
  const presented = readChain(chain);
  const [leaf] = presented ?? [];
  const id = leaf === undefined ? null : clientSpiffeId(leaf);
  if (presented === null || leaf === undefined || id === null) return failedCheck('malformed');
  if (nowMs >= leaf.notAfter) return failedCheck('expired');
  if (nowMs < leaf.notBefore) return failedCheck('not_yet_valid');
  const bundle = trust.bundle();
  if (bundle === null) return { kind: 'unavailable' };
  const path = findTrustedPath(trust, { presented, bundle, trustDomain: id.trustDomain, nowMs });
  if (path === null) return failedCheck('chain_invalid');
  const revocation = isRevoked(trust, path, nowMs);
  if (revocation === 'revoked') return failedCheck('revoked');
  if (revocation !== 'good') return { kind: 'unavailable' };
  const evidence: CertificateEvidence = {
    kind: 'certificate',
    spiffeId: id.text,
    serial: leaf.parsed.serialNumber.toLowerCase(),
    expiresAt: Math.min(...path.map((each) => each.notAfter)),
  };
  return {
    kind: 'verified',
    evidence,
    holds: holdsFor(trust, presented, { bundle, path, trustDomain: id.trustDomain }),
  };
}

function readChain(chain: readonly Uint8Array[]): readonly Certificate[] | null {
  if (chain.length === 0 || chain.length > maxChainLength) return null;
  const certificates: Certificate[] = [];
  for (const der of chain) {
    const certificate = readCertificate(der);
    if (certificate === null) return null;
    certificates.push(certificate);
  }
  return certificates;
}

interface PathQuestion {
  readonly presented: readonly Certificate[];
  readonly bundle: TrustBundle;
  readonly trustDomain: string;
  readonly nowMs: number;
}

/** The authority's own trust domain, where it has one, binds too: one domain's root must not speak for another's. */
function findTrustedPath(trust: CertificateTrust, question: PathQuestion): CertificatePath | null {
  if (trust.trustDomain !== null && trust.trustDomain !== question.trustDomain) return null;
  const anchors = question.bundle.authorities.filter((authority) => {
    const own = trustDomainOf(authority);
    return own === null || own === question.trustDomain;
  });
  return findPath(question.presented, anchors, question.nowMs);
}

/**
 * The leaf's issuer must have a list in force. Above it a list counts where there is one for that issuer: authorities rarely
 * publish lists about their own intermediates, but what such a list revokes is revoked, and a lapsed one fails closed.
 */
function isRevoked(trust: CertificateTrust, path: CertificatePath, nowMs: number): RevocationAnswer {
  if (trust.revocations === null) return 'good';
  const lists = trust.revocations();
  if (lists === null) return 'unknown';
  let ofLeaf: RevocationAnswer = 'unknown';
  for (const [at, certificate] of path.slice(0, -1).entries()) {
    const issuer = path[at + 1];
    if (issuer === undefined) return 'unknown';
    const answer = askRevocations(lists, certificate, { issuer, nowMs, acceptPast: trust.acceptPastUpdate });
    if (answer === 'revoked' || answer === 'lapsed') return answer;
    if (at === 0) ofLeaf = answer;
  }
  return ofLeaf;
}

/** Asked again: the path is searched anew only when the bundle is another one, the lists are always asked. */
function holdsFor(
  trust: CertificateTrust,
  presented: readonly Certificate[],
  first: { readonly bundle: TrustBundle; readonly path: CertificatePath; readonly trustDomain: string },
): (nowMs: number) => boolean {
  let bundle = first.bundle;
  let path: CertificatePath | null = first.path;
  return (nowMs) => {
    const current = trust.bundle();
    if (current === null) return false;
    if (current !== bundle) {
      bundle = current;
      path = findTrustedPath(trust, { presented, bundle, trustDomain: first.trustDomain, nowMs });
    }
    return path?.every((each) => isValidAt(each, nowMs)) === true && isRevoked(trust, path, nowMs) === 'good';
  };
}
