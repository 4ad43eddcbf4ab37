import type { Grant } from '../../src/policy/index.ts';
import { nowForTest } from './request-fixture.ts';

/** A grant of `payments-api` for an hour from {@link nowForTest}, a day after its start; the rest by default says nothing. */
export function grantOf(id: string, to: string, extra: Partial<Grant> = {}): Grant {
  return {
    id,
    kind: 'exception',
    relaxes: 'reach',
    service: 'payments-api',
    identity: null,
    to,
    via: [],
    strength: null,
    notBefore: nowForTest - 86_400_000,
    notAfter: nowForTest + 3_600_000,
    drainMs: 0,
    bytesUp: null,
    bytesDown: null,
    ...extra,
  };
}
