import { existsSync } from 'node:fs';
import type { Command } from 'commander';
import { readAnchors, statePaths, type VerifyFolderOptions, verifyFolder } from '../app/index.ts';
import { auditText } from './audit-text.ts';
import type { Cli } from './cli.ts';
import { type ExitCode, exitCodes } from './exit-codes.ts';

interface VerifyFlags {
  readonly key?: string;
  readonly checkpoint: readonly string[];
  readonly spool?: string;
}

/** Adds `exeat audit verify [DIR]`: reads a log, or an evidence pack, and tells what is wrong with it; exit 7 then. */
export function registerAuditVerify(parent: Command, cli: Cli): void {
  parent
    .command('verify')
    .description('verify an audit log or an evidence pack, offline')
    .argument('[dir]', 'folder of the log or of the pack; without it, the log of the state with its anchors and spool')
    .option('--key <file>', 'public key of the log, kept elsewhere; without it, `log.pub` of the folder')
    .option(
      '--checkpoint <file>',
      'older checkpoints, kept elsewhere (an anchor, lines of syslog); may be given again',
      (file: string, before: readonly string[]) => [...before, file],
      [] as readonly string[],
    )
    .option('--spool <dir>', 'folder of record files, to compare with their seals')
    .addHelpText(
      'after',
      '\nExamples:\n  exeat audit verify\n  exeat audit verify /backup/audit --key log.pub --checkpoint anchor.txt\n\nExit codes: 0 nothing was found, 7 something was, 1 it could not be looked at.\n',
    )
    .action((dir: string | undefined, flags: VerifyFlags) => cli.run(() => verify(cli, dir ?? null, flags)));
}

async function verify(cli: Cli, dir: string | null, flags: VerifyFlags): Promise<ExitCode> {
  const options = dir === null ? await optionsOfState(cli, flags) : optionsOfFolder(dir, flags);
  if (options === null) return exitCodes.error;
  const verified = await verifyFolder(options);
  if (!verified.ok) return cli.fail(verified.fault);
  const verdict = verified.value;
  const isWhole = verdict.findingCount === 0;
  cli.printObject({ dir: options.dir, key: options.keyFile, isWhole, ...verdict }, () => auditText(options, verdict));
  return isWhole ? exitCodes.ok : exitCodes.integrityFailure;
}

function optionsOfFolder(dir: string, flags: VerifyFlags): VerifyFolderOptions {
  return {
    dir,
    keyFile: flags.key ?? null,
    checkpointFiles: flags.checkpoint,
    older: [],
    spool: flags.spool ?? null,
  };
}

/** Without a folder, what the configuration knows counts as well: the anchors that are files, and the spool. */
async function optionsOfState(cli: Cli, flags: VerifyFlags): Promise<VerifyFolderOptions | null> {
  const config = cli.config();
  if (config === null) return null;
  const paths = statePaths(config.state);
  const { sources, missing } = await readAnchors(config.audit.anchors);
  for (const one of missing) cli.io.writeError(`exeat: an anchor is not compared: ${one}\n`);
  const spool = existsSync(paths.spool) ? paths.spool : null;
  return { ...optionsOfFolder(paths.audit, flags), older: sources, spool: flags.spool ?? spool };
}
