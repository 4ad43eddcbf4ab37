import type { Command } from 'commander';
import { type AuditState, type EntryAnswer, endpoints } from '../api/contract/index.ts';
import { failed, ok, type Result } from '../base/index.ts';
import type { ApiClient } from './api-client.ts';
import {
  type ApiFlags,
  addApiCommand,
  addListCommand,
  failCall,
  type ListFlags,
  printPages,
  runWithApi,
} from './api-command.ts';
import type { Cli } from './cli.ts';
import { type ExitCode, exitCodes } from './exit-codes.ts';
import { parseWindow } from './flows-options.ts';
import { formatTable, type Row } from './table.ts';
import { whenText } from './when-text.ts';
import { countText } from './wording.ts';

const columns = ['seq', 'when', 'actor', 'action', 'subject', 'details'] as const;
const csvColumns = ['seq', 'time', 'actor', 'action', 'subject', 'details'] as const;

interface AuditListFlags extends ListFlags {
  readonly subject?: string;
  readonly action?: string;
  readonly actor?: string;
  readonly since?: string;
  readonly until?: string;
}

/** Adds `exeat audit list`: who did what, the newest first. */
export function registerAuditList(parent: Command, cli: Cli): void {
  addListCommand(parent, 'list', 'list acts, the newest first')
    .option('--subject <subject>', 'only about this, `exception/01KB…` or `person/ana`')
    .option('--action <action>', 'only this action, or those that start so: `exception.`')
    .option('--actor <id>', 'only by this person')
    .option('--since <time>', 'from this time on, `2026-11-01` or `30d` ago')
    .option('--until <time>', 'before this time')
    .addHelpText(
      'after',
      '\nExamples:\n  exeat audit list --action exception. --since 7d\n  exeat audit list --actor ana -o csv\n',
    )
    .action((flags: AuditListFlags) => runWithApi(cli, flags, (client) => list(cli, client, flags)));
}

/** Adds `exeat audit state`: how far the log goes, and what would show that it was rewritten. */
export function registerAuditState(parent: Command, cli: Cli): void {
  addApiCommand(parent, 'state', 'show how far the audit log goes, its checkpoint and its anchors').action(
    (flags: ApiFlags) => runWithApi(cli, flags, (client) => tellState(cli, client)),
  );
}

async function list(cli: Cli, client: ApiClient, flags: AuditListFlags): Promise<ExitCode> {
  const window = readWindow(flags, cli.io.now());
  if (!window.ok) return cli.fail(window.fault);
  const { subject, action, actor } = flags;
  const query = { subject, action, actor, ...window.value };
  return printPages(cli, flags.limit, (page) => client.call(endpoints.listAudit, { query: { ...query, ...page } }), {
    columns,
    csvColumns,
    row: (entry) => entryRow(entry, cli.io.now()),
  });
}

function readWindow(
  { since, until }: AuditListFlags,
  nowMs: number,
): Result<{ readonly since?: string; readonly until?: string }> {
  const window = parseWindow(
    { ...(since === undefined ? {} : { since }), ...(until === undefined ? {} : { until }) },
    nowMs,
  );
  if (!window.ok) return failed(window.fault);
  const { sinceMs, untilMs } = window.value;
  return ok({
    ...(sinceMs === null ? {} : { since: new Date(sinceMs).toISOString() }),
    ...(untilMs === null ? {} : { until: new Date(untilMs).toISOString() }),
  });
}

async function tellState(cli: Cli, client: ApiClient): Promise<ExitCode> {
  const read = await client.call(endpoints.auditState, {});
  if (!read.ok) return failCall(cli, read.fault);
  cli.printObject({ ...read.value.body }, () => stateText(read.value.body, cli.io.now()));
  return exitCodes.ok;
}

function entryRow({ seq, time, actor, action, subject, details }: EntryAnswer, nowMs: number): Row {
  return { seq, when: whenText(time, nowMs), actor, action, subject, details };
}

function stateText(
  { size, isWritable, pendingActs, publicKey, checkpoint, anchors, verification }: AuditState,
  nowMs: number,
): string {
  const rows: readonly Row[] = [
    { what: 'acts', is: size },
    { what: 'writing', is: isWritable ? 'works' : 'FAILS: acts that widen are refused' },
    { what: 'in force, not written', is: pendingActs },
    { what: 'public key', is: publicKey },
    { what: 'checkpoint', is: checkpoint?.trimEnd().split('\n') },
    { what: 'verified by control', is: verifiedText(verification, nowMs) },
    { what: 'anchors', is: anchors.length === 0 ? 'NONE: a rewritten log could not be told' : anchors.length },
    ...anchors.map(({ anchor, lastAt, problem }) => ({
      what: anchor,
      is: problem === null ? whenText(lastAt, nowMs) : `FAILS: ${problem}; last ${whenText(lastAt, nowMs)}`,
    })),
  ];
  return formatTable(['what', 'is'], rows);
}

function verifiedText(verification: AuditState['verification'], nowMs: number): string {
  if (verification === null) return 'not since it started';
  const { at, size, findingCount } = verification;
  const found = findingCount === 0 ? 'nothing found' : `FOUND ${findingCount}: run exeat audit verify`;
  return `${whenText(at, nowMs)}, ${countText(size ?? 0, 'entry', 'entries')}: ${found}`;
}
