import { execFile } from 'node:child_process';
import { join } from 'node:path';

const entry = join(import.meta.dirname, '../../../src/cli/exeat.ts');
const mostOutputBytes = 64 * 1024 * 1024;

/** What a command came to. */
export interface Ran {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs `exeat` as a reader would type it, with the configuration of a folder. */
export function runExeat(folder: string, args: readonly string[]): Promise<Ran> {
  const all = [entry, ...args, '--config', join(folder, 'exeat.yaml')];
  return new Promise((resolve) => {
    execFile(process.execPath, all, { maxBuffer: mostOutputBytes }, (error, stdout, stderr) => {
      const code = error === null ? 0 : typeof error.code === 'number' ? error.code : 1;
      resolve({ code, stdout, stderr });
    });
  });
}
