import { z } from 'zod';
import { type Endpoint, makes, type Nothing, type Page, type PageQuery, pageOf, pageQuery, reads } from './endpoint.ts';
import { instant, says, shortName } from './fields.ts';

/** One thing that is open. `from`: file and line, or the exception it came from. Instants are RFC 3339, UTC. */
export interface OpeningAnswer {
  readonly kind: string;
  readonly id: string;
  readonly service: string | null;
  readonly identities: readonly string[];
  readonly to: string;
  readonly owner: string | null;
  readonly reason: string | null;
  readonly approvedBy: readonly string[];
  readonly since: string | null;
  readonly until: string | null;
  readonly lastUsed: string | null;
  readonly from: string | null;
  readonly note: string | null;
}

/** The columns of a table of openings, wherever one is saved. */
export const openingColumns: readonly (keyof OpeningAnswer)[] = [
  ...(['kind', 'id', 'service', 'identities', 'to', 'owner', 'reason', 'approvedBy'] as const),
  ...(['since', 'until', 'lastUsed', 'from', 'note'] as const),
];

/** The answer to "who has what open". `debt`: what of the traffic of the last days only grants justified; `notes`: what it cannot see. */
export interface OpenAnswer {
  readonly at: string;
  readonly asRecorded: string;
  readonly policyVersion: string | null;
  readonly openings: readonly OpeningAnswer[];
  readonly leftOut: number;
  readonly debt: {
    readonly days: number;
    readonly connections: number;
    readonly grantConnections: number;
    readonly bytes: number;
    readonly grantBytes: number;
  };
  readonly notes: readonly string[];
}

/** What is asked of {@link OpenAnswer}. */
export interface OpenQuery {
  readonly service?: string | undefined;
  readonly to?: string | undefined;
  readonly owner?: string | undefined;
  readonly at?: string | undefined;
  readonly asRecorded?: string | undefined;
}

/** Evidence of an answer: a gzipped tar (base64) with one folder, whose name it has; `entries`: acts in it; `size`: of the log that signed. */
export interface OpenEvidenceAnswer {
  readonly name: string;
  readonly folder: string;
  readonly openings: number;
  readonly entries: number;
  readonly size: number;
  readonly archive: string;
}

/** One act as the API shows it. */
export interface EntryAnswer {
  readonly seq: number;
  readonly time: string;
  readonly actor: string;
  readonly subject: string;
  readonly action: string;
  readonly details: Readonly<Record<string, unknown>>;
}

/** Which acts are listed. `action` is a whole one or its start. */
export interface EntryQuery extends PageQuery {
  readonly subject?: string | undefined;
  readonly action?: string | undefined;
  readonly actor?: string | undefined;
  readonly since?: string | undefined;
  readonly until?: string | undefined;
}

const openingSchema: z.ZodType<OpeningAnswer> = z
  .strictObject({
    kind: z.string(),
    id: z.string(),
    service: z.string().nullable(),
    identities: z.array(z.string()).readonly(),
    to: z.string(),
    owner: z.string().nullable(),
    reason: z.string().nullable(),
    approvedBy: z.array(z.string()).readonly(),
    since: instant.nullable(),
    until: instant.nullable(),
    lastUsed: instant.nullable(),
    from: z.string().nullable().describe('file and line, or the exception it came from'),
    note: z.string().nullable(),
  })
  .readonly()
  .meta({ id: 'Opening' });

const openReport: z.ZodType<OpenAnswer> = z
  .strictObject({
    at: instant,
    asRecorded: instant,
    policyVersion: z.string().nullable(),
    openings: z.array(openingSchema).readonly(),
    leftOut: z.int().describe('openings that a bound left out: narrow the question'),
    debt: z
      .strictObject({
        days: z.int(),
        connections: z.number(),
        grantConnections: z.number(),
        bytes: z.number(),
        grantBytes: z.number(),
      })
      .readonly(),
    notes: z.array(z.string()).readonly().describe('what this answer cannot see'),
  })
  .readonly()
  .meta({ id: 'OpenReport' });

const openFields: z.ZodType<OpenQuery> = z.strictObject({
  service: shortName.optional(),
  to: z.string().min(1).max(512).optional().describe('a host, an address, or either with a port'),
  owner: shortName.optional(),
  at: instant.optional(),
  asRecorded: instant.optional().describe('what was known then; now unless told'),
});

const openEvidence: z.ZodType<OpenEvidenceAnswer> = z
  .strictObject({
    name: z.string().describe('of the file'),
    folder: z.string().describe('what it unpacks to'),
    openings: z.int(),
    entries: z.int().describe('acts in it, each with its proof'),
    size: z.int().describe('entries of the log that its checkpoint covers'),
    archive: z.string().describe('gzipped tar, base64'),
  })
  .readonly()
  .meta({ id: 'OpenEvidence' });

const entrySchema: z.ZodType<EntryAnswer> = z
  .strictObject({
    seq: z.int(),
    time: instant,
    actor: z.string(),
    subject: z.string(),
    action: z.string(),
    details: z.record(z.string(), z.unknown()),
  })
  .readonly()
  .meta({ id: 'AuditEntry' });

/** The endpoints of reports and of the list of acts, by operation id. */
export interface ReportEndpoints {
  readonly listOpen: Endpoint<Nothing, OpenQuery, Nothing, OpenAnswer>;
  readonly exportOpen: Endpoint<Nothing, Nothing, OpenQuery, OpenEvidenceAnswer>;
  readonly listAudit: Endpoint<Nothing, EntryQuery, Nothing, Page<EntryAnswer>>;
  readonly resetClock: Endpoint<
    Nothing,
    Nothing,
    { readonly reason: string },
    { readonly before: string; readonly after: string }
  >;
}

/** The endpoints of reports and of the list of acts. */
export const reportEndpoints: ReportEndpoints = {
  listOpen: reads({
    path: '/open',
    tag: 'open',
    summary: 'who has what open, now or at any time',
    scopes: ['read'],
    query: openFields,
    answer: openReport,
  }),
  exportOpen: makes({
    path: '/open/evidence',
    tag: 'open',
    summary:
      'the same as evidence: the answer, the acts that it rests on and the proofs that they are in the log; needs `read` too',
    scopes: ['audit:read'],
    body: openFields,
    answer: openEvidence,
  }),
  listAudit: reads({
    path: '/audit/entries',
    tag: 'audit',
    summary: 'acts, the newest first',
    scopes: ['audit:read'],
    query: z.strictObject({
      subject: z.string().max(160).optional(),
      action: z.string().max(64).optional().describe('a whole action or its start, `exception.`'),
      actor: shortName.optional(),
      since: instant.optional(),
      until: instant.optional(),
      ...pageQuery,
    }),
    answer: pageOf(entrySchema),
  }),
  resetClock: makes({
    path: '/clock/reset',
    tag: 'clock',
    summary: 'believe the wall clock again after it jumped; what ended stays ended',
    scopes: ['people:write'],
    body: z.strictObject({ reason: says }),
    answer: z.strictObject({ before: instant, after: instant }).readonly(),
  }),
};
