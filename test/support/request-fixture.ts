import { type DecisionRequest, noFacts } from '../../src/policy/index.ts';
import { addressOf } from './policy-fixture.ts';

/** The instant at which tests decide: 2026-11-23 in UTC, epoch milliseconds. */
export const nowForTest: number = Date.UTC(2026, 10, 23);

/** A question to `decide`: a host as people write it, its port, and the service that asks with its shared secret. */
export function requestOf(
  host: string,
  port: number | null,
  principal: Partial<DecisionRequest['principal']> & { readonly service: string },
): DecisionRequest {
  const isAddress = /^[0-9.]+$|:/.test(host);
  return {
    principal: {
      identity: `credential:${principal.service}`,
      strength: 'shared-secret',
      source: '10.20.0.7',
      expiresAt: null,
      ...principal,
    },
    destination: {
      host: isAddress ? { kind: 'address', address: addressOf(host) } : { kind: 'name', name: host },
      port,
      protocol: null,
    },
    facts: noFacts,
    now: nowForTest,
  };
}
