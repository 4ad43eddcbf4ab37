import { decodeBase64, encodeBase64, type Fault, failed, fault, ok, type Result } from '../base/index.ts';
import { canonicalJson } from './canonical-json.ts';
import type { Entry } from './entry.ts';
import { decodeText, hasMembers, isEntry, parseJson } from './entry-codec.ts';
import { hashBytes } from './tree-hasher.ts';

/** An entry with the hashes that prove it to be in the tree of a checkpoint. */
export interface ProvenEntry {
  readonly entry: Entry;
  readonly proof: readonly Uint8Array[];
}

/** The most bytes of a line of evidence: an entry, and at most 53 hashes. */
export const maxEvidenceLineBytes = 72_000;

/** A proven entry as a line of `entries.ndjson`, without its line feed: canonical JSON of `entry` and of `proof` in base64. */
export function renderEvidence({ entry, proof }: ProvenEntry): string {
  const text = canonicalJson({ entry: { ...entry, actor: { ...entry.actor } }, proof: proof.map(encodeBase64) });
  if (!text.ok) throw new TypeError('"entry" is not of the log: it has no canonical form');
  return text.value;
}

/** Reads a line of evidence. Fault: `evidence_malformed`, also for a second spelling of the same. */
export function parseEvidence(line: Uint8Array): Result<ProvenEntry, Fault<'evidence_malformed'>> {
  const text = decodeText(line);
  const value = text === null ? undefined : parseJson(text);
  const again = value === undefined ? null : canonicalJson(value);
  if (!hasMembers(value, ['entry', 'proof']) || again?.ok !== true || again.value !== text) return malformed();
  const { entry, proof } = value;
  if (entry === undefined || !isEntry(entry) || !Array.isArray(proof)) return malformed();
  const hashes = proof.map((one) => (typeof one === 'string' ? decodeBase64(one) : null));
  const whole = hashes.filter((hash) => hash?.length === hashBytes).filter((hash) => hash !== null);
  return whole.length === hashes.length ? ok({ entry, proof: whole }) : malformed();
}

function malformed(): Result<never, Fault<'evidence_malformed'>> {
  return failed(fault('evidence_malformed', 'it is no entry with its proof'));
}

/** The page that goes with every evidence pack. */
export const evidenceReadme = `Evidence from an Exeat audit log

entries.ndjson  one entry a line, in the order of the log: {"entry":…,"proof":[…]}, canonical JSON (RFC 8785)
checkpoint      what the log committed to when this was written: its name, its size, the root of its tree, signed (C2SP signed note)
log.pub         the public key of the log (C2SP verifier key)

The first line is the entry just before what was asked for and the last line the one just after it, where the log has such: their times
show that nothing was left out at either end. The numbers of the entries (seq) have no gap.

To check it, offline and with nothing from here but the files:

    exeat audit verify THIS-FOLDER --key KEY

with KEY got from somewhere else than this folder: whoever forges a pack forges its log.pub too. Other tools can check it as well:
the leaf of an entry is SHA-256 over a zero byte and the canonical JSON of "entry"; "proof" holds the hashes beside its way to
the root, from the leaf up, in base64 (RFC 9162 section 2.1.3.2; the index of the leaf is seq, the size of the tree is in checkpoint).

What it shows: these entries are in the log that the key signed, unchanged. What it does not show: that the log was not rewritten
as a whole before the checkpoint was signed. Compare the checkpoint with an anchor for that.
`;
