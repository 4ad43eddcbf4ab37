import { createHash } from 'node:crypto';
import {
  closeSync,
  copyFileSync,
  linkSync,
  mkdirSync,
  openSync,
  readdirSync,
  readSync,
  renameSync,
  rmSync,
  statSync,
} from 'node:fs';
import { basename, join } from 'node:path';
import type { LakeFolder, LedgerEntry } from './lake-folder.ts';
import { evidenceReach } from './naming-sql.ts';

// Days that were joined are kept below `edges/day=2026-11-01/`, each in one file named `<inputs>-<cuts>-<kind>-<sum>.parquet`: a digest of what it
// was made of, one of who changed hands within it, what rows it has, and a digest of its own bytes. Nothing has to be locked: a file is put in place whole by one link or
// rename, who reads it holds a link of their own, and one that is removed too early is made again. It is believed only while its bytes are
// those of its name, so that a crash or a failing disk can cost time and never a wrong map.

/** What the rows of a kept day are; a change of them or of how they are made raises it, and all days are joined again. */
const joinVersion = 1;
/** Files of a day that differ in who changed hands only; the oldest goes. */
const mostPerDay = 2;
const dayMs = 86_400_000;

/** What a joined day was made of: `inputs`, its files and those that name its flows; `cuts`, who was whom for a part of it only. */
export interface DayKey {
  readonly day: string;
  readonly inputs: string;
  readonly cuts: string;
}

/** A file of joined rows. */
export interface JoinedFile {
  readonly path: string;
  /** Whether the rows with names of their own are in it, beside those that were given one. */
  readonly isWhole: boolean;
}

/** Files of the lake by day, relative to its folder. */
export interface DayFiles {
  readonly flows: ReadonlyMap<string, readonly string[]>;
  readonly answers: ReadonlyMap<string, readonly string[]>;
}

/** The files of entries by day, in order of their names. */
export function filesByDay(entries: readonly LedgerEntry[]): DayFiles {
  const all = entries.flatMap(({ files }) => files).sort();
  const of = (table: string): ReadonlyMap<string, readonly string[]> => {
    const dated = all.filter((file) => file.startsWith(`${table}/`));
    return Map.groupBy(dated, (file) => /day=([^/]+)/.exec(file)?.[1] ?? '');
  };
  return { flows: of('flows'), answers: of('answers') };
}

/** The files of some days' flows and answers that may name flows of the days from `first` to `last`. */
export function filesAround(
  files: DayFiles,
  first: string,
  last: string,
): { readonly [T in keyof DayFiles]: readonly string[] } {
  const days: string[] = [];
  const end = Date.parse(last) + evidenceReach.after * dayMs;
  for (let at = Date.parse(first) - evidenceReach.before * dayMs; at <= end; at += dayMs) days.push(dayOf(at));
  const of = (table: ReadonlyMap<string, readonly string[]>): readonly string[] =>
    days.flatMap((day) => table.get(day) ?? []);
  return { flows: of(files.flows), answers: of(files.answers) };
}

/** The digest of everything that a day's joined rows come from, but for who changed hands. Files never change once they are there. */
export function inputsOf(folder: LakeFolder, files: DayFiles, day: string): string {
  const around = filesAround(files, day, day);
  const sized = [...around.flows, ...around.answers].map((file) => [
    file,
    statSync(folder.pathOf(file), { throwIfNoEntry: false })?.size ?? null,
  ]);
  return digestOf([joinVersion, day, sized]).slice(0, 32);
}

/** A digest of plain data, in hexadecimal. */
export function digestOf(data: unknown): string {
  return createHash('sha256').update(JSON.stringify(data)).digest('hex');
}

/** A kept file of a day as a link below `into`, which nobody else removes; null where there is none whose bytes are those of its name. */
export function takeKept(folder: LakeFolder, { day, inputs, cuts }: DayKey, into: string): JoinedFile | null {
  for (const name of namesOf(folder, day).filter((one) => one.startsWith(`${inputs}-${cuts}-`))) {
    const kept = join(folderOf(folder, day), name);
    const taken = join(into, `${day}-${name}`);
    try {
      place(kept, taken);
      const file = { path: taken, isWhole: name.startsWith(`${inputs}-${cuts}-whole-`) };
      if (name === nameOf({ inputs, cuts }, file)) return file;
      rmSync(kept, { force: true });
    } catch (error) {
      // Somebody else removed it in between: it is made again.
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    }
    rmSync(taken, { force: true });
  }
  return null;
}

/** Keeps a file of joined rows. What cannot be kept (a full disk) is none the worse for this time. */
export function keepDay(folder: LakeFolder, key: DayKey, file: JoinedFile): void {
  const to = join(folderOf(folder, key.day), nameOf(key, file));
  const half = `${to}.${basename(file.path)}.tmp`;
  try {
    mkdirSync(folderOf(folder, key.day), { recursive: true, mode: 0o700 });
    place(file.path, half);
    renameSync(half, to);
  } catch {
    rmSync(half, { force: true });
  }
}

/** Removes kept days that are not made of what the lake holds now, and of the others all but the latest few. */
export function sweepKept(folder: LakeFolder): void {
  const files = filesByDay(folder.entries());
  for (const day of listOf(join(folder.dir, 'edges')).map((name) => name.replace('day=', ''))) {
    const current = files.flows.has(day) ? inputsOf(folder, files, day) : null;
    const names = namesOf(folder, day);
    const live = names.filter(
      (name) => current !== null && name.startsWith(`${current}-`) && name.endsWith('.parquet'),
    );
    const latest = new Set(live.sort((a, b) => ageOf(folder, day, a) - ageOf(folder, day, b)).slice(0, mostPerDay));
    for (const name of names) if (!latest.has(name)) rmSync(join(folderOf(folder, day), name), { force: true });
    if (latest.size === 0) rmSync(folderOf(folder, day), { recursive: true, force: true });
  }
}

function ageOf(folder: LakeFolder, day: string, name: string): number {
  return -(statSync(join(folderOf(folder, day), name), { throwIfNoEntry: false })?.mtimeMs ?? 0);
}

function folderOf(folder: LakeFolder, day: string): string {
  return join(folder.dir, 'edges', `day=${day}`);
}

function namesOf(folder: LakeFolder, day: string): readonly string[] {
  return listOf(folderOf(folder, day));
}

function listOf(dir: string): readonly string[] {
  try {
    return readdirSync(dir);
  } catch {
    return [];
  }
}

function nameOf({ inputs, cuts }: Pick<DayKey, 'inputs' | 'cuts'>, { path, isWhole }: JoinedFile): string {
  return `${inputs}-${cuts}-${isWhole ? 'whole' : 'nameless'}-${sumOf(path)}.parquet`;
}

// Not every file system links; a copy does the same for more.
function place(from: string, to: string): void {
  try {
    linkSync(from, to);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') throw error;
    copyFileSync(from, to);
  }
}

const pieceBytes = 1 << 20;

function sumOf(file: string): string {
  const hash = createHash('sha256');
  const piece = Buffer.allocUnsafe(pieceBytes);
  const descriptor = openSync(file, 'r');
  try {
    for (;;) {
      const bytes = readSync(descriptor, piece);
      if (bytes === 0) return hash.digest('hex').slice(0, 32);
      hash.update(piece.subarray(0, bytes));
    }
  } finally {
    closeSync(descriptor);
  }
}

function dayOf(ms: number): string {
  return new Date(ms).toISOString().slice(0, 10);
}
