import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';

/** Settings of the machine as they were before us, in a small file, so that a removal finds them after any end. */
export interface KeptState {
  read(): Readonly<Record<string, string>>;
  /** Keeps the first value of a name; later ones are ours. */
  keep(name: string, value: string): void;
  remove(): void;
}

/** Opens the file; it need not be there yet. */
export function createKeptState(file: string): KeptState {
  const read = (): Readonly<Record<string, string>> => {
    try {
      const kept: unknown = JSON.parse(readFileSync(file, 'utf8'));
      return isTexts(kept) ? kept : {};
    } catch {
      // Not there, or cut off by the end of the machine, with which the settings went too.
      return {};
    }
  };
  return {
    read,
    keep: (name, value) => {
      const kept = read();
      if (Object.hasOwn(kept, name)) return;
      mkdirSync(dirname(file), { recursive: true });
      writeFileSync(`${file}.new`, JSON.stringify({ ...kept, [name]: value }), { mode: 0o600 });
      renameSync(`${file}.new`, file);
    },
    remove: () => rmSync(file, { force: true }),
  };
}

// Names become paths below /proc/sys: a file that somebody else wrote must not lead elsewhere.
function isTexts(kept: unknown): kept is Record<string, string> {
  return (
    typeof kept === 'object' &&
    kept !== null &&
    Object.entries(kept).every(
      ([name, value]) => /^net\/[\w./@-]+$/.test(name) && !name.includes('..') && typeof value === 'string',
    )
  );
}
