import { z } from 'zod';
import { acts, type Endpoint, makes, type Nothing, type Page, pageOf, pageQuery, reads } from './endpoint.ts';
import type {
  ExceptionAnswer,
  ExceptionQuery,
  Narrowing,
  PreviewAnswer,
  PreviewQuery,
  RequestBody,
  SummaryAnswer,
  UsageAnswer,
} from './exception-types.ts';
import { type ById, byId, byteCap, instant, says, seconds, shortName, ulid } from './fields.ts';
import { type ConfirmationBody, confirmation } from './passkeys.ts';

const tag = 'exceptions';

/** What is asked for. */
const specFields = {
  service: shortName.describe('who shall reach it: a service of the policy'),
  identity: z.string().min(1).max(512).nullable().default(null).describe('one identity of the service, null for any'),
  to: z.string().min(1).max(512).describe('the destination as policies write it: `bank.example.com:443`'),
  via: z
    .array(shortName)
    .max(16)
    .readonly()
    .default([])
    .describe('segments that it must resolve into; none: public addresses'),
  durationSeconds: seconds.describe('how long, from when it starts'),
  startAt: instant.nullable().default(null).describe('when it shall start, null for as soon as it is approved'),
  bytesUp: byteCap.default(null).describe('the most bytes up in all'),
  bytesDown: byteCap.default(null).describe('the most bytes down in all'),
  owner: shortName.describe('which owner of the policy answers for it'),
  beneficiary: shortName.nullable().default(null).describe('the person it is for, null for who asks'),
  reason: says.describe('why, for the people who decide'),
  ticket: z.string().min(1).max(256).nullable().default(null),
  decision: ulid.nullable().default(null).describe('the denial that it answers'),
};

const requestBody: z.ZodType<RequestBody> = z.strictObject(specFields);

const decisionSchema = z.strictObject({
  by: z.string(),
  verdict: z.enum(['approve', 'deny']),
  at: instant,
  reason: z.string().nullable(),
  isCurrent: z.boolean().describe('whether it was given for what is asked now'),
  confirmedBy: z.enum(['passkey', 'key']).nullable(),
});

/** An exception with everything that can be said of it now. */
export const exceptionSchema: z.ZodType<ExceptionAnswer> = z
  .strictObject({
    id: z.string(),
    kind: z.enum(['exception', 'break-glass']),
    status: z.string().describe('derived from the log and the clock'),
    close: z.string().nullable(),
    reviewStatus: z.string().nullable(),
    revision: z.int(),
    digest: z.string().describe('what an approval binds to'),
    policyVersion: z.string(),
    tier: z.string(),
    findings: z.array(z.string()).readonly().describe('why it has this tier'),
    service: z.string(),
    identity: z.string().nullable(),
    to: z.string(),
    via: z.array(z.string()).readonly(),
    durationSeconds: z.number(),
    bytesUp: z.number().nullable(),
    bytesDown: z.number().nullable(),
    requester: z.string(),
    beneficiary: z.string(),
    owner: z.string(),
    reason: z.string(),
    ticket: z.string().nullable(),
    extends: z.string().nullable(),
    decision: z.string().nullable(),
    submittedAt: instant,
    startAt: instant.nullable().describe('when it was asked to start, null for as soon as it is approved'),
    pendingUntil: instant.nullable(),
    startBy: instant.nullable(),
    notBefore: instant.nullable(),
    notAfter: instant.nullable(),
    endedAt: instant.nullable(),
    endedBy: z.string().nullable(),
    approvalsNeeded: z.int(),
    held: z.strictObject({ by: z.string().nullable(), at: instant, reason: z.string() }).nullable(),
    acknowledged: z.strictObject({ by: z.string(), at: instant }).nullable().describe('who stands by a break-glass'),
    confirm: z
      .enum(['never', 'registered', 'always'])
      .describe('whether what it waits for is confirmed with a passkey or an enrolled key'),
    decisions: z.array(decisionSchema).readonly(),
    closedAt: instant.nullable(),
    reviewDueAt: instant.nullable(),
    review: z
      .strictObject({ by: z.string(), outcome: z.string(), at: instant, note: z.string().nullable() })
      .nullable(),
  })
  .readonly()
  .meta({ id: 'Exception' });

const listQuery: z.ZodType<ExceptionQuery> = z.strictObject({
  status: z.string().max(32).optional().describe('only those with this status now'),
  service: shortName.optional(),
  owner: shortName.optional(),
  requester: shortName.optional(),
  kind: z.enum(['exception', 'break-glass']).optional(),
  review: z.enum(['due']).optional().describe('only those whose review is due or overdue'),
  ...pageQuery,
});

const narrowing: z.ZodType<Narrowing> = z
  .strictObject({
    durationSeconds: seconds.optional(),
    to: z.string().min(1).max(512).optional(),
    bytesUp: byteCap.optional(),
    bytesDown: byteCap.optional(),
  })
  .describe('what the approver takes away; never more than was asked');

const digest = z.string().min(1).max(128).describe('the digest that was looked at: another one is refused');

const policyVersion = z.string().max(128).nullable().default(null).describe('the policy version that was looked at');

const usageSchema: z.ZodType<UsageAnswer> = z
  .strictObject({
    id: z.string(),
    service: z.string(),
    to: z.string(),
    owner: z.string(),
    status: z.string(),
    connections: z.number(),
    bytesUp: z.number(),
    bytesDown: z.number(),
    firstUse: instant.nullable(),
    lastUse: instant.nullable(),
    hoursUsed: z.number(),
    hoursGranted: z.number(),
    denialsJustOutside: z.number(),
    observedSince: instant.describe('from when on uses were counted'),
    findings: z.array(z.string()).readonly(),
  })
  .readonly()
  .meta({ id: 'ExceptionUsage' });

const summarySchema: z.ZodType<SummaryAnswer> = z
  .strictObject({
    active: z.number(),
    pending: z.number(),
    unusedAtEnd: z.number(),
    ended: z.number(),
    extendedTwice: z.number(),
    nearlyPermanent: z.array(z.string()).readonly(),
    repeated: z.array(z.string()).readonly(),
    samePairs: z.array(z.string()).readonly(),
    medianSecondsToApproval: z.number().nullable(),
    approvedWithinAMinute: z.number(),
    reviewsOverdue: z.number(),
    breakGlass: z.number(),
    connectionShare: z.number().nullable().describe('share of allowed connections that only grants justify, 30 days'),
    byteShare: z.number().nullable(),
  })
  .readonly()
  .meta({ id: 'ExceptionSummary' });

const previewSchema: z.ZodType<PreviewAnswer> = z
  .strictObject({
    to: z.string().describe('the destination in its one spelling'),
    policyVersion: z.string(),
    service: z
      .strictObject({ owner: z.string(), identities: z.array(z.string()).readonly() })
      .nullable()
      .describe('null where the policy has none of this name'),
    obstacle: z.string().nullable().describe('why nobody may be granted it'),
    tier: z.string(),
    findings: z.array(z.strictObject({ code: z.string(), says: z.string() })).readonly(),
    approvalsNeeded: z.int(),
    approvers: z.array(z.string()).readonly(),
    longestSeconds: z.number(),
    breakGlass: z
      .strictObject({
        longestSeconds: z.number(),
        firstStepSeconds: z.number(),
        bytesUp: z.number(),
        reviewWithinSeconds: z.number(),
      })
      .describe(
        'what break-glass to it is bounded by; it ends after the first step unless a second person stands by it',
      ),
    isReviewed: z.boolean().describe('whether a review is due after its end'),
  })
  .readonly()
  .meta({ id: 'ExceptionPreview' });

type Reason = { readonly reason: string };
type Confirmable = { readonly confirmation?: ConfirmationBody | undefined };
type Looked = { readonly digest: string; readonly policyVersion: string | null };
type Act<Body> = Endpoint<ById, Nothing, Body, ExceptionAnswer>;

/** The endpoints of exceptions, by operation id. */
export interface ExceptionEndpoints {
  readonly requestException: Endpoint<Nothing, Nothing, RequestBody, ExceptionAnswer>;
  readonly listExceptions: Endpoint<Nothing, ExceptionQuery, Nothing, Page<ExceptionAnswer>>;
  readonly showException: Endpoint<ById, Nothing, Nothing, ExceptionAnswer>;
  readonly editException: Act<RequestBody>;
  readonly approveException: Act<
    Looked & Confirmable & { readonly reason: string | null; readonly narrow: Narrowing | null }
  >;
  readonly denyException: Act<Reason>;
  readonly withdrawException: Act<Reason>;
  readonly revokeException: Act<Reason>;
  readonly suspendException: Act<Reason>;
  readonly resumeException: Act<Reason & Looked & Confirmable>;
  readonly extendException: Act<Reason & { readonly durationSeconds: number; readonly ticket: string | null }>;
  readonly reviewException: Act<{ readonly outcome: ReviewOutcome; readonly note: string | null }>;
  readonly acknowledgeBreakGlass: Act<Confirmable>;
  readonly exceptionUsage: Endpoint<ById, Nothing, Nothing, UsageAnswer>;
  readonly listExceptionUsage: Endpoint<Nothing, ExceptionQuery, Nothing, Page<UsageAnswer>>;
  readonly summariseExceptions: Endpoint<Nothing, Nothing, Nothing, SummaryAnswer>;
  readonly previewException: Endpoint<Nothing, PreviewQuery, Nothing, PreviewAnswer>;
}

/** What a review found. */
export type ReviewOutcome = 'ok' | 'should_be_permanent' | 'misuse' | 'policy_gap';

/** The endpoints of exceptions. */
export const exceptionEndpoints: ExceptionEndpoints = {
  requestException: makes({
    path: '/exceptions',
    tag,
    summary: 'ask to let something out for a while',
    scopes: ['exception:request'],
    body: requestBody,
    answer: exceptionSchema,
  }),
  listExceptions: reads({
    path: '/exceptions',
    tag,
    summary: 'list exceptions, the newest first; none is ever deleted',
    scopes: ['read'],
    query: listQuery,
    answer: pageOf(exceptionSchema),
  }),
  showException: reads({
    path: '/exceptions/{id}',
    tag,
    summary: 'show an exception',
    scopes: ['read'],
    params: byId,
    answer: exceptionSchema,
  }),
  editException: acts({
    path: '/exceptions/{id}/edit',
    tag,
    summary: 'change what is asked while nobody has decided; decisions on what was asked before are void',
    scopes: ['exception:request'],
    params: byId,
    body: requestBody,
    answer: exceptionSchema,
  }),
  approveException: acts({
    path: '/exceptions/{id}/approve',
    tag,
    summary: 'approve what was looked at, or less of it',
    scopes: ['exception:approve'],
    params: byId,
    body: z.strictObject({
      digest,
      policyVersion,
      reason: says.nullable().default(null),
      narrow: narrowing.nullable().default(null),
      confirmation,
    }),
    answer: exceptionSchema,
  }),
  denyException: acts({
    path: '/exceptions/{id}/deny',
    tag,
    summary: 'deny it',
    scopes: ['exception:approve', 'exception:request'],
    params: byId,
    body: z.strictObject({ reason: says }),
    answer: exceptionSchema,
  }),
  withdrawException: acts({
    path: '/exceptions/{id}/withdraw',
    tag,
    summary: 'take the request back',
    scopes: ['exception:request'],
    params: byId,
    body: z.strictObject({ reason: says }),
    answer: exceptionSchema,
  }),
  revokeException: acts({
    path: '/exceptions/{id}/revoke',
    tag,
    summary: 'end it now: its connections are cut within a second',
    scopes: ['exception:revoke', 'exception:request'],
    params: byId,
    body: z.strictObject({ reason: says }),
    answer: exceptionSchema,
  }),
  suspendException: acts({
    path: '/exceptions/{id}/suspend',
    tag,
    summary: 'hold it; it still ends when it would have',
    scopes: ['exception:revoke', 'exception:request'],
    params: byId,
    body: z.strictObject({ reason: says }),
    answer: exceptionSchema,
  }),
  resumeException: acts({
    path: '/exceptions/{id}/resume',
    tag,
    summary: 'let it go on after it was held',
    scopes: ['exception:approve'],
    params: byId,
    body: z.strictObject({ digest, policyVersion, reason: says, confirmation }),
    answer: exceptionSchema,
  }),
  extendException: makes({
    path: '/exceptions/{id}/extend',
    tag,
    summary: 'ask for more time: a new request that is linked to it, decided anew',
    scopes: ['exception:request'],
    params: byId,
    body: z.strictObject({
      durationSeconds: seconds,
      reason: says,
      ticket: z.string().min(1).max(256).nullable().default(null),
    }),
    answer: exceptionSchema,
  }),
  reviewException: acts({
    path: '/exceptions/{id}/review',
    tag,
    summary: 'say what became of it, after its end',
    scopes: ['exception:review'],
    params: byId,
    body: z.strictObject({
      outcome: z.enum(['ok', 'should_be_permanent', 'misuse', 'policy_gap']),
      note: says.nullable().default(null),
    }),
    answer: exceptionSchema,
  }),
  acknowledgeBreakGlass: acts({
    path: '/exceptions/{id}/acknowledge',
    tag,
    summary: 'stand by somebody else’s break-glass, so that it goes on past its first ten minutes',
    scopes: ['exception:approve'],
    params: byId,
    body: z.strictObject({ confirmation }),
    answer: exceptionSchema,
  }),
  exceptionUsage: reads({
    path: '/exceptions/{id}/usage',
    tag,
    summary: 'how it was used',
    scopes: ['read'],
    params: byId,
    answer: usageSchema,
  }),
  listExceptionUsage: reads({
    path: '/exception-usage',
    tag,
    summary: 'how exceptions were used, one by one',
    scopes: ['read'],
    query: listQuery,
    answer: pageOf(usageSchema),
  }),
  summariseExceptions: reads({
    path: '/exception-summary',
    tag,
    summary: 'what exceptions come to',
    scopes: ['read'],
    answer: summarySchema,
  }),
  previewException: reads({
    path: '/exception-preview',
    tag,
    summary: 'what a request would come to: its tier, why, and who would decide; nothing is asked for',
    scopes: ['read'],
    query: z.strictObject({
      service: shortName,
      to: z.string().min(1).max(512).describe('the destination as policies write it'),
      via: z.string().max(1_024).optional().describe('segments, apart by commas'),
    }),
    answer: previewSchema,
  }),
};
