import type { Digest } from '../../base/index.ts';
import { type Checkpoint, openCheckpoint, readCheckpoint } from '../checkpoint.ts';
import { decodeText } from '../entry-codec.ts';
import {
  type CheckSignature,
  isSignedBy,
  parseNote,
  parseVerifierKey,
  renderNote,
  renderVerifierKey,
  type VerifierKey,
} from '../signed-note.ts';
import type { Findings } from './finding.ts';
import type { LogFiles } from './log-files.ts';

/** What the head of a log is read with. @internal */
export interface HeadQuestion {
  readonly files: LogFiles;
  readonly digest: Digest;
  readonly check: CheckSignature;
  /** The key that the auditor brought; null to take the one in the folder. */
  readonly key: VerifierKey | null;
  readonly findings: Findings;
}

/** The head of a log: whose it is and what it commits to. Null where it cannot be read. @internal */
export interface LogHead {
  readonly key: VerifierKey | null;
  readonly checkpoint: Checkpoint | null;
}

const maxHeadBytes = 64 * 1024;

/** Reads `log.pub` and `checkpoint`. Both must be written in the one way that Exeat writes them: a byte more is an alteration. @internal */
export async function readHead(question: HeadQuestion): Promise<LogHead> {
  const key = await readKey(question);
  const text = await readText(question, 'checkpoint');
  if (text === null) return { key, checkpoint: null };
  const said = readCheckpoint(text);
  if (!said.ok) question.findings.add('altered', 'checkpoint', said.fault.message);
  if (!said.ok || key === null) return { key, checkpoint: said.ok ? said.value : null };
  const opened = openCheckpoint(text, key, question.check);
  if (!opened.ok) question.findings.add('altered', 'checkpoint', opened.fault.message);
  else if (!isPlain(text, key, question.check)) {
    question.findings.add('altered', 'checkpoint', 'it holds more than the one signature of the log');
  }
  return { key, checkpoint: said.value };
}

async function readKey(question: HeadQuestion): Promise<VerifierKey | null> {
  const { digest, findings } = question;
  const text = await readText(question, 'log.pub');
  if (text === null) return question.key;
  const key = parseVerifierKey(text, digest);
  const isOurs = key.ok && text === `${renderVerifierKey(key.value)}\n`;
  if (!isOurs) findings.add('altered', 'log.pub', key.ok ? 'it holds more than a key' : key.fault.message);
  else if (question.key !== null && renderVerifierKey(question.key) !== renderVerifierKey(key.value)) {
    findings.add('altered', 'log.pub', 'it is another key than the one that was given');
  }
  return question.key ?? (key.ok ? key.value : null);
}

async function readText({ files, findings }: HeadQuestion, path: string): Promise<string | null> {
  const read = await files.read(path, maxHeadBytes);
  if (read.kind === 'absent') findings.add('removed', path, 'every log has it, and it is not there');
  if (read.kind === 'unreadable') findings.add('unreadable', path, read.why);
  const text = read.kind === 'bytes' ? decodeText(read.bytes) : null;
  if (read.kind === 'bytes' && text === null) findings.add('altered', path, 'it is no text');
  return text;
}

function isPlain(text: string, key: VerifierKey, check: CheckSignature): boolean {
  const note = parseNote(text);
  return (
    note.ok &&
    note.value.signatures.length === 1 &&
    isSignedBy(note.value, key, check) &&
    renderNote(note.value) === text
  );
}
