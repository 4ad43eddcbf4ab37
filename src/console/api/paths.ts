import type { Endpoints } from '../../api/contract/index.ts';

/** Method and path of every operation that the console uses; a test holds them against the contract. */
export const paths = {
  openSession: 'POST /session',
  showSession: 'GET /session',
  endSession: 'POST /session/end',
  claimSetup: 'POST /setup/claim',
  showOverview: 'GET /overview',
  listExceptions: 'GET /exceptions',
  showException: 'GET /exceptions/{id}',
  requestException: 'POST /exceptions',
  approveException: 'POST /exceptions/{id}/approve',
  denyException: 'POST /exceptions/{id}/deny',
  withdrawException: 'POST /exceptions/{id}/withdraw',
  revokeException: 'POST /exceptions/{id}/revoke',
  suspendException: 'POST /exceptions/{id}/suspend',
  extendException: 'POST /exceptions/{id}/extend',
  reviewException: 'POST /exceptions/{id}/review',
  acknowledgeBreakGlass: 'POST /exceptions/{id}/acknowledge',
  resumeException: 'POST /exceptions/{id}/resume',
  challengeBreakGlass: 'POST /break-glass/challenge',
  declareBreakGlass: 'POST /break-glass',
  listKeys: 'GET /break-glass/keys',
  listPasskeys: 'GET /passkeys',
  offerPasskey: 'POST /passkeys/challenge',
  registerPasskey: 'POST /passkeys',
  namePasskey: 'POST /passkeys/{id}/name',
  removePasskey: 'POST /passkeys/{id}/remove',
  enrolPasskey: 'POST /passkeys/{id}/enrol',
  challengeConfirmation: 'POST /confirmations',
  exceptionUsage: 'GET /exceptions/{id}/usage',
  previewException: 'GET /exception-preview',
  listDecisions: 'GET /decisions',
  showDecision: 'GET /decisions/{id}',
  listOpen: 'GET /open',
  exportOpen: 'POST /open/evidence',
  listAudit: 'GET /audit/entries',
  auditState: 'GET /audit',
} as const satisfies Partial<Record<keyof Endpoints, `${'GET' | 'POST'} /${string}`>>;

/** An operation that the console uses. */
export type Operation = keyof typeof paths;
