import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { AuditEvidenceAnswer, AuditSpan } from '../../api/contract/index.ts';
import { type Actor, evidenceFile } from '../../audit/index.ts';
import { type Clock, failed, fault, type NewId, ok, type Result } from '../../base/index.ts';
import { type Exported, exportEvidence } from '../audit/export-evidence.ts';
import { archive } from '../audit/tar-archive.ts';
import type { ActDesk } from './desk/act-desk.ts';

/** What evidence of a span is made from. */
export interface TakeEvidenceOptions {
  readonly clock: Clock;
  readonly newId: NewId;
  readonly desk: Pick<ActDesk, 'note'>;
  /** Brings the files of the log up to what was noted. */
  readonly writeLog: () => Promise<Result<unknown>>;
  /** The folder of the log. */
  readonly logFolder: string;
  /** Where files are made that a start removes: what is left there when control is killed goes then. */
  readonly temporaryFolder: string;
}

// What one answer carries: more is for the command line, which writes to a disk.
const most = { entries: 5_000, bytes: 16 * 1024 * 1024 };
const usualMs = 30 * 86_400_000;
const packed = ['checkpoint', 'log.pub', 'README.txt', evidenceFile];

/**
 * Takes evidence of the acts of a span: the pack that `exeat audit export` writes, as one file. That it was taken, and of what, is noted
 * before it is handed out. Faults: `span_empty`, `evidence_too_large`, `audit_unreadable`, `evidence_unwritable`, `unavailable`.
 */
export async function takeEvidence(
  options: TakeEvidenceOptions,
  { span, actor }: { readonly span: AuditSpan; readonly actor: Actor },
): Promise<Result<AuditEvidenceAnswer>> {
  const nowMs = options.clock.now();
  const untilMs = Math.min(nowMs, span.until === undefined ? nowMs : Date.parse(span.until));
  const fromMs = span.since === undefined ? untilMs - usualMs : Date.parse(span.since);
  if (!(fromMs < untilMs))
    return failed(fault('span_empty', '`since` is not before `until`, or not before now: give an earlier one'));
  const told = { since: new Date(fromMs).toISOString(), until: new Date(untilMs).toISOString() };
  const written = await options.writeLog();
  if (!written.ok) return written;
  const pack = await makePack(options, { fromMs, untilMs });
  if (!pack.ok) return pack.fault.code === 'evidence_too_large' ? tooLarge(told) : pack;
  const { exported, files } = pack.value;
  const { entries, firstSeq, lastSeq, size } = exported;
  const details = { ...told, entries, firstSeq, lastSeq, size };
  const noted = await options.desk.note([{ subject: 'audit', action: 'audit.exported', actor, details }]);
  if (!noted.ok) return noted;
  const folder = `exeat-audit-${inName(told.since)}-${inName(told.until)}`;
  const bytes = archive(folder, files, nowMs);
  const text = Buffer.from(bytes).toString('base64');
  return ok({ name: `${folder}.tar.gz`, folder, ...told, entries, size, archive: text });
}

interface Pack {
  readonly exported: Exported;
  readonly files: readonly { readonly name: string; readonly bytes: Uint8Array }[];
}

async function makePack(
  { logFolder, temporaryFolder, newId }: TakeEvidenceOptions,
  span: { readonly fromMs: number; readonly untilMs: number },
): Promise<Result<Pack>> {
  const out = join(temporaryFolder, `evidence-${newId(span.untilMs)}`);
  try {
    const exported = await exportEvidence({ dir: logFolder, ...span, out, most });
    if (!exported.ok) return exported;
    const files = await Promise.all(packed.map(async (name) => ({ name, bytes: await readFile(join(out, name)) })));
    return ok({ exported: exported.value, files });
  } finally {
    await rm(out, { recursive: true, force: true });
  }
}

function tooLarge({ since, until }: { readonly since: string; readonly until: string }): Result<never> {
  const command = `exeat audit export --from ${since} --to ${until} --out evidence`;
  const bounds = `more than ${most.entries} acts or 16 MiB would go with it`;
  return failed(
    fault('evidence_too_large', `${bounds}: take a shorter time, or write all of it on the machine: \`${command}\``),
  );
}

function inName(at: string): string {
  return `${at.slice(0, 19).replaceAll(/[-:]/g, '')}Z`;
}
