import { failed, fault, ok, type Result } from '../../base/index.ts';
import { parsePolicyTarget } from '../../destination/index.ts';
import { tierFindings, tierOf, whyTooWide } from '../../exceptions/index.ts';
import type { Answered, Handlers } from '../call.ts';
import type { Endpoints, PreviewAnswer, PreviewQuery } from '../contract/index.ts';
import type { ApiPorts } from './api-ports.ts';

/** The handler of previews: what a request would come to, by the functions that would decide it. */
export function previewRoute(ports: ApiPorts): Pick<Handlers<Endpoints>, 'previewException'> {
  return { previewException: ({ query }) => preview(ports, query) };
}

async function preview(ports: ApiPorts, query: PreviewQuery): Promise<Result<Answered<PreviewAnswer>>> {
  const target = parsePolicyTarget(query.to);
  if (!target.ok) return failed(fault('target_malformed', target.fault.message));
  const to = target.value.canonical;
  const via = (query.via ?? '').split(',').filter((segment) => segment !== '');
  const said = await ports.factsOf({ service: query.service, to, via });
  if (!said.ok) return said;
  const { policyVersion, service, target: facts, tiers } = said.value;
  const { tier, findings } = tierOf({ to, via }, facts);
  const { quorum, approvers, longestMs, reviewWithinMs } = tiers[tier];
  const { breakGlass } = tiers;
  return ok({
    body: {
      ...{ to, policyVersion, tier, approvers },
      service: service === null ? null : { owner: service.owner, identities: service.identities },
      obstacle: facts.outside ?? whyTooWide(target.value),
      findings: findings.map((code) => ({ code, says: tierFindings[code].says })),
      approvalsNeeded: quorum,
      longestSeconds: longestMs / 1_000,
      breakGlass: {
        longestSeconds: breakGlass.longestMs / 1_000,
        firstStepSeconds: breakGlass.acknowledgeWithinMs / 1_000,
        bytesUp: breakGlass.maxBytesUp,
        reviewWithinSeconds: breakGlass.reviewWithinMs / 1_000,
      },
      isReviewed: reviewWithinMs !== null,
    },
  });
}
