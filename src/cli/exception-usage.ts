import type { Command } from 'commander';
import { endpoints, type PageQuery, type SummaryAnswer, type UsageAnswer } from '../api/contract/index.ts';
import type { ApiClient } from './api-client.ts';
import { type ApiFlags, addApiCommand, addListCommand, failCall, printPages, runWithApi } from './api-command.ts';
import type { Cli } from './cli.ts';
import { addChoiceOptions, type ChoiceFlags, readChoice } from './exception-list.ts';
import { type ExitCode, exitCodes } from './exit-codes.ts';
import { shareText } from './flows-options.ts';
import { formatTable, type Row } from './table.ts';
import { durationText, whenText } from './when-text.ts';
import { sizeText } from './wording.ts';

const columns = [
  'id',
  'status',
  'service',
  'to',
  'connections',
  'up',
  'down',
  'lastUse',
  'used',
  'outside',
  'findings',
] as const;
const csvColumns = [
  'id',
  'service',
  'to',
  'owner',
  'status',
  'connections',
  'bytesUp',
  'bytesDown',
  'firstUse',
  'lastUse',
  'hoursUsed',
  'hoursGranted',
  'denialsJustOutside',
  'observedSince',
  'findings',
] as const;

/** Adds `exeat exception usage [ID]`: how exceptions were used, and what that says. */
export function registerExceptionUsage(parent: Command, cli: Cli): void {
  addChoiceOptions(addListCommand(parent, 'usage', 'show how exceptions were used and what that says of them'))
    .argument('[id]', 'only this one')
    .addHelpText(
      'after',
      '\nExamples:\n  exeat exception usage\n  exeat exception usage --owner team-payments -o csv\n',
    )
    .action((id: string | undefined, flags: ChoiceFlags) =>
      runWithApi(cli, flags, (client) =>
        id === undefined ? listUsage(cli, client, flags) : showUsage(cli, client, id),
      ),
    );
}

/** Adds `exeat exception summary`: what exceptions come to, over all. */
export function registerExceptionSummary(parent: Command, cli: Cli): void {
  addApiCommand(parent, 'summary', 'show what exceptions come to: how many, how long, what only they justify').action(
    (flags: ApiFlags) =>
      runWithApi(cli, flags, async (client) => {
        const summary = await client.call(endpoints.summariseExceptions, {});
        if (!summary.ok) return failCall(cli, summary.fault);
        cli.printObject({ ...summary.value.body }, () => summaryText(summary.value.body));
        return exitCodes.ok;
      }),
  );
}

async function listUsage(cli: Cli, client: ApiClient, flags: ChoiceFlags): Promise<ExitCode> {
  const choice = await readChoice(client, flags);
  if (!choice.ok) return failCall(cli, choice.fault);
  const nowMs = cli.io.now();
  const read = (page: PageQuery) => client.call(endpoints.listExceptionUsage, { query: { ...choice.value, ...page } });
  return printPages(cli, flags.limit, read, { columns, csvColumns, row: (usage) => usageRow(usage, nowMs) });
}

async function showUsage(cli: Cli, client: ApiClient, id: string): Promise<ExitCode> {
  const read = await client.call(endpoints.exceptionUsage, { params: { id } });
  if (!read.ok) return failCall(cli, read.fault);
  const usage = read.value.body;
  cli.printObject({ ...usage }, () => usageText(usage, cli.io.now()));
  return exitCodes.ok;
}

function usageRow(usage: UsageAnswer, nowMs: number): Row {
  const { id, status, service, to, connections, findings } = usage;
  return {
    id,
    status,
    service,
    to,
    connections,
    up: sizeText(usage.bytesUp),
    down: sizeText(usage.bytesDown),
    lastUse: whenText(usage.lastUse, nowMs),
    used: hoursText(usage),
    outside: usage.denialsJustOutside,
    findings,
  };
}

function usageText(usage: UsageAnswer, nowMs: number): string {
  const rows: readonly Row[] = [
    { what: 'exception', is: `${usage.id} (${usage.status})` },
    { what: 'service', is: usage.service },
    { what: 'to', is: usage.to },
    { what: 'owner', is: usage.owner },
    { what: 'connections', is: usage.connections },
    { what: 'bytes', is: `${sizeText(usage.bytesUp)} up, ${sizeText(usage.bytesDown)} down` },
    { what: 'first use', is: whenText(usage.firstUse, nowMs) },
    { what: 'last use', is: whenText(usage.lastUse, nowMs) },
    { what: 'used', is: hoursText(usage) },
    { what: 'denied just outside', is: usage.denialsJustOutside },
    { what: 'counted since', is: whenText(usage.observedSince, nowMs) },
    ...usage.findings.map((finding) => ({ what: 'finding', is: finding })),
  ];
  return formatTable(['what', 'is'], rows);
}

function hoursText({ hoursUsed, hoursGranted }: UsageAnswer): string {
  return `${hoursUsed.toFixed(1)} of ${hoursGranted.toFixed(1)} h`;
}

function summaryText(summary: SummaryAnswer): string {
  const { medianSecondsToApproval: median } = summary;
  const rows: readonly Row[] = [
    { what: 'active', is: summary.active },
    { what: 'pending', is: summary.pending },
    { what: 'ended', is: `${summary.ended}, ${summary.unusedAtEnd} of them never used` },
    { what: 'extended twice or more', is: summary.extendedTwice },
    { what: 'nearly permanent', is: summary.nearlyPermanent },
    { what: 'asked again and again', is: summary.repeated },
    { what: 'approved by the same pair', is: summary.samePairs },
    {
      what: 'time to approval',
      is:
        median === null
          ? null
          : `${durationText(Math.round(median))} (median), ${summary.approvedWithinAMinute} within a minute`,
    },
    { what: 'reviews overdue', is: summary.reviewsOverdue },
    { what: 'break-glass', is: summary.breakGlass },
    {
      what: 'only grants justify',
      is: `${shareText(summary.connectionShare)} of connections, ${shareText(summary.byteShare)} of bytes (30 days)`,
    },
  ];
  return formatTable(['what', 'is'], rows);
}
