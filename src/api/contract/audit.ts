import { z } from 'zod';
import { asks, type Endpoint, makes, type Nothing, reads } from './endpoint.ts';
import { instant } from './fields.ts';

/** One thing that is wrong with the files of the log. `kind` is from a closed set, `file` the one that shows it. */
export interface AuditFinding {
  readonly kind: string;
  readonly file: string;
  readonly says: string;
}

/** What control found when it last read all files of its log. `size`: entries covered, null where no checkpoint could be read. */
export interface AuditVerification {
  readonly at: string;
  readonly size: number | null;
  readonly findingCount: number;
  /** The first 20. */
  readonly findings: readonly AuditFinding[];
}

/** How verifying stands. `verification` is of the last time, null since control started without one. */
export interface AuditVerifying {
  readonly isVerifying: boolean;
  readonly verification: AuditVerification | null;
}

/** How far the audit log goes. `pendingActs`: acts in force that are not written down yet. */
export interface AuditState extends AuditVerifying {
  readonly size: number;
  readonly checkpoint: string | null;
  readonly publicKey: string | null;
  readonly isWritable: boolean;
  readonly pendingActs: number;
  readonly anchors: readonly {
    readonly anchor: string;
    readonly lastAt: string | null;
    readonly problem: string | null;
  }[];
}

/** A checkpoint that control signed: `root` in base64, `note` its signed text. */
export interface CheckpointAnswer {
  readonly at: string;
  readonly size: number;
  readonly root: string;
  readonly note: string;
}

/** The checkpoints of this start of control, the newest first. */
export interface CheckpointsAnswer {
  readonly items: readonly CheckpointAnswer[];
}

/** A span of time: from `since` to before `until`. */
export interface AuditSpan {
  readonly since?: string | undefined;
  readonly until?: string | undefined;
}

/** Evidence of a span: a gzipped tar (base64) with one folder, whose name it has; `entries`: acts of the span; `size`: of the log that signed. */
export interface AuditEvidenceAnswer {
  readonly name: string;
  readonly folder: string;
  readonly since: string;
  readonly until: string;
  readonly entries: number;
  readonly size: number;
  readonly archive: string;
}

const verifying = {
  isVerifying: z.boolean().describe('whether control reads its files now'),
  verification: z
    .strictObject({
      at: instant,
      size: z.int().nullable().describe('entries that were covered, null where no checkpoint could be read'),
      findingCount: z.int(),
      findings: z
        .array(z.strictObject({ kind: z.string(), file: z.string(), says: z.string() }).readonly())
        .readonly()
        .describe('the first 20'),
    })
    .readonly()
    .nullable()
    .describe('what control found when it last read all files of its log; null for never since its start'),
};

const stateSchema: z.ZodType<AuditState> = z
  .strictObject({
    size: z.int(),
    checkpoint: z.string().nullable(),
    publicKey: z.string().nullable(),
    isWritable: z.boolean(),
    pendingActs: z.int().describe('acts in force that are not written down yet'),
    anchors: z
      .array(
        z.strictObject({ anchor: z.string(), lastAt: instant.nullable(), problem: z.string().nullable() }).readonly(),
      )
      .readonly(),
    ...verifying,
  })
  .readonly();

const checkpointSchema: z.ZodType<CheckpointAnswer> = z
  .strictObject({
    at: instant,
    size: z.int().describe('entries that it covers'),
    root: z.string().describe('of their tree, base64'),
    note: z.string().describe('the signed text'),
  })
  .readonly()
  .meta({ id: 'Checkpoint' });

const evidenceSchema: z.ZodType<AuditEvidenceAnswer> = z
  .strictObject({
    name: z.string().describe('of the file'),
    folder: z.string().describe('what it unpacks to'),
    since: instant,
    until: instant.describe('the first instant after the span'),
    entries: z.int().describe('acts of the span, each with its proof'),
    size: z.int().describe('entries of the log that its checkpoint covers'),
    archive: z.string().describe('gzipped tar, base64'),
  })
  .readonly()
  .meta({ id: 'AuditEvidence' });

/** The endpoints of the log of acts as what can be checked. */
export interface AuditEndpoints {
  readonly auditState: Endpoint<Nothing, Nothing, Nothing, AuditState>;
  readonly verifyAudit: Endpoint<Nothing, Nothing, Nothing, AuditVerifying>;
  readonly listCheckpoints: Endpoint<Nothing, Nothing, Nothing, CheckpointsAnswer>;
  readonly exportAudit: Endpoint<Nothing, Nothing, AuditSpan, AuditEvidenceAnswer>;
}

/** The endpoints of the log of acts as what can be checked. */
export const auditEndpoints: AuditEndpoints = {
  auditState: reads({
    path: '/audit',
    tag: 'audit',
    summary: 'how far the audit log goes, its checkpoint and its anchors, and what control found when it verified it',
    scopes: ['audit:read'],
    answer: stateSchema,
  }),
  verifyAudit: asks({
    path: '/audit/verify',
    tag: 'audit',
    summary: 'let control verify the files of its log; answers after 10 s at the latest, the state tells the rest',
    scopes: ['audit:read'],
    answer: z.strictObject(verifying).readonly(),
  }),
  listCheckpoints: reads({
    path: '/audit/checkpoints',
    tag: 'audit',
    summary: 'the last 100 checkpoints since control started, the newest first',
    scopes: ['audit:read'],
    answer: z.strictObject({ items: z.array(checkpointSchema).readonly() }).readonly(),
  }),
  exportAudit: makes({
    path: '/audit/evidence',
    tag: 'audit',
    summary: 'the acts of a span as evidence, with the proofs that they are in the log; that it was taken is an act',
    scopes: ['audit:read'],
    body: z.strictObject({
      since: instant.optional().describe('30 days before `until` unless told'),
      until: instant.optional().describe('now unless told'),
    }),
    answer: evidenceSchema,
  }),
};
