import { encodeBase64 } from '../../base/index.ts';
import type { Checkpoint } from '../checkpoint.ts';
import { encodeEntry } from '../entry-codec.ts';
import { evidenceReadme, maxEvidenceLineBytes, type ProvenEntry, parseEvidence } from '../evidence.ts';
import { isIncluded } from '../proof.ts';
import { createTreeHasher, type TreeHasher } from '../tree-hasher.ts';
import { createEntryCheck, type EntryCheck } from './check-entries.ts';
import { createFindings, type Findings } from './finding.ts';
import { compareOlder, readOlderCheckpoints } from './older-checkpoints.ts';
import { readHead } from './read-head.ts';
import { createWitness, type LogVerdict, type VerifyLogOptions } from './verify-log.ts';

/** The file that makes a folder an evidence pack. */
export const evidenceFile = 'entries.ndjson';
const readmeFile = 'README.txt';

/**
 * Verifies an evidence pack: each entry against its proof and the signed checkpoint, the order of the entries, and that the folder holds
 * nothing else. An older checkpoint counts where it is of the same size: a pack cannot show more.
 */
export async function verifyEvidence(options: Omit<VerifyLogOptions, 'spool'>): Promise<LogVerdict> {
  const { files, digest, check, key: given } = options;
  const findings = createFindings();
  const hasher = createTreeHasher(digest);
  const { key, checkpoint } = await readHead({ files, digest, check, key: given, findings });
  await checkFolder(options, findings);
  const seen = createWitness(new Set());
  const entries = createEntryCheck(findings, seen.onEntry);
  if (checkpoint !== null) await checkLines(options, { checkpoint, hasher, entries, findings });
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

async function checkFolder({ files }: Pick<VerifyLogOptions, 'files'>, findings: Findings): Promise<void> {
  const known: readonly string[] = ['checkpoint', 'log.pub', evidenceFile, readmeFile];
  let hasEntries = false;
  for await (const path of files.list()) {
    hasEntries ||= path === evidenceFile;
    if (!known.includes(path)) findings.add('unknown_file', path, 'it is no file of an evidence pack');
  }
  if (!hasEntries) findings.add('removed', evidenceFile, 'every pack has it, and it is not there');
  const readme = await files.read(readmeFile, 64 * 1024);
  const text = readme.kind === 'bytes' ? new TextDecoder().decode(readme.bytes) : null;
  if (readme.kind === 'absent') findings.add('removed', readmeFile, 'every pack has it, and it is not there');
  else if (text !== evidenceReadme) findings.add('altered', readmeFile, 'it is not the page that Exeat writes');
}

interface LinesCheck {
  readonly checkpoint: Checkpoint;
  readonly hasher: TreeHasher;
  readonly entries: EntryCheck;
  readonly findings: Findings;
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
    if (next === -1) next = entry.seq;
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

function isProven({ entry, proof }: ProvenEntry, { checkpoint, hasher }: LinesCheck): boolean {
  const leaf = encodeEntry(entry);
  const { size, root } = checkpoint;
  return leaf.ok && isIncluded({ leafHash: hasher.leaf(leaf.value), index: entry.seq, size, root, proof }, hasher);
}
