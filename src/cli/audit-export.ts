import type { Command } from 'commander';
import { exportEvidence, statePaths } from '../app/index.ts';
import type { Cli } from './cli.ts';
import { type ExitCode, exitCodes } from './exit-codes.ts';
import { parseInstant } from './flows-options.ts';
import { countText } from './wording.ts';

interface ExportFlags {
  readonly from: string;
  readonly to: string;
  readonly out: string;
}

/** Adds `exeat audit export`: a folder of entries with the proofs that they are in the log. */
export function registerAuditExport(parent: Command, cli: Cli): void {
  parent
    .command('export')
    .description('write an evidence pack: entries of a span with proofs that they are in the log')
    .argument('[dir]', 'folder of the log; without it, the log of the state')
    .requiredOption(
      '--from <time>',
      'first instant of the span: `2026-11-01`, `2026-11-01T08:00:00Z`, or how long ago, `30d`',
    )
    .requiredOption('--to <time>', 'first instant after the span')
    .requiredOption('--out <dir>', 'folder to write, which is not there yet')
    .action((dir: string | undefined, flags: ExportFlags) => cli.run(() => exportPack(cli, dir ?? null, flags)));
}

async function exportPack(cli: Cli, given: string | null, { from, to, out }: ExportFlags): Promise<ExitCode> {
  const fromMs = parseInstant('--from', from, cli.io.now());
  const untilMs = parseInstant('--to', to, cli.io.now());
  if (!fromMs.ok) return cli.fail(fromMs.fault);
  if (!untilMs.ok) return cli.fail(untilMs.fault);
  const dir = given ?? stateLog(cli);
  if (dir === null) return exitCodes.error;
  const exported = await exportEvidence({ dir, fromMs: fromMs.value, untilMs: untilMs.value, out });
  if (!exported.ok) return cli.fail(exported.fault);
  const { entries, firstSeq, lastSeq, size } = exported.value;
  const which = firstSeq === null ? '' : ` (${firstSeq} to ${lastSeq})`;
  cli.printObject(
    { out, entries, firstSeq, lastSeq, size },
    () =>
      `${countText(entries, 'entry', 'entries')}${which} of ${size} in ${out}; check it with \`exeat audit verify ${out}\`\n`,
  );
  return exitCodes.ok;
}

function stateLog(cli: Cli): string | null {
  const config = cli.config();
  return config === null ? null : statePaths(config.state).audit;
}
