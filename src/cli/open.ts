import { existsSync, writeFileSync } from 'node:fs';
import type { Command } from 'commander';
import {
  endpoints,
  type OpenAnswer,
  type OpeningAnswer,
  type OpenQuery,
  openingColumns,
} from '../api/contract/index.ts';
import { escapeControls, failed, ok, type Result } from '../base/index.ts';
import type { ApiClient } from './api-client.ts';
import { type ApiFlags, addApiCommand, failCall, runWithApi } from './api-command.ts';
import { parseMoment, readOptional } from './api-options.ts';
import type { Cli } from './cli.ts';
import { type ExitCode, exitCodes } from './exit-codes.ts';
import { shareText } from './flows-options.ts';
import { formatTable, type Row } from './table.ts';
import { whenText } from './when-text.ts';
import { countText, shortVersion } from './wording.ts';

const columns = [
  'kind',
  'service',
  'to',
  'owner',
  'reason',
  'approvedBy',
  'since',
  'until',
  'lastUsed',
  'from',
] as const;
interface OpenFlags extends ApiFlags {
  readonly service?: string;
  readonly to?: string;
  readonly owner?: string;
  readonly at?: string;
  readonly asRecorded?: string;
  readonly evidence?: string;
}

/** Adds `exeat open`: who has what open, now or at any time. */
export function registerOpen(parent: Command, cli: Cli): void {
  addApiCommand(parent, 'open', 'show who has what open: every rule, exception and other way out, now or at any time')
    .option('--service <service>', 'only of this service')
    .option('--to <target>', 'only what lets this out: a host, an address, either with a port')
    .option('--owner <owner>', 'only what this owner answers for')
    .option('--at <time>', 'as it was then, ISO 8601 (default: now)')
    .option('--as-recorded <time>', 'by what was known then (default: by all that is known now)')
    .option('--evidence <file>', 'write it with the proofs of its acts there, a gzipped tar; that is an act in the log')
    .addHelpText(
      'after',
      '\nExamples:\n  exeat open --owner team-payments\n  exeat open --to 203.0.113.9:443 --at 2026-11-01T08:00:00Z\n  exeat open -o csv > open.csv\n  exeat open --at 2026-11-01 --evidence open.tar.gz\n',
    )
    .action((flags: OpenFlags) => runWithApi(cli, flags, (client) => showOpen(cli, client, flags)));
}

async function showOpen(cli: Cli, client: ApiClient, flags: OpenFlags): Promise<ExitCode> {
  const times = readTimes(flags);
  if (!times.ok) return cli.fail(times.fault);
  const { service, to, owner, evidence } = flags;
  if (evidence !== undefined)
    return takeEvidence(cli, client, { file: evidence, query: { service, to, owner, ...times.value } });
  const asked = await client.call(endpoints.listOpen, { query: { service, to, owner, ...times.value } });
  if (!asked.ok) return failCall(cli, asked.fault);
  const report = asked.value.body;
  const { output } = cli.flags();
  if (output === 'csv')
    cli.printRows(
      openingColumns,
      report.openings.map((one): Row => ({ ...one })),
    );
  else cli.printObject({ ...report }, () => openText(report, cli.io.now()));
  if (output === 'csv') for (const line of cautions(report)) cli.io.writeError(`# ${line}\n`);
  return exitCodes.ok;
}

async function takeEvidence(
  cli: Cli,
  client: ApiClient,
  { file, query }: { readonly file: string; readonly query: OpenQuery },
): Promise<ExitCode> {
  // Asked before anything is noted: taking evidence is an act.
  if (existsSync(file))
    return cli.fail({ message: `\`${file}\` is there already, name another file with \`--evidence\`` });
  const taken = await client.call(endpoints.exportOpen, { body: query });
  if (!taken.ok) return failCall(cli, taken.fault);
  const { archive, folder, openings, entries, size } = taken.value.body;
  try {
    writeFileSync(file, Buffer.from(archive, 'base64'), { flag: 'wx', mode: 0o600 });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    return cli.fail({ message: `\`${file}\` cannot be written (${code}), name another file with \`--evidence\`` });
  }
  cli.printObject(
    { file, folder, openings, entries, size },
    () =>
      `${countText(openings, 'way out', 'ways out')} with ${countText(entries, 'act')} in ${file}; check it with \`tar xzf ${file} && exeat audit verify ${folder}\`\n`,
  );
  return exitCodes.ok;
}

function readTimes({ at, asRecorded }: OpenFlags): Result<{ readonly at?: string; readonly asRecorded?: string }> {
  const then = readOptional(at, (text) => parseMoment('--at', text));
  if (!then.ok) return failed(then.fault);
  const known = readOptional(asRecorded, (text) => parseMoment('--as-recorded', text));
  if (!known.ok) return failed(known.fault);
  return ok({
    ...(then.value === null ? {} : { at: then.value }),
    ...(known.value === null ? {} : { asRecorded: known.value }),
  });
}

function openText(report: OpenAnswer, nowMs: number): string {
  const { debt, policyVersion } = report;
  const policy = policyVersion === null ? 'no policy' : `policy ${escapeControls(shortVersion(policyVersion))}`;
  const lines = [
    `As of ${whenText(report.at, nowMs)}, known by ${whenText(report.asRecorded, nowMs)}, ${policy}.`,
    `Only exceptions justify ${shareText(share(debt.grantConnections, debt.connections))} of connections and ${shareText(share(debt.grantBytes, debt.bytes))} of bytes (${debt.days} days).`,
    ...cautions(report),
  ];
  const table = formatTable(
    columns,
    report.openings.map((one) => openingRow(one, nowMs)),
  );
  return `${table}\n${lines.join('\n')}\n`;
}

function openingRow(one: OpeningAnswer, nowMs: number): Row {
  const { kind, service, to, owner, approvedBy, since, until, lastUsed, from, note } = one;
  const reason = note === null ? one.reason : [one.reason ?? '', note].filter((text) => text !== '').join('; ');
  return {
    kind,
    service,
    to,
    owner,
    reason,
    approvedBy,
    since: whenText(since, nowMs),
    until: whenText(until, nowMs),
    lastUsed: whenText(lastUsed, nowMs),
    from,
  };
}

// What the answer does not hold belongs to it: an auditor who is not told takes the list for whole.
function cautions({ leftOut, notes }: OpenAnswer): readonly string[] {
  const bound =
    leftOut === 0 ? [] : [`${leftOut} more are left out: narrow the question with --service, --to or --owner`];
  return [...bound, ...notes.map(escapeControls)];
}

function share(part: number, whole: number): number | null {
  return whole === 0 ? null : part / whole;
}
