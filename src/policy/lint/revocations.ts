import { identityText } from '../documents/parse-identity.ts';
import type { LintRule } from './finding.ts';
import type { LintContext } from './lint-context.ts';

/** A revocation that revokes nothing, which nobody would notice. */
export const revocationUnmatched: LintRule = {
  id: 'revocation-unmatched',
  severity: 'warning',
  says: 'a revocation names no identity of any service: a spelling that differs revokes nothing',
  mend: 'copy the identity from the service or from a decision record, or remove the revocation of one that is gone',
  find: (context, report) => {
    const revocable = new Set(revocableTexts(context));
    for (const { revoked } of context.boundaries)
      for (const { identity, at } of revoked)
        if (!revocable.has(identity)) report(at, `\`${identity}\` is no identity of any service`);
  },
};

/** The texts by which the evaluator lets a revocation name what is proven: an identity, one of its terms, the issuer of a token. */
function* revocableTexts({ services }: LintContext): Generator<string> {
  for (const { identities } of services)
    for (const identity of identities) {
      yield identityText(identity);
      for (const term of identity.terms) {
        yield term.text;
        if (term.kind === 'token') yield `token:${term.issuer}`;
      }
    }
}
