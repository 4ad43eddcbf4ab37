import type { ShrinkOptions } from '../app/index.ts';
import { escapeControls } from '../base/index.ts';
import { coverageLines, type ProposedFile, readinessText, type Shrinkage } from '../flowmap/index.ts';
import type { Cli } from './cli.ts';
import { type ExitCode, exitCodes } from './exit-codes.ts';
import { parseWindow, runFlowJob, type WindowFlags } from './flows-options.ts';
import type { Row } from './table.ts';
import { withoutMark, writeProposal } from './write-proposal.ts';

/** The flags of `--shrink`, and where files go. */
export interface ShrinkFlags extends WindowFlags {
  readonly service?: string;
  readonly to?: string;
  readonly force?: boolean;
  readonly unready?: boolean;
}

/** Runs `exeat flows propose --shrink`: the present policy without what nothing used, and what that closes. */
export async function runShrink(cli: Cli, flags: ShrinkFlags): Promise<ExitCode> {
  const window = parseWindow(flags, cli.io.now());
  if (!window.ok) return cli.fail(window.fault);
  const options: ShrinkOptions = {
    window: window.value,
    service: flags.service ?? null,
    isUnready: flags.unready === true,
  };
  const shrinkage = await runFlowJob<Shrinkage>(cli, 'shrink', options);
  if (shrinkage === null) return exitCodes.error;
  if (shrinkage.services === 0) return cli.fail({ message: `the policy has no service \`${flags.service ?? ''}\`` });
  if (cli.flags().output === 'csv') cli.printRows(csvColumns, changeRows(shrinkage));
  else if (!printFiles(cli, flags, { ...shrinkage })) return exitCodes.error;
  tellShrinkage(cli, shrinkage);
  if (shrinkage.skipped.length < shrinkage.services) return exitCodes.ok;
  return cli.fail({
    message: 'nothing was shrunk: no service has 14 days with a month end, ingest more or use --unready',
  });
}

/** Prints files by `-o`, or writes them with `--to`; false after a fault was printed. Data in full goes to stdout as JSON or YAML. */
export function printFiles(
  cli: Cli,
  flags: Pick<ShrinkFlags, 'to' | 'force'>,
  data: Row & { readonly files: readonly ProposedFile[] },
): boolean {
  const { output } = cli.flags();
  if (flags.to !== undefined) {
    const written = writeProposal(data.files, { dir: flags.to, force: flags.force === true });
    if (!written.ok) return cli.fail(written.fault) === exitCodes.ok;
    for (const path of written.value) cli.io.writeError(`# wrote ${escapeControls(path)}\n`);
  }
  if (output === 'json' || output === 'yaml') cli.printObject(data, () => '');
  else if (flags.to === undefined) cli.io.writeOut(joinFiles(data.files));
  return true;
}

/** All files as one stream of documents, each file under its path. */
function joinFiles(files: readonly ProposedFile[]): string {
  return files
    .map(
      ({ path, text }, at) =>
        `${at === 0 ? '' : '---\n'}# file: ${escapeControls(path)}\n${withoutMark(text).replace(/^---\n/, '')}`,
    )
    .join('');
}

function tellShrinkage(cli: Cli, shrinkage: Shrinkage): void {
  if (cli.flags().output === 'json' || cli.flags().output === 'yaml') return;
  const tell = (line: string): void => cli.io.writeError(`# ${escapeControls(line)}\n`);
  for (const line of coverageLines(shrinkage.coverage)) tell(line);
  for (const { service, readiness } of shrinkage.skipped)
    tell(`left as it is: ${service}, ${readinessText(readiness)}`);
  for (const { service, readiness } of shrinkage.forced) {
    tell(`SHRUNK WITHOUT ENOUGH HISTORY, as --unready asks: ${service}, ${readinessText(readiness)}`);
  }
  for (const { rule, change, says, replacedBy } of shrinkage.changes) {
    const becomes = replacedBy.length === 0 || change.startsWith('keep_') ? '' : ` -> ${replacedBy.join(', ')}`;
    tell(`${change.startsWith('keep_') ? 'kept' : 'closes'}: ${rule}${becomes} (${says})`);
  }
  for (const { list, member } of shrinkage.members) tell(`closes: ${member} of @${list} (nobody used it)`);
}

const csvColumns = ['service', 'file', 'line', 'rule', 'change', 'replacedBy', 'says'] as const;

function changeRows({ changes, members }: Shrinkage): readonly Row[] {
  return [
    ...changes.map((change) => ({ ...change })),
    ...members.map(({ list, file, member }) => ({
      file,
      rule: `@${list}#${member}`,
      change: 'drop',
      says: 'nobody used it',
    })),
  ];
}
