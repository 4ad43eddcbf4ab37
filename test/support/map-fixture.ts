import { createCoverage, type Edge, type EdgeJudgement, type FlowMap } from '../../src/flowmap/index.ts';
import { edgeOf } from './propose-fixture.ts';

/** A map of edges with verdicts, without a lake. */
export function mapOf(
  edges: readonly (readonly [edge: Partial<Edge>, verdict: EdgeJudgement['verdict'] | null])[],
  extra: Partial<FlowMap> = {},
): FlowMap {
  const made = edges.map(([edge]) => edgeOf(edge));
  return {
    edges: made.map((edge, index) => ({
      edge,
      judgement: judgementOf(edges[index]?.[1] ?? null),
      owner: null,
      declaredAt: null,
    })),
    omittedEdges: 0,
    coverage: createCoverage([], { edges: made, shares: [], leftOut: [] }),
    unseen: [],
    policyVersion: null,
    noPolicy: null,
    ...extra,
  };
}

function judgementOf(verdict: EdgeJudgement['verdict'] | null): EdgeJudgement | null {
  return verdict === null ? null : { verdict, reason: null, class: 'ordinary', wouldDeny: false, ruleIds: [] };
}
