import { type Certificate, isValidAt, mayIssue, pathLengthOf } from './certificate.ts';

/** A verified path: the leaf first, the authority of the bundle last. */
export type CertificatePath = readonly Certificate[];

/** Leaf, three intermediates, authority: what layered PKIs use; two more for cross-signing. */
const maxPathLength = 7;
/**
 * Signatures checked for one chain. A client can send authorities that all have the same name and key and so could all have
 * issued each other; the bound keeps that to a few milliseconds.
 */
const maxSignatureChecks = 32;

interface Search {
  readonly anchors: readonly Certificate[];
  readonly intermediates: readonly Certificate[];
  readonly nowMs: number;
  checksLeft: number;
}

/**
 * Finds a path from the leaf (first of `presented`) over presented intermediates to an authority of the bundle, every
 * certificate within its validity and its path length, every signature verified. Null where there is none. RFC 5280 section 6.
 */
export function findPath(
  presented: readonly Certificate[],
  anchors: readonly Certificate[],
  nowMs: number,
): CertificatePath | null {
  const [leaf, ...intermediates] = presented;
  if (leaf === undefined || !isValidAt(leaf, nowMs)) return null;
  return extend([leaf], { anchors, intermediates, nowMs, checksLeft: maxSignatureChecks });
}

function extend(path: CertificatePath, search: Search): CertificatePath | null {
  if (path.length >= maxPathLength) return null;
  for (const anchor of search.anchors) {
    if (hasIssued(anchor, path, search)) return [...path, anchor];
  }
  for (const intermediate of search.intermediates) {
    if (path.includes(intermediate) || !hasIssued(intermediate, path, search)) continue;
    const whole = extend([...path, intermediate], search);
    if (whole !== null) return whole;
  }
  return null;
}

function hasIssued(issuer: Certificate, path: CertificatePath, search: Search): boolean {
  const last = path.at(-1);
  if (last === undefined || !isValidAt(issuer, search.nowMs) || !mayIssue(issuer, last)) return false;
  const limit = pathLengthOf(issuer);
  // Every certificate of the path but the leaf is an authority below this one.
  if (limit !== null && path.length - 1 > limit) return false;
  if (search.checksLeft <= 0) return false;
  search.checksLeft -= 1;
  return last.native.verify(issuer.native.publicKey);
}
