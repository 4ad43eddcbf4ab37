import { readFileSync } from 'node:fs';
import type { Command } from 'commander';
import type { Cli } from './cli.ts';
import { exitCodes } from './exit-codes.ts';

/** The version of this package, read from its `package.json`: `0.1.0`. */
export function readVersion(): string {
  const manifest: unknown = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));
  return typeof manifest === 'object' && manifest !== null && 'version' in manifest
    ? String(manifest.version)
    : 'unknown';
}

/** Adds `exeat version`. */
export function registerVersion(parent: Command, cli: Cli): void {
  parent
    .command('version')
    .description('print the versions of Exeat and of Node')
    .action(() =>
      cli.run(() => {
        const versions = { exeat: readVersion(), node: process.versions.node };
        cli.printObject(versions, () => `exeat ${versions.exeat} (node ${versions.node})\n`);
        return exitCodes.ok;
      }),
    );
}
