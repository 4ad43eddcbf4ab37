import { encodeBase64 } from '../../base/index.ts';
import type { Checkpoint } from '../checkpoint.ts';
import { encodeEntry } from '../entry-codec.ts';
import { evidenceReadme, maxEvidenceLineBytes, type ProvenEntry, parseEvidence } from '../evidence.ts';
import { openCsvFile, openJsonFile, openReadme } from '../open-evidence.ts';
import { isIncluded } from '../proof.ts';
import { createTreeHasher, type TreeHasher } from '../tree-hasher.ts';
import { createEntryCheck, type EntryCheck } from './check-entries.ts';
import { createFindings, type Findings } from './finding.ts';
import type { LogFiles } from './log-files.ts';
import { compareOlder, readOlderCheckpoints } from './older-checkpoints.ts';
import { readHead } from './read-head.ts';
import { createWitness, type LogVerdict, type VerifyLogOptions } from './verify-log.ts';
import { createOpenCheck } from './verify-open.ts';

/** The file that makes a folder an evidence pack. */
export const evidenceFile = 'entries.ndjson';
const readmeFile = 'README.txt';

/**
 * Verifies an evidence pack: each entry against its proof and the signed checkpoint, the order of the entries, that the folder holds
 * nothing else, and an answer to "who has what open" against the entry that commits to it. An older checkpoint counts where it is of the same size: a pack cannot show more.
 */
export async function verifyEvidence(options: Omit<VerifyLogOptions, 'spool'>): Promise<LogVerdict> {
  const { files, digest, check, key: given } = options;
  const findings = createFindings();
  const hasher = createTreeHasher(digest);
  const { key, checkpoint } = await readHead({ files, digest, check, key: given, findings });
  const isOpen = await checkFolder(options, findings);
  const open = isOpen ? createOpenCheck(files, { digest, findings }) : null;
  const seen = createWitness(new Set());
  const entries = createEntryCheck(findings, (entry) => {
    seen.onEntry(entry);
    open?.onEntry(entry);
  });
  const hasGaps = isOpen;
  if (checkpoint !== null) await checkLines(options, { checkpoint, hasher, entries, findings, hasGaps });
  await open?.finish();
  const older = key === null ? [] : readOlderCheckpoints(options.older, key, { check, findings });
  const size = checkpoint?.size ?? 0;
  const roots = new Map(checkpoint === null ? [] : [[size, checkpoint.root]]);
  const comparable = older.filter((one) => one.size === size);
  const anchored = compareOlder(comparable, size, { roots, findings });
  return {
    kind: 'evidence',
    origin: checkpoint?.origin ?? key?.name ?? null,
    size: checkpoint?.size ?? null,
    root: checkpoint === null ? null : encodeBase64(checkpoint.root),
    ...seen.ends(),
    anchored,
    unanchoredSince: anchored === size ? null : (seen.ends().first?.time ?? null),
    pastCheckpoint: 0,
    spool: null,
    findings: findings.kept(),
    findingCount: findings.count(),
  };
}

/** Gives whether the pack is one of an answer to "who has what open". */
async function checkFolder({ files }: Pick<VerifyLogOptions, 'files'>, findings: Findings): Promise<boolean> {
  const paths = await listSome(files);
  const isOpen = paths.includes(openJsonFile);
  const always = ['checkpoint', 'log.pub', evidenceFile, readmeFile];
  const known = isOpen ? [...always, openJsonFile, openCsvFile] : always;
  for (const path of paths) {
    if (!known.includes(path)) findings.add('unknown_file', path, 'it is no file of an evidence pack');
  }
  if (!paths.includes(evidenceFile)) findings.add('removed', evidenceFile, 'every pack has it, and it is not there');
  await checkReadme(files, isOpen ? openReadme : evidenceReadme, findings);
  return isOpen;
}

async function checkReadme(files: LogFiles, wanted: string, findings: Findings): Promise<void> {
  const readme = await files.read(readmeFile, 64 * 1024);
  const text = readme.kind === 'bytes' ? new TextDecoder().decode(readme.bytes) : null;
  if (readme.kind === 'absent') findings.add('removed', readmeFile, 'every pack has it, and it is not there');
  else if (text !== wanted) findings.add('altered', readmeFile, 'it is not the page that Exeat writes');
}

async function listSome(files: LogFiles): Promise<readonly string[]> {
  const paths: string[] = [];
  for await (const path of files.list()) {
    paths.push(path);
    if (paths.length === mostPaths) break;
  }
  return paths;
}

// More than any pack has; what is past them changes nothing about the ones that are one too many.
const mostPaths = 1_000;

interface LinesCheck {
  readonly checkpoint: Checkpoint;
  readonly hasher: TreeHasher;
  readonly entries: EntryCheck;
  readonly findings: Findings;
  /** Whether entries may be left out between others, as in what proves an answer: their order holds all the same. */
  readonly hasGaps: boolean;
}

async function checkLines({ files }: Pick<VerifyLogOptions, 'files'>, lines: LinesCheck): Promise<void> {
  let [number, next] = [0, -1];
  for await (const line of files.lines(evidenceFile, maxEvidenceLineBytes)) {
    number += 1;
    const proven = line === null ? null : parseEvidence(line);
    if (proven?.ok !== true) {
      lines.findings.add('altered', evidenceFile, `line ${number} is no entry with its proof`);
      continue;
    }
    const { entry } = proven.value;
    next = placeOf(entry, next, lines);
    if (!isProven(proven.value, lines)) {
      lines.findings.add(
        'altered',
        evidenceFile,
        `line ${number}: entry ${entry.seq} is not in the log as it stands here`,
      );
    }
    const bytes = encodeEntry(entry);
    if (bytes.ok) lines.entries.look(bytes.value, next, evidenceFile);
    next += 1;
  }
}

// The first entry says where the pack begins, and after a gap where it goes on.
function placeOf({ seq }: ProvenEntry['entry'], next: number, { hasGaps }: LinesCheck): number {
  return next === -1 || (hasGaps && seq > next) ? seq : next;
}

function isProven({ entry, proof }: ProvenEntry, { checkpoint, hasher }: LinesCheck): boolean {
  const leaf = encodeEntry(entry);
  const { size, root } = checkpoint;
  return leaf.ok && isIncluded({ leafHash: hasher.leaf(leaf.value), index: entry.seq, size, root, proof }, hasher);
}
