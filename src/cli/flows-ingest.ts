import type { Command } from 'commander';
import type { LakeProgress } from '../app/front/index.ts';
import type { IngestedFile, IngestReport } from '../app/index.ts';
import { escapeControls, nearestWord } from '../base/index.ts';
import { configFormats, logFormats, rangeFormats, rejects } from '../flowmap/index.ts';
import type { Cli } from './cli.ts';
import { type ExitCode, exitCodes } from './exit-codes.ts';
import { bytesText, runFlowJob } from './flows-options.ts';
import type { Row } from './table.ts';

interface IngestFlags {
  readonly format: string;
  readonly timezone?: string;
}

/** Adds `exeat flows ingest`: reads logs, configuration and tables of address ranges into the flow lake. */
export function registerFlowsIngest(parent: Command, cli: Cli): void {
  parent
    .command('ingest')
    .description('read logs, configuration files and published tables of address ranges into the flow lake')
    .argument('<path...>', 'files, folders, or `-` for standard input; gzip, zstd and Parquet are read as they are')
    .option(
      '--format <format>',
      'format of the files, `auto` to detect it; with a grammar of your own: NAME=GRAMMAR',
      'auto',
    )
    .option(
      '--timezone <zone>',
      'zone of times without one, `Europe/Berlin` or `+02:00` (default: that of this machine)',
    )
    .addHelpText(
      'after',
      "\nThe same bytes are never counted twice: ingest again whenever you like. A log that grew takes the place of what it was.\nFormats and what each can tell: exeat flows formats\n\nExit codes: 0 everything was read, 1 a file could not be used.\n\nExamples:\n  exeat flows ingest /var/log/squid/access.log*\n  zcat flows.gz | exeat flows ingest -\n  exeat flows ingest access.log --format 'squid=%ts.%03tu %6tr %>a %Ss/%03>Hs %<st %rm %ru %[un %Sh/%<a %mt'\n  exeat flows ingest ./deploy\n  exeat flows ingest ip-ranges.json\n",
    )
    .action((paths: string[], flags: IngestFlags) => cli.run(() => runIngest(cli, paths, flags)));
}

async function runIngest(cli: Cli, paths: readonly string[], flags: IngestFlags): Promise<ExitCode> {
  const equals = flags.format.indexOf('=');
  const id = equals < 0 ? flags.format : flags.format.slice(0, equals);
  const trouble = formatTrouble(id, equals >= 0);
  if (trouble !== null) return cli.fail({ message: trouble });
  const format = id === 'auto' ? null : { id, grammar: equals < 0 ? null : flags.format.slice(equals + 1) };
  const timezone = flags.timezone ?? machineZone();
  const progress = createProgress(cli);
  const report = await runFlowJob<IngestReport>(cli, 'ingest', { paths, format, timezone }, progress.show);
  if (report !== null && addedLines(report) >= joinFromLines) {
    progress.tell('joining the days that are new');
    await runFlowJob<null>(cli, 'join', null);
  }
  progress.clear();
  if (report === null) return exitCodes.error;
  print(cli, report);
  return report.files.some(({ outcome }) => outcome === 'failed') ? exitCodes.error : exitCodes.ok;
}

/** With fewer lines, joining days when they are read takes no time that anybody would notice. */
const joinFromLines = 500_000;

function addedLines({ files }: IngestReport): number {
  const added = files.filter(({ outcome }) => outcome === 'added' || outcome === 'grown');
  return sum(added.map((file) => ('entry' in file ? file.entry.tally.taken : 0)));
}

// Where `TZ` holds nonsense the platform gives `Etc/Unknown` or nothing, and reckons in UTC.
function machineZone(): string {
  const { timeZone } = Intl.DateTimeFormat().resolvedOptions();
  return timeZone === undefined || timeZone === 'Etc/Unknown' ? 'UTC' : timeZone;
}

function formatTrouble(id: string, hasGrammar: boolean): string | null {
  if (id === 'auto') return null;
  const known = [...logFormats, ...configFormats, ...rangeFormats].map((format) => format.id);
  if (!known.includes(id)) {
    const near = nearestWord(id, known);
    return `format \`${id}\` is not known${near === null ? '' : `, did you mean \`${near}\``}; see \`exeat flows formats\``;
  }
  const grammar = logFormats.find((format) => format.id === id)?.grammar ?? null;
  if (!hasGrammar || grammar !== null) return null;
  return `format \`${id}\` has no grammar of its own, write \`--format ${id}\``;
}

const columns = ['file', 'outcome', 'format', 'lines', 'taken', 'skipped', 'rejected', 'from', 'to'] as const;

function print(cli: Cli, { files }: IngestReport): void {
  const told = files.filter(({ outcome }) => outcome !== 'passed-over');
  if (cli.flags().output === 'json' || cli.flags().output === 'yaml') cli.printObject({ files }, () => '');
  else cli.printRows(columns, told.map(fileRow));
  for (const file of told) {
    if ('fault' in file) cli.fail(file.fault);
    else tellRejects(cli, file);
  }
  const passedOver = files.flatMap((file) => (file.outcome === 'passed-over' ? [file.fault] : []));
  const empty = passedOver.filter(({ code }) => code === 'source_empty');
  cli.fail(...empty);
  const others = passedOver.length - empty.length;
  if (others > 0)
    cli.io.writeError(`exeat: ${others} files below the folders are in no known format and were passed over\n`);
}

function fileRow(file: IngestedFile): Row {
  if ('fault' in file) return { file: file.path, outcome: file.outcome };
  const { tally, formats, firstMs, lastMs } = file.entry;
  return {
    file: file.path,
    outcome: file.outcome,
    format: formats.join(', '),
    lines: tally.lines,
    taken: tally.taken,
    skipped: sum(Object.values(tally.skips)),
    rejected: sum(Object.values(tally.rejects).map(({ count }) => count)),
    from: firstMs === null ? null : new Date(firstMs).toISOString(),
    to: lastMs === null ? null : new Date(lastMs).toISOString(),
  };
}

/** What could not be used, by reason with the first examples: on stderr, so that tables stay tables. */
function tellRejects(cli: Cli, file: Extract<IngestedFile, { outcome: 'added' | 'grown' | 'known' }>): void {
  for (const note of file.entry.notes) cli.fail({ message: `\`${file.path}\`: ${note}` });
  for (const [code, { count, examples }] of Object.entries(file.entry.tally.rejects)) {
    const says = rejects[code as keyof typeof rejects];
    const where = examples.map(({ line }) => line).join(', ');
    cli.fail({ message: `\`${file.path}\`: ${count} × ${code}: ${says}${where === '' ? '' : ` (line ${where})`}` });
    const [first] = examples;
    if (first !== undefined && first.text !== '') cli.fail({ message: `  ${first.text}` });
  }
}

function sum(counts: readonly number[]): number {
  return counts.reduce((all, count) => all + count, 0);
}

interface Progress {
  show(progress: LakeProgress): void;
  tell(what: string): void;
  clear(): void;
}

const showEveryMs = 200;
const nothing = (): void => undefined;

/** One line that is written over, on a terminal only. */
function createProgress(cli: Cli): Progress {
  if (cli.io.isErrorTerminal !== true) return { show: nothing, tell: nothing, clear: nothing };
  let [shownAt, what, startedAt] = [0, '', 0];
  return {
    show: (progress) => {
      const now = cli.io.now();
      if (progress.what !== what) [what, startedAt] = [progress.what, now];
      if (now - shownAt < showEveryMs) return;
      shownAt = now;
      cli.io.writeError(`\r\u001b[K${progressText(progress, Math.max(1, now - startedAt))}`);
    },
    tell: (text) => cli.io.writeError(`\r\u001b[K${text}`),
    clear: () => cli.io.writeError('\r\u001b[K'),
  };
}

function progressText({ bytes, totalBytes, lines, ...progress }: LakeProgress, elapsedMs: number): string {
  const what = escapeControls(progress.what);
  const rows = `${Math.round((lines / elapsedMs) * 1000).toLocaleString('en-US')} lines/s`;
  if (totalBytes === null || bytes === 0) return `${what}  ${bytesText(bytes)}  ${rows}`;
  const leftSeconds = Math.round(((totalBytes - bytes) * elapsedMs) / bytes / 1000);
  return `${what}  ${bytesText(bytes)} of ${bytesText(totalBytes)}  ${rows}  ${leftSeconds} s left`;
}
