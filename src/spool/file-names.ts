/** A record file: its name, and the time in it (epoch milliseconds of when it was begun). Names sort in the order of writing. */
export interface SpoolFileName {
  readonly name: string;
  readonly beganAtMs: number;
  readonly serial: number;
}

const pattern = /^decisions-(\d{14})-(\d{6})\.ndjson$/;

/** Reads a name such as `decisions-01764000000000-000001.ndjson`; null for anything else in the folder. */
export function parseFileName(name: string): SpoolFileName | null {
  const match = pattern.exec(name);
  return match === null ? null : { name, beganAtMs: Number(match[1]), serial: Number(match[2]) };
}

/**
 * A name that sorts after `last`. A clock that was set back must not give a name that sorts before a file already written,
 * or readers would never see it: then the time of the last file is kept and the serial rises.
 */
export function nextFileName(nowMs: number, last: SpoolFileName | null): SpoolFileName {
  const beganAtMs = Math.max(0, Math.floor(nowMs), last?.beganAtMs ?? 0);
  const serial = last !== null && last.beganAtMs === beganAtMs ? last.serial + 1 : 0;
  const name = `decisions-${String(beganAtMs).padStart(14, '0')}-${String(serial).padStart(6, '0')}.ndjson`;
  return { name, beganAtMs, serial };
}

/** The record files of a folder listing, oldest first. */
export function sortFileNames(names: readonly string[]): readonly SpoolFileName[] {
  return names
    .map(parseFileName)
    .filter((one) => one !== null)
    .sort((left, right) => (left.name < right.name ? -1 : 1));
}
