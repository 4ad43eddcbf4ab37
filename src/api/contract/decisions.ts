import { z } from 'zod';
import {
  type Endpoint,
  type Nothing,
  type Page,
  type PageQuery,
  pageOf,
  pageQuery,
  reads,
  streams,
} from './endpoint.ts';
import { type ById, byId, instant, shortName } from './fields.ts';

const tag = 'decisions';

/** One decision as it was recorded. What was never known is null. `count`: how many like it the record stands for. */
export interface DecisionRow {
  readonly id: string;
  readonly flow: string;
  readonly time: string;
  readonly point: string;
  readonly stage: string;
  readonly verdict: 'allow' | 'deny';
  readonly reason: string;
  /** Observe let it through and enforce would not, for this reason. */
  readonly wouldDeny: string | null;
  readonly source: string;
  readonly service: string | null;
  readonly identity: string | null;
  readonly host: string | null;
  readonly port: number | null;
  readonly protocol: string | null;
  readonly address: string | null;
  readonly class: string | null;
  readonly query: string | null;
  readonly ruleIds: readonly string[];
  readonly grantId: string | null;
  readonly policyVersion: string | null;
  readonly mode: string | null;
  readonly count: number;
}

/** One rule as an explanation shows it; `why` it did not match, null where it did. */
export interface DecisionRule {
  readonly id: string;
  readonly list: string;
  readonly to: string;
  readonly reason: string;
  readonly at: string;
  readonly why: string | null;
}

/** A decision with what it means, and why it came out so by the policy that decided. */
export interface DecisionAnswer {
  readonly decision: DecisionRow;
  /** What happened, and who can do what about it. */
  readonly says: string;
  readonly mend: string;
  readonly matched: readonly DecisionRule[];
  /** The rules that came nearest, nearest first. */
  readonly misses: readonly DecisionRule[];
  /** The smallest change of the policy that would let it through, null where none would. */
  readonly change: string | null;
  /** Why no rules are shown, null where they are. */
  readonly missing: string | null;
  /** What is asked for to let it through for a while, in the spelling of policies; null where no exception would. */
  readonly requestable: { readonly service: string; readonly to: string; readonly owner: string | null } | null;
}

/** Which decisions are listed. `host` is a name with everything below it, or an address. */
export interface DecisionFilter {
  readonly verdict?: 'allow' | 'deny' | 'would-deny' | undefined;
  readonly service?: string | undefined;
  readonly host?: string | undefined;
  readonly reason?: string | undefined;
  readonly point?: string | undefined;
  readonly grant?: string | undefined;
  /** An address, or a block of them: `10.20.0.0/24`. */
  readonly source?: string | undefined;
  /** As records spell it: `credential:payments-api`. */
  readonly identity?: string | undefined;
}

/** Which decisions a page lists. */
export interface DecisionQuery extends DecisionFilter, PageQuery {
  readonly since?: string | undefined;
  readonly until?: string | undefined;
}

const rowSchema: z.ZodType<DecisionRow> = z
  .strictObject({
    id: z.string(),
    flow: z.string(),
    time: instant,
    point: z.string(),
    stage: z.string(),
    verdict: z.enum(['allow', 'deny']),
    reason: z.string(),
    wouldDeny: z.string().nullable().describe('observe let it through and enforce would not, for this reason'),
    source: z.string(),
    service: z.string().nullable(),
    identity: z.string().nullable(),
    host: z.string().nullable(),
    port: z.int().nullable(),
    protocol: z.string().nullable(),
    address: z.string().nullable(),
    class: z.string().nullable(),
    query: z.string().nullable(),
    ruleIds: z.array(z.string()).readonly(),
    grantId: z.string().nullable(),
    policyVersion: z.string().nullable(),
    mode: z.string().nullable(),
    count: z.int().describe('how many like it the record stands for'),
  })
  .readonly()
  .meta({ id: 'Decision' });

const ruleSchema: z.ZodType<DecisionRule> = z
  .strictObject({
    id: z.string(),
    list: z.string(),
    to: z.string(),
    reason: z.string(),
    at: z.string().describe('file and line'),
    why: z.string().nullable().describe('why it did not match'),
  })
  .readonly();

const answerSchema: z.ZodType<DecisionAnswer> = z
  .strictObject({
    decision: rowSchema,
    says: z.string(),
    mend: z.string(),
    matched: z.array(ruleSchema).readonly(),
    misses: z.array(ruleSchema).readonly().describe('the rules that came nearest, nearest first'),
    change: z.string().nullable().describe('the smallest change of the policy that would let it through'),
    missing: z.string().nullable().describe('why no rules are shown'),
    requestable: z
      .strictObject({ service: z.string(), to: z.string(), owner: z.string().nullable() })
      .nullable()
      .describe('what would let it through for a while'),
  })
  .readonly();

const filterFields = {
  verdict: z.enum(['allow', 'deny', 'would-deny']).optional(),
  service: shortName.optional(),
  host: z
    .string()
    .min(1)
    .max(253)
    .regex(/^[A-Za-z0-9._:*-]+$/, 'is a host name or an address')
    .optional()
    .describe('a name with everything below it, or an address'),
  reason: z
    .string()
    .max(64)
    .regex(/^[a-z_]+$/, 'is a code of a reason')
    .optional(),
  point: z.enum(['proxy', 'gateway', 'dns']).optional(),
  grant: z.string().max(64).optional().describe('only what this exception let through'),
  source: z
    .string()
    .max(64)
    .regex(/^[0-9A-Fa-f.:]+(?:\/\d{1,3})?$/, 'is an address or a block of them')
    .optional()
    .describe('where it came from: an address, or a block such as `10.20.0.0/24`'),
  identity: z.string().min(1).max(512).optional().describe('as records spell it: `credential:payments-api`'),
};

/** The endpoints of decisions, by operation id. */
export interface DecisionEndpoints {
  readonly listDecisions: Endpoint<Nothing, DecisionQuery, Nothing, Page<DecisionRow>>;
  readonly tailDecisions: Endpoint<
    Nothing,
    DecisionFilter & { readonly after?: string | undefined },
    Nothing,
    DecisionRow
  >;
  readonly showDecision: Endpoint<ById, Nothing, Nothing, DecisionAnswer>;
}

/** The endpoints of decisions. */
export const decisionEndpoints: DecisionEndpoints = {
  listDecisions: reads({
    path: '/decisions',
    tag,
    summary: 'decisions, the newest first; a page looks so far back only, so it may hold few and still have a next one',
    scopes: ['read'],
    query: z.strictObject({ ...filterFields, since: instant.optional(), until: instant.optional(), ...pageQuery }),
    answer: pageOf(rowSchema),
  }),
  tailDecisions: streams({
    path: '/decisions/tail',
    tag,
    summary:
      'decisions as they are recorded, as server-sent events `decision`; goes on after the event of `Last-Event-ID`',
    scopes: ['read'],
    query: z.strictObject({ ...filterFields, after: z.string().max(512).optional().describe('id of an event') }),
    answer: rowSchema,
  }),
  showDecision: reads({
    path: '/decisions/{id}',
    tag,
    summary: 'explain a decision: what was recorded, the rules that decided, the nearest misses, what to do',
    scopes: ['read'],
    params: byId,
    answer: answerSchema,
  }),
};
