import { allowAll, ipLiteral, portAny, publicResolver, tlsAlone, wildcardPublicSuffix } from './breadth.ts';
import { observeEnded, observeEnding, observeTooLong } from './dates.ts';
import type { LintRule } from './finding.ts';
import {
  identityInTwoServices,
  networkOnlyIdentity,
  operatorSharesIdentity,
  privilegedWeakProof,
  registryOutsideBuild,
} from './identities.ts';
import { localWide } from './local-wide.ts';
import { ownerUnassigned } from './owners.ts';
import { memberUntested, repeatedRules } from './repetition.ts';
import { revocationUnmatched } from './revocations.ts';
import { shadowed } from './shadowed.ts';
import { crossingUnnamed, outsideSpace } from './spaces.ts';
import { tokenClaimsOverlap } from './token-overlap.ts';

/** Every lint rule, in the order in which findings at one place are listed. */
export const lintRules: readonly LintRule[] = [
  allowAll,
  portAny,
  wildcardPublicSuffix,
  publicResolver,
  ipLiteral,
  tlsAlone,
  identityInTwoServices,
  tokenClaimsOverlap,
  operatorSharesIdentity,
  networkOnlyIdentity,
  localWide,
  registryOutsideBuild,
  privilegedWeakProof,
  revocationUnmatched,
  ownerUnassigned,
  outsideSpace,
  crossingUnnamed,
  observeEnded,
  observeEnding,
  observeTooLong,
  shadowed,
  repeatedRules,
  memberUntested,
];
