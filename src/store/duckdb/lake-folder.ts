import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import type { SourceEntry } from '../../flowmap/index.ts';

/** What a source is made of on disk: its entry, and its Parquet files relative to the lake. */
export interface LedgerEntry extends SourceEntry {
  readonly files: readonly string[];
  /** Sources whose place it took: where a stop left their entries behind, they do not count. */
  readonly replaces?: readonly string[];
}

/** The kinds of rows, each in a folder of its own, partitioned by day where it has days. */
export const lakeTables = ['flows', 'answers', 'leases', 'declared', 'ranges'] as const;

/** One of {@link lakeTables}. */
export type LakeTable = (typeof lakeTables)[number];

/**
 * The folder of a lake: `flows/day=2026-11-01/<source>-<n>.parquet` and its like, and `sources/<id>.json`, whose presence is what makes a
 * source count. Files of a source without entry are leftovers of an ingest that was stopped.
 */
export class LakeFolder {
  readonly dir: string;

  /** Throws where a newer version wrote the lake, before anything in it is touched, and where the folder cannot be used. */
  constructor(dir: string) {
    this.dir = dir;
    refuseNewer(join(dir, versionFile));
    for (const folder of ['sources', 'incoming', 'tmp', 'edges', ...lakeTables]) {
      mkdirSync(join(dir, folder), { recursive: true, mode: 0o700 });
    }
    if (!existsSync(join(dir, versionFile))) replaceFile(join(dir, versionFile), `${lakeVersion}\n`);
  }

  /** A folder for what the database cannot hold in memory; whoever made it removes it. */
  makeTempDir(): string {
    return mkdtempSync(join(this.dir, 'tmp', 'query-'));
  }

  /** Every source, oldest ingest first. Throws where an entry is damaged: its source must neither be missed nor have its files removed. */
  entries(): readonly LedgerEntry[] {
    const all = this.#allEntries();
    const replaced = new Set(all.flatMap(({ replaces }) => replaces ?? []));
    return all
      .filter(({ id }) => !replaced.has(id))
      .sort((a, b) => a.ingestedAtMs - b.ingestedAtMs || (a.id < b.id ? -1 : 1));
  }

  #allEntries(): readonly LedgerEntry[] {
    return readdirSync(join(this.dir, 'sources'))
      .filter((name) => name.endsWith('.json'))
      .map((name) => readEntry(join(this.dir, 'sources', name)));
  }

  /** Absolute paths of the Parquet files of a table, of all sources, of the days of a window (`YYYY-MM-DD`, both inclusive). */
  files(table: LakeTable, days: { readonly from: string | null; readonly to: string | null }): readonly string[] {
    return this.entries()
      .flatMap(({ files }) => files)
      .filter((file) => file.startsWith(`${table}/`) && isWithin(/day=([^/]+)/.exec(file)?.[1], days))
      .map((file) => this.pathOf(file));
  }

  /** The absolute path of a file of an entry. */
  pathOf(file: string): string {
    return join(this.dir, file);
  }

  /** A folder for what is not published yet. */
  incoming(id: string): string {
    const folder = join(this.dir, 'incoming', id);
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    return folder;
  }

  /** Moves the files of a source to their places and writes its entry, last: from then on it counts, and those that it replaces do not. */
  publish(entry: SourceEntry, replaces: readonly string[] = []): void {
    const from = join(this.dir, 'incoming', entry.id);
    const files = lakeTables.flatMap((table) => moveTable(join(from, table), this.dir, table));
    replaceFile(
      join(this.dir, 'sources', `${entry.id}.json`),
      JSON.stringify(replaces.length === 0 ? { ...entry, files } : { ...entry, files, replaces }, null, 1),
    );
    this.discard(entry.id);
    if (replaces.length > 0) this.#removeReplaced();
  }

  #removeReplaced(): void {
    const all = this.#allEntries();
    const replaced = new Set(all.flatMap((entry) => entry.replaces ?? []));
    for (const entry of all) if (replaced.has(entry.id)) this.remove(entry);
  }

  /** Removes what an ingest left behind. */
  discard(id: string): void {
    rmSync(join(this.dir, 'incoming', id), { recursive: true, force: true });
  }

  /** Takes a source out: its entry first, so that it does not count any more, then its files. */
  remove(entry: LedgerEntry): void {
    rmSync(join(this.dir, 'sources', `${entry.id}.json`), { force: true });
    for (const file of entry.files) rmSync(join(this.dir, file), { force: true });
  }

  /** Removes leftovers of ingests that were stopped. Only while nobody else writes. */
  clean(): void {
    rmSync(join(this.dir, 'incoming'), { recursive: true, force: true });
    mkdirSync(join(this.dir, 'incoming'), { mode: 0o700 });
    this.#cleanTemp();
    this.#removeReplaced();
    const known = new Set(this.entries().flatMap(({ files }) => files));
    for (const table of lakeTables) {
      for (const file of parquetBelow(join(this.dir, table))) {
        const relative = `${table}/${file}`;
        if (!known.has(relative)) rmSync(join(this.dir, relative), { force: true });
      }
    }
  }

  #cleanTemp(): void {
    for (const name of readdirSync(join(this.dir, 'tmp'))) {
      const path = join(this.dir, 'tmp', name);
      if (isOld(path)) rmSync(path, { recursive: true, force: true });
    }
  }
}

// Somebody may be reading right now: only what nobody can still use goes.
function isOld(path: string): boolean {
  return Date.now() - statSync(path).mtimeMs > oldTempMs;
}

const oldTempMs = 86_400_000;

/** What the files of a lake are laid out as; a change that older versions cannot read raises it. */
const lakeVersion = 1;
const versionFile = 'version';

function refuseNewer(path: string): void {
  if (!existsSync(path)) return;
  const version = Number(readFileSync(path, 'utf8').trim());
  if (version <= lakeVersion) return;
  throw new Error(
    `the flow lake was written by a newer version of Exeat (its layout is ${version}, this one knows ${lakeVersion}): use that version, or another \`state:\``,
  );
}

function readEntry(path: string): LedgerEntry {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as LedgerEntry;
  } catch (error) {
    throw new Error(`\`${path}\` in the flow lake is damaged: remove it and ingest its source again`, { cause: error });
  }
}

function replaceFile(path: string, text: string): void {
  writeFileSync(`${path}.tmp`, text, { mode: 0o600, flush: true });
  renameSync(`${path}.tmp`, path);
}

function isWithin(
  day: string | undefined,
  { from, to }: { readonly from: string | null; readonly to: string | null },
): boolean {
  if (day === undefined) return true;
  return (from === null || day >= from) && (to === null || day <= to);
}

function moveTable(from: string, dir: string, table: LakeTable): readonly string[] {
  if (!existsSync(from)) return [];
  return parquetBelow(from).map((file) => {
    const to = join(dir, table, file);
    mkdirSync(join(to, '..'), { recursive: true, mode: 0o700 });
    renameSync(join(from, file), to);
    return `${table}/${file}`;
  });
}

function parquetBelow(dir: string): readonly string[] {
  return readdirSync(dir, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.parquet'));
}
