import type { Digest } from '../base/index.ts';
import type { JsonObject } from './entry.ts';

// A pack that proves an answer to "who has what open": the answer as two files, and the entries of the log that it rests on. The last of them
// is the act of taking it, which holds the digests of the files and of the places of the others. So one signature covers all of it.

/** The action of the entry that commits to an answer. */
export const openExportedAction = 'open.exported';

/** The answer as the API gives it, which makes a folder a pack of this kind. */
export const openJsonFile = 'open.json';
/** The same as a table. */
export const openCsvFile = 'open.csv';

/** What the entry holds of the files of the answer and of the entries that go with it. */
export interface OpenCommitment {
  readonly json: Uint8Array;
  readonly csv: Uint8Array;
  /** The places of the entries in the log, ascending, without the one of the act itself. */
  readonly seqs: readonly number[];
}

/** The digests of a commitment, as `details.files` and `details.entries` of the entry: hex of SHA-256. */
export function commitToOpen({ json, csv, seqs }: OpenCommitment, digest: Digest): JsonObject {
  return {
    files: { [openCsvFile]: hexOf(digest(csv)), [openJsonFile]: hexOf(digest(json)) },
    entries: { count: seqs.length, places: hexOf(digest(new TextEncoder().encode(seqs.join('\n')))) },
  };
}

function hexOf(bytes: Uint8Array): string {
  return [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}

/** The page that goes with every such pack. */
export const openReadme = `Evidence of an answer to "who has what open", from an Exeat audit log

open.json       the answer as the control API gave it: the instant, by what was known, the policy version, every way out
open.csv        the ways out as a table
entries.ndjson  the acts that it rests on, one a line, in the order of the log: {"entry":…,"proof":[…]}, canonical JSON (RFC 8785)
checkpoint      what the log committed to when this was written: its name, its size, the root of its tree, signed (C2SP signed note)
log.pub         the public key of the log (C2SP verifier key)

The entries are every act on each exception of the answer, and the change that put its policy version in force where the log has it.
The last entry is the act of taking this answer: it holds the SHA-256 of both files, and of the places of the others.

To check it, offline and with nothing from here but the files:

    exeat audit verify THIS-FOLDER --key KEY

with KEY got from somewhere else than this folder: whoever forges a pack forges its log.pub too. Other tools can check it as well:
the leaf of an entry is SHA-256 over a zero byte and the canonical JSON of "entry"; "proof" holds the hashes beside its way to
the root, from the leaf up, in base64 (RFC 9162 section 2.1.3.2; the index of the leaf is seq, the size of the tree is in checkpoint).

What it shows: this answer was given when the last entry was written, and these acts are in the log that the key signed, unchanged.
What it does not show: that the answer was right, beyond the acts that are here (rules come from policy files, whose history their
keeper has), and that the log was not rewritten as a whole before the checkpoint was signed. Compare that with an anchor.
`;
