import type { Entry } from '../entry.ts';
import type { Findings } from './finding.ts';
import type { SpoolFileState, SpoolFolder } from './log-files.ts';

/** The action of an entry that seals a closed record file: its details are `file`, `bytes` and `sha256` (hex). */
export const spoolSealedAction = 'spool.sealed';

/** What the spool folder is, next to what was sealed. */
export interface SpoolVerdict {
  /** Sealed files that are there and unchanged. */
  readonly intact: number;
  /** Sealed files that are no longer there: the disk budget takes the oldest. */
  readonly gone: number;
  /** Closed files that no entry seals yet. */
  readonly unsealed: readonly string[];
  /** The file that may still grow: not sealed. */
  readonly open: string | null;
}

/** Gathers the seals of a log and compares the folder with them. @internal */
export interface SpoolCheck {
  onEntry(entry: Entry): void;
  verdict(): Promise<SpoolVerdict>;
}

/** Missing names that are kept until the end; a budget that took more took them from the old end. */
const maxMissing = 10_000;

/** What the entries said so far. */
interface Seals {
  readonly present: ReadonlySet<string>;
  readonly kept: Map<string, SpoolFileState>;
  readonly missing: string[];
  gone: number;
  newest: string;
}

/** Makes a {@link SpoolCheck}. Memory is that of the names in the folder. @internal */
export function createSpoolCheck(folder: SpoolFolder, findings: Findings): SpoolCheck {
  const present = new Set([...folder.closed, ...(folder.open === null ? [] : [folder.open])]);
  const seals: Seals = { present, kept: new Map(), missing: [], gone: 0, newest: '' };
  return {
    onEntry: (entry) => {
      const seal = entry.action === spoolSealedAction ? readSeal(entry, findings) : null;
      if (seal === null) return;
      if (seal.file > seals.newest) seals.newest = seal.file;
      if (seals.present.has(seal.file)) keepSeal(seals, seal, findings);
      else noteMissing(seals, seal.file);
    },
    verdict: async () => {
      blameOthers(folder, findings);
      blameMissing(seals.missing, folder, findings);
      const { intact, taken } = await compareSealed(folder, seals.kept, findings);
      const unsealed = folder.closed.filter((name) => !seals.kept.has(name));
      // Files are sealed in their order, so one before the newest seal that has none was put there afterwards.
      for (const name of unsealed.filter((one) => one < seals.newest)) {
        findings.add('unknown_file', `spool/${name}`, 'newer files are sealed and this one is not');
      }
      const later = unsealed.filter((name) => name > seals.newest);
      return { intact, gone: seals.gone + taken, unsealed: later, open: folder.open };
    },
  };
}

function keepSeal(
  seals: Seals,
  { file, ...state }: SpoolFileState & { readonly file: string },
  findings: Findings,
): void {
  const before = seals.kept.get(file) ?? state;
  if (!isSame(before, state)) findings.add('altered', `spool/${file}`, 'it is sealed twice, with two digests');
  seals.kept.set(file, before);
}

function noteMissing(seals: Seals, file: string): void {
  seals.gone += 1;
  seals.missing.push(file);
  if (seals.missing.length > maxMissing) seals.missing.shift();
}

function readSeal({ details, seq }: Entry, findings: Findings): (SpoolFileState & { readonly file: string }) | null {
  const { file, bytes, sha256 } = details;
  if (typeof file === 'string' && typeof bytes === 'number' && typeof sha256 === 'string')
    return { file, bytes, sha256 };
  findings.add('altered', 'spool', `entry ${seq} seals no file that can be told`);
  return null;
}

function blameOthers(folder: SpoolFolder, findings: Findings): void {
  for (const name of folder.others) findings.add('unknown_file', `spool/${name}`, 'it is no record file');
}

/** The budget takes the oldest files first: one that is missing between others, or with all of them, was taken by somebody else. */
function blameMissing(missing: readonly string[], folder: SpoolFolder, findings: Findings): void {
  const oldest = folder.closed[0] ?? folder.open;
  for (const name of missing) {
    if (oldest === null || name > oldest)
      findings.add('removed', `spool/${name}`, 'it was sealed, and newer files than it stay');
  }
}

async function compareSealed(
  folder: SpoolFolder,
  seals: ReadonlyMap<string, SpoolFileState>,
  findings: Findings,
): Promise<{ readonly intact: number; readonly taken: number }> {
  let [intact, taken] = [0, 0];
  for (const [name, sealed] of seals) {
    const state = await folder.state(name);
    if (state === 'gone') taken += 1;
    else if (state === null) findings.add('unreadable', `spool/${name}`, 'it cannot be read');
    else if (isSame(state, sealed)) intact += 1;
    else findings.add('altered', `spool/${name}`, `it was sealed with ${sealed.bytes} bytes and another digest`);
  }
  return { intact, taken };
}

function isSame(left: SpoolFileState, right: SpoolFileState): boolean {
  return left.bytes === right.bytes && left.sha256 === right.sha256;
}
