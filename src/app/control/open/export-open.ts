import type { OpenAnswer, OpenEvidenceAnswer, OpeningAnswer, OpenQuery } from '../../../api/contract/index.ts';
import {
  type Actor,
  commitToOpen,
  type Entry,
  evidenceFile,
  openCsvFile,
  openExportedAction,
  openJsonFile,
  openReadme,
  tileWidth,
} from '../../../audit/index.ts';
import { type Digest, failed, fault, ok, type Result } from '../../../base/index.ts';
import type { Ledger } from '../../../exceptions/index.ts';
import { type Head, proveAll, proverOf, readEntries, readHead } from '../../audit/prove-entries.ts';
import { archive } from '../../audit/tar-archive.ts';
import type { ActDesk } from '../desk/act-desk.ts';
import { openCsv } from './open-csv.ts';

/** What evidence of an answer is made from. */
export interface ExportOpenOptions {
  readonly answerOf: (query: OpenQuery) => Promise<Result<OpenAnswer>>;
  readonly ledger: Pick<Ledger, 'entries' | 'entriesOf'>;
  readonly desk: Pick<ActDesk, 'note'>;
  /** Writes what was noted into the files of the log, with a checkpoint over it. */
  readonly writeLog: () => Promise<Result<unknown>>;
  /** The folder of the log. */
  readonly logFolder: string;
  readonly digest: Digest;
}

// An answer of that many exceptions is for nobody to check by hand; narrowed it is evidence again.
const mostEntries = 5_000;
const mostAnswerBytes = 16 * 1024 * 1024;
// Between its checkpoint and its tiles a log that is written on may be read half; looking again meets a quiet moment.
const maxLooks = 5;

/**
 * Takes evidence of an answer to "who has what open": notes that it was taken, with digests of the answer and of the places of the acts that
 * it rests on, and packs both with their proofs. Faults: those of the answer, `evidence_too_large`, `audit_unreadable`, `unavailable`.
 */
export async function exportOpen(
  options: ExportOpenOptions,
  { query, actor }: { readonly query: OpenQuery; readonly actor: Actor },
): Promise<Result<OpenEvidenceAnswer>> {
  const answer = await options.answerOf(query);
  if (!answer.ok) return answer;
  const json = toBytes(`${JSON.stringify(answer.value, null, 2)}\n`);
  const csv = toBytes(openCsv(answer.value));
  const entries = await entriesOf(options.ledger, answer.value);
  if (entries.length > mostEntries || json.length + csv.length > mostAnswerBytes) return tooLarge;
  const seqs = entries.map(({ seq }) => seq);
  const { at, asRecorded, policyVersion } = answer.value;
  const details = {
    at,
    asRecorded,
    policyVersion,
    asked: { ...query },
    ...commitToOpen({ json, csv, seqs }, options.digest),
  };
  const noted = await options.desk.note([{ subject: 'open', action: openExportedAction, actor, details }]);
  if (!noted.ok) return noted;
  const written = await options.writeLog();
  if (!written.ok) return written;
  const [act] = noted.value;
  if (act === undefined) throw new Error('what was noted has no entry');
  const proven = await prove(options.logFolder, [...seqs, act.seq]);
  if (!proven.ok) return proven;
  const { head, lines } = proven.value;
  const files = { checkpoint: head.note, 'log.pub': head.key, 'README.txt': openReadme, [evidenceFile]: lines };
  const packed = Object.entries(files).map(([name, text]) => ({ name, bytes: toBytes(text) }));
  const answered = [
    { name: openJsonFile, bytes: json },
    { name: openCsvFile, bytes: csv },
  ];
  const name = `exeat-open-${at.slice(0, 19).replaceAll(/[-:]/g, '')}Z-${act.seq}`;
  const bytes = archive(name, [...packed, ...answered], Date.parse(act.time));
  return ok({
    ...{ name: `${name}.tar.gz`, folder: name, openings: answer.value.openings.length, entries: seqs.length + 1 },
    ...{ size: head.checkpoint.size, archive: Buffer.from(bytes).toString('base64') },
  });
}

const tooLarge: Result<never> = failed(
  fault('evidence_too_large', `more than ${mostEntries} acts or 16 MiB would go with it, narrow the question`),
);

/** Every act on the exceptions of an answer, and the change of policy that put its version in force; in the order of the log. */
async function entriesOf(ledger: ExportOpenOptions['ledger'], answer: OpenAnswer): Promise<readonly Entry[]> {
  const all: Entry[] = [...(await policyEntry(ledger, answer))];
  const knownMs = Date.parse(answer.asRecorded);
  for (const { id } of answer.openings.filter(isException)) {
    const own = await ledger.entriesOf(`exception/${id}`);
    all.push(...own.filter(({ time }) => Date.parse(time) <= knownMs));
    if (all.length > mostEntries) break;
  }
  return all.sort((left, right) => left.seq - right.seq);
}

function isException({ kind }: OpeningAnswer): boolean {
  return kind === 'grant' || kind === 'break-glass';
}

async function policyEntry(ledger: ExportOpenOptions['ledger'], answer: OpenAnswer): Promise<readonly Entry[]> {
  const untilMs = Date.parse(answer.at);
  const [newest] = await ledger.entries({
    ...{ subject: 'policy', actionPrefix: 'policy.changed', untilMs, after: null, order: 'newest', most: 1 },
  });
  return newest?.details['version'] === answer.policyVersion ? [newest] : [];
}

async function prove(
  dir: string,
  seqs: readonly number[],
): Promise<Result<{ readonly head: Head; readonly lines: string }>> {
  for (let look = 1; ; look += 1) {
    const proven = await tryProve(dir, seqs);
    if (proven.ok || look === maxLooks) return proven;
  }
}

async function tryProve(dir: string, seqs: readonly number[]): ReturnType<typeof prove> {
  const head = await readHead(dir);
  if (!head.ok) return head;
  const { size } = head.value.checkpoint;
  const prover = proverOf(dir, size);
  const lines: string[] = [];
  for (const [tile, own] of Map.groupBy(seqs, (seq) => Math.floor(seq / tileWidth))) {
    const entries = await readEntries(dir, tile, size);
    if (!entries.ok) return entries;
    const wanted = new Set(own);
    const proven = await proveAll(
      entries.value.filter(({ seq }) => wanted.has(seq)),
      prover,
    );
    if (!proven.ok) return proven;
    lines.push(proven.value);
  }
  return ok({ head: head.value, lines: lines.join('') });
}

function toBytes(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}
