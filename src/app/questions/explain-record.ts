import { failed, fault, ok, type Result } from '../../base/index.ts';
import { parseWireHost } from '../../destination/index.ts';
import { type CompiledPolicy, noFacts, type VerdictRecord } from '../../policy/index.ts';
import { type ToldExplanation, tellExplanation } from './told-explanation.ts';
import { addressOfSource } from './trace-flow.ts';

/** What of a record is judged again. */
export type RecordedRequest = Pick<VerdictRecord, 'principal' | 'destination' | 'time' | 'source'>;

/** Judges a record again by the policy that decided it. Faults: who or where to was not known, or its name cannot be read any more. */
export function explainRecord(policy: CompiledPolicy, record: RecordedRequest): Result<ToldExplanation> {
  const { principal, destination } = record;
  if (principal === null || destination === null) {
    return failed(fault('not_explained', 'no rule was looked at: who or where to was not known'));
  }
  const host = parseWireHost(destination.host);
  if (!host.ok) return host;
  const request = {
    principal: { ...principal, source: addressOfSource(record.source), expiresAt: null },
    destination: { host: host.value, port: destination.port, protocol: destination.protocol },
    facts: noFacts,
    now: Date.parse(record.time),
  };
  return ok(tellExplanation(policy, request));
}
