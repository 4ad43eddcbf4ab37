import { decodeBase64, encodeBase64, type Fault, failed, fault, ok, type Result } from '../base/index.ts';
import {
  type CheckSignature,
  isSignedBy,
  type NoteSigner,
  parseNote,
  signNote,
  type VerifierKey,
} from './signed-note.ts';
import { hashBytes } from './tree-hasher.ts';

/** What a log commits to: how many entries, and the root of their tree (C2SP tlog-checkpoint). `origin` names the log, and its key. */
export interface Checkpoint {
  readonly origin: string;
  readonly size: number;
  readonly root: Uint8Array;
}

/** Why a checkpoint does not count. */
export type CheckpointFault = Fault<
  'checkpoint_malformed' | 'checkpoint_of_another_log' | 'checkpoint_signature_wrong'
>;

/** A checkpoint as a signed note. */
export function signCheckpoint({ size, root }: Pick<Checkpoint, 'size' | 'root'>, signer: NoteSigner): string {
  return signNote(`${signer.key.name}\n${size}\n${encodeBase64(root)}\n`, signer);
}

/** Reads what a checkpoint says, without asking who signed it. Fault: `checkpoint_malformed`. */
export function readCheckpoint(text: string): Result<Checkpoint, Fault<'checkpoint_malformed'>> {
  const note = parseNote(text);
  const lines = note.ok ? note.value.body.split('\n') : [];
  const [origin = '', size = '', rootText = ''] = lines;
  const root = decodeBase64(rootText);
  const isWhole =
    lines.length === 4 && origin !== '' && /^(?:0|[1-9]\d{0,15})$/.test(size) && root?.length === hashBytes;
  if (!isWhole || !Number.isSafeInteger(Number(size))) {
    return failed(fault('checkpoint_malformed', 'it is no checkpoint: origin, size, root and a signature are meant'));
  }
  return ok({ origin, size: Number(size), root });
}

/** Reads a checkpoint and asks whether this log's key signed it. */
export function openCheckpoint(
  text: string,
  key: VerifierKey,
  check: CheckSignature,
): Result<Checkpoint, CheckpointFault> {
  const checkpoint = readCheckpoint(text);
  const note = parseNote(text);
  if (!checkpoint.ok) return checkpoint;
  if (checkpoint.value.origin !== key.name) {
    return failed(fault('checkpoint_of_another_log', 'it is of another log than the key'));
  }
  return note.ok && isSignedBy(note.value, key, check)
    ? checkpoint
    : failed(fault('checkpoint_signature_wrong', 'the key did not sign it'));
}
