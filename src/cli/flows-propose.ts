import { type Command, Option } from 'commander';
import type { ProposeOptions } from '../app/index.ts';
import { escapeControls, failed, fault, ok, type Result } from '../base/index.ts';
import {
  type ApartEntry,
  coverageLines,
  declaredText,
  type Proposal,
  type ProposedEntry,
  type ProposedService,
  readinessText,
} from '../flowmap/index.ts';
import type { Cli } from './cli.ts';
import { type ExitCode, exitCodes } from './exit-codes.ts';
import { parseWindow, runFlowJob, timeText, type WindowFlags } from './flows-options.ts';
import { printFiles, runShrink } from './flows-shrink.ts';
import type { Row } from './table.ts';
import { countText } from './wording.ts';

/** The flags of `exeat flows propose` as given. */
interface ProposeFlags extends WindowFlags {
  readonly service?: string;
  readonly to?: string;
  readonly force?: boolean;
  readonly wildcardFrom: string;
  readonly night: string;
  readonly shrink?: boolean;
  readonly unready?: boolean;
}

/** Fewer names than this are written out: five tell that names are made by a machine, and are still read in one look. */
const defaultWildcardFrom = '5';
/** When offices are empty, for those near UTC; others say their own hours. */
const defaultNight = '22-6';

/** Adds `exeat flows propose`: policy documents for review, made of what was seen. */
export function registerFlowsPropose(parent: Command, cli: Cli): void {
  parent
    .command('propose')
    .description('propose policy documents for review from what was seen, with evidence')
    .option('--service <name>', 'only this service')
    .option('--since <time>', 'flows from this time on, `2026-11-01` or `30d` ago (default: everything kept)')
    .option('--until <time>', 'flows before this time')
    .option('--to <dir>', 'write one file per service into this folder (default: all documents on stdout)')
    .option('--force', 'with --to: overwrite files that somebody wrote or changed')
    .addOption(
      new Option('--wildcard-from <names>', 'distinct names under one domain that make a wildcard').default(
        defaultWildcardFrom,
      ),
    )
    .addOption(new Option('--night <hours>', 'hours of the day (UTC) in which nobody works').default(defaultNight))
    .option('--shrink', 'the reverse: shrink the present policy to what the window used, and list what that closes')
    .option('--unready', 'with --shrink: also services without 14 days and a month end')
    .addHelpText(
      'after',
      '\nEvery entry says `reason: TODO`, which fails the check until a person fills it in. What is doubtful stands in comments, to be judged.\nCoverage and readiness go to stderr. With -o json: everything as data.\n\nExamples:\n  exeat flows propose --since 45d --to ./proposed\n  exeat flows propose --service payments-api\n  exeat flows propose --shrink --since 45d --to ./shrunk\n',
    )
    .action((flags: ProposeFlags) =>
      cli.run(() => (flags.shrink === true ? runShrink(cli, flags) : runPropose(cli, flags))),
    );
}

async function runPropose(cli: Cli, flags: ProposeFlags): Promise<ExitCode> {
  const window = parseWindow(flags, cli.io.now());
  if (!window.ok) return cli.fail(window.fault);
  const wildcardFrom = parseCount(flags.wildcardFrom);
  if (!wildcardFrom.ok) return cli.fail(wildcardFrom.fault);
  const nightHours = parseNight(flags.night);
  if (!nightHours.ok) return cli.fail(nightHours.fault);
  const options: ProposeOptions = {
    window: window.value,
    settings: { service: flags.service ?? null, wildcardFrom: wildcardFrom.value, nightHours: nightHours.value },
  };
  const proposal = await runFlowJob<Proposal>(cli, 'propose', options);
  if (proposal === null) return exitCodes.error;
  const { output } = cli.flags();
  if (output === 'csv') cli.printRows(csvColumns, proposal.services.flatMap(csvRows));
  else if (!printFiles(cli, flags, { ...proposal })) return exitCodes.error;
  if (output !== 'json' && output !== 'yaml') tellProposal(cli, proposal);
  return exitCodes.ok;
}

// Two names have a common suffix; one has none.
function parseCount(text: string): Result<number> {
  const isCount = /^\d{1,6}$/.test(text) && Number(text) >= 2;
  return isCount
    ? ok(Number(text))
    : failed(fault('count_malformed', `--wildcard-from \`${text}\` is no number of 2 or more`));
}

/** `22-6` is a mask of the hours 22, 23 and 0 to 5. */
function parseNight(text: string): Result<number> {
  const [from = 24, until = 24] = (/^(\d\d?)-(\d\d?)$/.exec(text)?.slice(1) ?? []).map(Number);
  if (from > 23 || until > 23 || from === until) {
    return failed(fault('night_malformed', `--night \`${text}\` is no stretch of hours: write \`22-6\``));
  }
  let mask = 0;
  for (let hour = from; hour !== until; hour = (hour + 1) % 24) mask |= 1 << hour;
  return ok(mask);
}

/** What people should know beside the documents: coverage, readiness, what was not proposed and why. */
function tellProposal(cli: Cli, proposal: Proposal): void {
  const tell = (line: string): void => cli.io.writeError(`# ${escapeControls(line)}\n`);
  for (const line of coverageLines(proposal.coverage)) tell(line);
  if (proposal.noPolicy !== null) tell(`no present policy: ${proposal.noPolicy}`);
  for (const service of proposal.services) tell(`${service.service}: ${serviceText(service)}`);
  for (const endpoint of proposal.services.flatMap(({ readiness }) => readiness.unseen).concat(proposal.unseen)) {
    tell(`declared and never seen: ${declaredText(endpoint)}`);
  }
  if (proposal.services.some(({ entries }) => entries.some(({ via }) => via.length > 0))) {
    tell('entries with `via` need the segments of the present policy: put the documents into its folder');
  }
}

function serviceText({ entries, apart, alreadyAllowed, extendsFile, readiness }: ProposedService): string {
  const counts = [`${countText(entries.length, 'entry', 'entries')} proposed`, `${apart.length} listed apart`];
  if (extendsFile !== null) counts.push(`${alreadyAllowed} edges allowed already by \`${extendsFile}\``);
  return `${counts.join(', ')}; ${readinessText(readiness)}`;
}

const csvColumns = [
  'service',
  'owner',
  'to',
  'via',
  'proposed',
  'why',
  'names',
  'days',
  'connections',
  'bytesUp',
  'bytesDown',
  'last',
  'rank',
  'sources',
  'declaredAt',
] as const;

function csvRows({ service, owner, entries, apart }: ProposedService): readonly Row[] {
  const row = (entry: ProposedEntry | ApartEntry, rest: Row): Row => ({
    ...entry.evidence,
    service,
    owner,
    to: entry.to,
    via: entry.via,
    last: timeText(entry.evidence.lastMs),
    ...rest,
  });
  return [
    ...entries.map((entry) => row(entry, { proposed: true, names: entry.names })),
    ...apart.map((entry) => row(entry, { proposed: false, why: entry.reasons.map(({ reason }) => reason) })),
  ];
}
