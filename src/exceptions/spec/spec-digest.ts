import type { Digest } from '../../base/index.ts';
import type { ExceptionSpec } from './exception-spec.ts';

/** What an approval is bound to. The id keeps approvals of many at once apart; the revision those of an edited request. */
export interface DigestInput {
  readonly id: string;
  readonly revision: number;
  readonly policyVersion: string;
  readonly tier: string;
  readonly spec: ExceptionSpec;
}

/**
 * The digest of what somebody looks at before deciding: `sha256:9f86d0…`. Its input is a list in a fixed order, which has one spelling by
 * itself. INVARIANT: another spec, revision, tier or policy has another digest.
 */
export function specDigest({ id, revision, policyVersion, tier, spec }: DigestInput, digest: Digest): string {
  const list = [
    'exeat-exception-v1',
    id,
    revision,
    policyVersion,
    tier,
    spec.relaxes,
    spec.service,
    spec.identity,
    spec.to,
    spec.via,
    spec.durationMs,
    spec.startAtMs,
    spec.bytesUp,
    spec.bytesDown,
    spec.reason,
    spec.owner,
    spec.beneficiary,
    spec.ticket,
    spec.extends,
    spec.denial,
  ];
  const bytes = digest(new TextEncoder().encode(JSON.stringify(list)));
  return `sha256:${[...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('')}`;
}
