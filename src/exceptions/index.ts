// The door of `exceptions`: requests, reviews, grants, people.
export type { OfflineDocument } from './break-glass/offline-document.ts';
export { type ExceptionFault, type ExceptionFaultCode, type ExceptionFaultRow, exceptionFaultRows } from './fault.ts';
export { grantsOf, listGrants, offlineSigners } from './grants-of.ts';
export type {
  Commit,
  KeptAnswer,
  Ledger,
  LedgerFaultCode,
  NewView,
  View,
  ViewKeys,
  ViewKind,
  ViewQuery,
} from './ledger.ts';
export { lookAt } from './lifecycle/ask.ts';
export { capWindowMs, openSpanOf, openTimeOf, type Span } from './lifecycle/caps.ts';
export { isDemotion } from './lifecycle/eligibility.ts';
export { refusedEntry } from './lifecycle/entries.ts';
export type { CommandOf, Departure, ExceptionCommand, LearnedBreakGlass } from './lifecycle/exception-command.ts';
export {
  type AnyTierName,
  type Closure,
  type Decision,
  type EarlyEnd,
  type ExceptionState,
  type GrantedState,
  type OfflineUse,
  type PointEvidence,
  type Review,
  type ReviewOutcome,
  reviewOutcomes,
  type Suspension,
} from './lifecycle/exception-state.ts';
export { foldException } from './lifecycle/fold-exception.ts';
export {
  type CloseStatus,
  type DerivedStatus,
  type ExceptionStatus,
  endOf,
  isLive,
  type ReviewStatus,
  reviewDueOf,
  statusOf,
} from './lifecycle/status.ts';
export { deprovisionAll, type Given, transition } from './lifecycle/transition.ts';
export type { Transition, World } from './lifecycle/world.ts';
export { type AccessWorld, authorise } from './people/authorise.ts';
export { changePeople, type PeopleTransition } from './people/change-people.ts';
export { type Confirmation, type ConfirmedBy, livePasskeysOf } from './people/confirmation.ts';
export { foldKey, foldPasskey, foldPerson, foldSetupLink, foldToken } from './people/fold-people.ts';
export { type LinkedPeople, linkPeople } from './people/linked-people.ts';
export type { PeopleCommand } from './people/people-command.ts';
export {
  type BreakGlassKey,
  canWiden,
  type Directory,
  isLiveToken,
  type Passkey,
  type Person,
  type Role,
  roles,
  type Scope,
  type SetupLink,
  scopes,
  scopesOf,
  type Token,
} from './people/person.ts';
export { setupLinkMs } from './people/setup-links.ts';
export type { ExceptionSpec, Narrowing } from './spec/exception-spec.ts';
export { scopeDomainOf } from './spec/scope-domain.ts';
export { type TierAnswer, type TierFinding, tierFindings, tierOf, whyTooWide } from './spec/tier-of.ts';
export { type AllowedTraffic, exceptionDebt, summariseUsage, type UsageSummary } from './usage/summarise-usage.ts';
export { type GrantUsage, reportUsage, type UsageFinding, type UsageReport } from './usage/usage.ts';
export {
  directoryAfter,
  exceptionOf,
  exceptionView,
  foldSubject,
  foreverMs,
  keyOfView,
  passkeyOfView,
  personOfView,
  relatedQueries,
  tokenOfView,
} from './views.ts';
