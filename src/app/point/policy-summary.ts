import { type CompiledPolicy, unattributedServiceName } from '../../policy/index.ts';
import type { PointStatus } from '../status.ts';

/** The part of the status that follows from the policy and the clock. */
export type PolicySummary = Pick<
  PointStatus,
  'policyVersion' | 'ruleCount' | 'serviceCount' | 'servicesByMode' | 'observeEnds' | 'unattributedUntil'
>;

const maxShownEnds = 50;

/** Sums a policy up. A service past its `observeUntil` is counted under enforce: the clock enforces it. `nowMs` is epoch milliseconds. */
export function summarisePolicy(policy: CompiledPolicy | null, nowMs: number): PolicySummary {
  if (policy === null) return nothing;
  const ends: { readonly service: string; readonly until: number }[] = [];
  for (const { name, mode, observeUntil } of policy.services()) {
    if (mode === 'observe' && (observeUntil ?? 0) > nowMs) ends.push({ service: name, until: observeUntil ?? 0 });
  }
  ends.sort((a, b) => a.until - b.until);
  // The principal for sources without an identity is observed too, and is no service of the tree.
  const unattributed = policy.service(unattributedServiceName)?.observeUntil ?? null;
  return {
    policyVersion: policy.version,
    ruleCount: policy.ruleCount,
    serviceCount: policy.serviceCount,
    servicesByMode: { enforce: policy.serviceCount - ends.length, observe: ends.length },
    observeEnds: ends
      .slice(0, maxShownEnds)
      .map(({ service, until }) => ({ service, until: new Date(until).toISOString() })),
    unattributedUntil: unattributed === null ? null : new Date(unattributed).toISOString(),
  };
}

const nothing: PolicySummary = {
  policyVersion: null,
  ruleCount: 0,
  serviceCount: 0,
  servicesByMode: { enforce: 0, observe: 0 },
  observeEnds: [],
  unattributedUntil: null,
};
