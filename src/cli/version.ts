import type { Command } from 'commander';
import { readVersion } from '../app/front/index.ts';
import type { Cli } from './cli.ts';
import { exitCodes } from './exit-codes.ts';

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
