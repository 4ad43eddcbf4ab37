// The door of `audit`: entries, the Merkle log over them, and its verification.
export { parseBundle, parseHashes } from './bundle.ts';
export { canonicalJson } from './canonical-json.ts';
export { type Checkpoint, type CheckpointFault, openCheckpoint, readCheckpoint, signCheckpoint } from './checkpoint.ts';
export { findNotes } from './checkpoint-list.ts';
export type { Actor, Entry, JsonObject, JsonValue, LeafSource, NewEntry } from './entry.ts';
export { clockResetAction, encodeEntry, maxEntryBytes, parseEntry } from './entry-codec.ts';
export { evidenceReadme, renderEvidence } from './evidence.ts';
export { commitToOpen, openCsvFile, openExportedAction, openJsonFile, openReadme } from './open-evidence.ts';
export { createProver, type Prover } from './prover.ts';
export {
  type CheckSignature,
  createVerifierKey,
  type NoteSigner,
  parseVerifierKey,
  renderVerifierKey,
  type VerifierKey,
} from './signed-note.ts';
export {
  isTileOf,
  lastTile,
  levelsOf,
  parseTilePath,
  partialTiles,
  type Tile,
  tilePath,
  tileWidth,
  widthAt,
} from './tile.ts';
export { emptyEdge, growTree, rootOfEdge, type TileBytes, type TreeEdge } from './tree-edge.ts';
export { createTreeHasher, isSameBytes, type TreeHasher } from './tree-hasher.ts';
export type { Finding, FindingKind } from './verify/finding.ts';
export type { LogFiles, ReadFile, SpoolFileState, SpoolFolder } from './verify/log-files.ts';
export type { CheckpointSource } from './verify/older-checkpoints.ts';
export { evidenceFile, verifyEvidence } from './verify/verify-evidence.ts';
export { type LogVerdict, type VerifyLogOptions, verifyLog } from './verify/verify-log.ts';
export { type SpoolVerdict, spoolSealedAction } from './verify/verify-spool.ts';
