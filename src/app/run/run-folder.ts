import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { openTemporaryFolder, removeTemporaryFolder } from '../temporary-folder.ts';

/** The folder of one run, 0700: what stands for temporary files and the resolver's file inside, and the state of a point of its own. */
export interface RunFolder {
  readonly path: string;
  readonly state: string;
  readonly log: string;
  /** Takes it away. What cannot be taken away now is, at the next run. */
  remove(): void;
}

// A folder without a mark is one that a run just makes, or one that was ended just then.
const folders = { prefix: 'exeat-run-', unmarkedMs: 60_000 };

/** Makes the folder, after taking away those of runs that were killed. Throws what the file system throws. */
export function openRunFolder(): RunFolder {
  const path = openTemporaryFolder(folders);
  // The sticky bit and the modes are those of what they stand for.
  for (const name of ['tmp', 'var-tmp']) mkdirSync(join(path, name), { mode: 0o700 });
  writeFileSync(join(path, 'resolv.conf'), 'nameserver 127.0.0.1\noptions edns0\n', { mode: 0o444 });
  return {
    path,
    state: join(path, 'state'),
    log: join(path, 'log'),
    remove: () => void removeTemporaryFolder(path),
  };
}
