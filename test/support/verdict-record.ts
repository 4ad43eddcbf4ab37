import type { VerdictRecord } from '../../src/policy/index.ts';

/** An allowed request of `payments-api` to its bank, as a record; a test says what is different. */
export function verdictRecord(change: Partial<VerdictRecord> = {}): VerdictRecord {
  return {
    kind: 'verdict',
    id: '01KAR6F1R8000000000000000A',
    flow: '01KAR6F1R8000000000000000B',
    time: '2026-11-23T12:00:00.000Z',
    point: 'proxy',
    stage: 'name',
    verdict: 'allow',
    reason: 'rule_matched',
    wouldDeny: false,
    wouldDenyReason: null,
    source: '192.0.2.7:51234',
    principal: { service: 'payments-api', identity: 'credential:payments-api', strength: 'shared-secret' },
    destination: { host: 'bank.example.com', port: 443, protocol: 'tls', address: null, class: 'ordinary' },
    innerHost: 'unseen',
    ruleIds: [],
    grantId: null,
    policyVersion: 'sha256:00',
    mode: 'enforce',
    ...change,
  };
}
