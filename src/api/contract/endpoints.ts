import { type AuditEndpoints, auditEndpoints } from './audit.ts';
import { type BreakGlassEndpoints, breakGlassEndpoints } from './break-glass.ts';
import { type DecisionEndpoints, decisionEndpoints } from './decisions.ts';
import { type DraftMapEndpoints, draftMapEndpoints } from './draft-flow-map.ts';
import { type ExceptionEndpoints, exceptionEndpoints } from './exceptions.ts';
import { type FlowMapEndpoints, flowMapEndpoints } from './flow-map.ts';
import { type OverviewEndpoints, overviewEndpoints } from './overview.ts';
import { type PasskeyEndpoints, passkeyEndpoints } from './passkeys.ts';
import { type PeopleEndpoints, peopleEndpoints } from './people.ts';
import { type PolicyEndpoints, policyEndpoints } from './policy.ts';
import { type PolicyHistoryEndpoints, policyHistoryEndpoints } from './policy-history.ts';
import { type ReportEndpoints, reportEndpoints } from './reports.ts';
import { type SessionEndpoints, sessionEndpoints } from './session.ts';

/** Every endpoint of the API, by operation id. */
export type Endpoints = DecisionEndpoints &
  FlowMapEndpoints &
  DraftMapEndpoints &
  OverviewEndpoints &
  PeopleEndpoints &
  PasskeyEndpoints &
  ExceptionEndpoints &
  BreakGlassEndpoints &
  ReportEndpoints &
  AuditEndpoints &
  PolicyEndpoints &
  PolicyHistoryEndpoints &
  SessionEndpoints;

/** Every endpoint of the API, by operation id. */
export const endpoints: Endpoints = {
  ...peopleEndpoints,
  ...passkeyEndpoints,
  ...exceptionEndpoints,
  ...breakGlassEndpoints,
  ...reportEndpoints,
  ...auditEndpoints,
  ...policyEndpoints,
  ...policyHistoryEndpoints,
  ...sessionEndpoints,
  ...decisionEndpoints,
  ...overviewEndpoints,
  ...flowMapEndpoints,
  ...draftMapEndpoints,
};
