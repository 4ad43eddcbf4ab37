import { type Strength, strengths } from '../../identity/index.ts';
import type { IdentityNode, IdentityTerm } from '../nodes.ts';

/** How strongly each kind of proof proves an identity by itself. A SPIFFE id counts as shown by a certificate; as a token it is weaker. */
const strengthOfTerm: Readonly<Record<IdentityTerm['kind'], Strength>> = {
  source: 'network',
  leased: 'network',
  credential: 'shared-secret',
  // Nothing to steal from a file, but everything that runs as that user has it, as it would have that user's secrets.
  local: 'shared-secret',
  token: 'token',
  spiffe: 'certificate',
};

/** The strength that an identity gives when it is proven in the usual way: that of its strongest term. */
export function naturalStrength(identity: IdentityNode): Strength {
  const levels = identity.terms.map(({ kind }) => strengths.indexOf(strengthOfTerm[kind]));
  return strengths[Math.max(0, ...levels)] ?? 'network';
}
