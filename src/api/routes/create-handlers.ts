import { exceptionFaultRows } from '../../exceptions/index.ts';
import type { Handlers } from '../call.ts';
import type { Endpoints } from '../contract/index.ts';
import type { ProblemRows } from '../problems.ts';
import type { ApiPorts } from './api-ports.ts';
import { auditRoutes } from './audit-routes.ts';
import { breakGlassRoutes } from './break-glass-routes.ts';
import { createConfirmations } from './confirmations.ts';
import { decisionRoutes } from './decision-routes.ts';
import { exceptionRoutes } from './exception-routes.ts';
import { flowMapRoutes } from './flow-map-routes.ts';
import { passkeyRoutes } from './passkey-routes.ts';
import { peopleRoutes } from './people-routes.ts';
import { policyHistoryRoute } from './policy-history-route.ts';
import { policyRoutes } from './policy-routes.ts';
import { previewRoute } from './preview-route.ts';
import { reportRoutes } from './report-routes.ts';
import { sessionRoutes } from './session-routes.ts';
import { usageRoutes } from './usage-routes.ts';

/** A handler for every endpoint of the contract that answers once; `createStreams` has those of the others. */
export function createHandlers(ports: ApiPorts): Handlers<Omit<Endpoints, 'tailDecisions'>> {
  const confirmations = createConfirmations(ports);
  return {
    ...peopleRoutes(ports),
    ...passkeyRoutes(ports, confirmations),
    ...exceptionRoutes(ports, confirmations),
    ...breakGlassRoutes(ports),
    ...usageRoutes(ports),
    ...previewRoute(ports),
    ...reportRoutes(ports),
    ...auditRoutes(ports),
    ...sessionRoutes(ports),
    ...decisionRoutes(ports),
    ...policyRoutes(ports),
    ...policyHistoryRoute(ports),
    ...flowMapRoutes(ports),
  };
}

/** Statuses and titles of every fault that an act can have. */
export const actProblems: ProblemRows = {
  ...Object.fromEntries(
    Object.entries(exceptionFaultRows).map(([code, { status, says }]) => [code, { status, title: says }]),
  ),
  passkeys_off: { status: 409, title: 'passkeys cannot be used here' },
  passkey_refused: { status: 403, title: 'the passkey is not accepted' },
  secret_not_kept: { status: 409, title: 'the secret was shown once' },
  check_running: { status: 429, title: 'a check of yours is under way' },
  check_too_long: { status: 503, title: 'the check took too long' },
  proposal_too_large: { status: 413, title: 'the policy is too large for this' },
  flow_map_unavailable: { status: 503, title: 'the flow map cannot be read' },
  evidence_too_large: { status: 413, title: 'the evidence is too large' },
  span_empty: { status: 422, title: 'the span of time is empty' },
  audit_unreadable: { status: 503, title: 'the log cannot be read' },
  policy_busy: { status: 503, title: 'the policy is being compiled' },
};
