import type { Principal } from '../identity/index.ts';
import { asciiKey } from './ascii-key.ts';
import type { FlatView } from './format/flat-view.ts';
import { keyKind, metaWord, owner } from './format/layout.ts';
import { findText } from './format/lookup.ts';

const noTexts: readonly string[] = [];

/** The text by which the policy or the facts of the moment revoke what a principal proved, or null. */
export function findRevoked(view: FlatView, principal: Principal, revoked: ReadonlySet<string>): string | null {
  const listed = view.words[view.meta.at + metaWord.revokedCount] as number;
  if (listed === 0 && revoked.size === 0) return null;
  const found = revocableTexts(principal).find(
    (text) => revoked.has(text) || findText(view, owner.revoked * 2 + keyKind.exact, asciiKey(text)) >= 0,
  );
  return found ?? null;
}

/**
 * Every text by which a revocation can name what was proven: each identity that the proofs satisfy (also one that another service's
 * or a wider entry outshines), each term of an `all:` list (one revoked term ends it), and the issuer of a token by itself.
 */
function revocableTexts({ identity, alsoProven = noTexts }: Principal): readonly string[] {
  // Nearly every principal has one plain identity, and decisions are many.
  if (alsoProven.length === 0 && !identity.includes(' + ') && !identity.startsWith('token:')) return [identity];
  return [identity, ...alsoProven].flatMap((text) => {
    const terms = text.split(' + ');
    const issuers = terms.filter((term) => term.startsWith('token:')).map((term) => term.split('#', 1)[0] ?? term);
    return [text, ...terms, ...issuers];
  });
}
