import { type Command, Option } from 'commander';
import type { MapOptions } from '../app/index.ts';
import { failed, fault, ok, type Result } from '../base/index.ts';
import { destinationClasses } from '../destination/index.ts';
import { type FlowMap, type MapEdge, renderHtml, renderMermaid, renderSvg } from '../flowmap/index.ts';
import type { Cli } from './cli.ts';
import { type ExitCode, exitCodes } from './exit-codes.ts';
import {
  bytesText,
  parseInstant,
  parseWindow,
  runFlowJob,
  tellCoverage,
  timeText,
  type WindowFlags,
} from './flows-options.ts';
import type { Row } from './table.ts';

interface MapFlags extends WindowFlags {
  readonly service?: string;
  readonly newSince?: string;
  readonly class?: string;
  readonly picture?: 'mermaid' | 'svg' | 'html';
  readonly limit: string;
}

const pictures = { mermaid: renderMermaid, svg: renderSvg, html: renderHtml } as const;

/** Adds `exeat flows map`: who reaches what, with evidence and coverage. */
export function registerFlowsMap(parent: Command, cli: Cli): void {
  parent
    .command('map')
    .description('show who reaches what, how that is known, and what the present policy says of it')
    .option('--service <name>', 'only this service')
    .option('--since <time>', 'flows from this time on, `2026-11-01` or `30d` ago (default: everything kept)')
    .option('--until <time>', 'flows before this time')
    .option('--new-since <time>', 'only what was first seen at or after this time')
    .addOption(new Option('--class <class>', 'only destinations of this class').choices([...destinationClasses]))
    .option(
      '--limit <count>',
      'at most so many edges, those with most connections; the others are counted',
      String(usualEdges),
    )
    .addOption(new Option('--picture <kind>', 'a picture instead of a table').choices(Object.keys(pictures)))
    .addHelpText(
      'after',
      '\nCoverage goes to stderr with the table, and stands in every other output.\n\nExamples:\n  exeat flows map --since 30d\n  exeat flows map --new-since 1d -o json\n  exeat flows map --picture html > map.html\n',
    )
    .action((flags: MapFlags) => cli.run(() => runMap(cli, flags)));
}

async function runMap(cli: Cli, flags: MapFlags): Promise<ExitCode> {
  const nowMs = cli.io.now();
  const window = parseWindow(flags, nowMs);
  if (!window.ok) return cli.fail(window.fault);
  const newSince = flags.newSince === undefined ? null : parseInstant('--new-since', flags.newSince, nowMs);
  if (newSince !== null && !newSince.ok) return cli.fail(newSince.fault);
  const mostEdges = parseLimit(flags.limit);
  if (!mostEdges.ok) return cli.fail(mostEdges.fault);
  const filter = { service: flags.service ?? null, newSinceMs: newSince?.value ?? null, class: flags.class ?? null };
  const options: MapOptions = { window: window.value, filter, mostEdges: mostEdges.value };
  const map = await runFlowJob<FlowMap>(cli, 'map', options);
  if (map === null) return exitCodes.error;
  if (flags.picture !== undefined) cli.io.writeOut(pictures[flags.picture](map));
  else printMap(cli, map);
  tellOmitted(cli, map);
  return exitCodes.ok;
}

/** A file of some 100 MB as JSON, and seconds to print; nobody reads on. */
const usualEdges = 100_000;
/** With what judging them takes, so many fit into the heap of the lake process. */
const edgesAtMost = 250_000;

function parseLimit(text: string): Result<number> {
  const limit = /^\d{1,7}$/.test(text) ? Number(text) : 0;
  if (limit >= 1 && limit <= edgesAtMost) return ok(limit);
  return failed(fault('limit_malformed', `--limit \`${text}\` is no number from 1 to ${edgesAtMost}`));
}

// Beside every output, pictures too: what is not there must be known to be missing.
function tellOmitted(cli: Cli, { edges, omittedEdges }: FlowMap): void {
  if (omittedEdges === 0) return;
  const mend = 'narrow it with --service, --since or --class, or raise --limit';
  cli.io.writeError(`# ${edges.length} edges are shown, ${omittedEdges} with fewer connections are not: ${mend}\n`);
}

const columns = [
  'service',
  'destination',
  'name',
  'connections',
  'up',
  'down',
  'denied',
  'days',
  'last',
  'class',
  'policy',
  'declared',
] as const;
const csvColumns = [
  'service',
  'owner',
  'destination',
  'port',
  'protocol',
  'application',
  'rank',
  'candidates',
  'provider',
  'connections',
  'bytesUp',
  'bytesDown',
  'denied',
  'days',
  'first',
  'last',
  'class',
  'policy',
  'reason',
  'declaredAt',
  'sources',
] as const;

function printMap(cli: Cli, map: FlowMap): void {
  const { output } = cli.flags();
  if (output === 'json' || output === 'yaml') {
    cli.printObject({ ...map }, () => '');
    return;
  }
  if (output === 'csv') cli.printRows(csvColumns, map.edges.map(csvRow));
  else cli.printRows(columns, map.edges.map(tableRow));
  tellCoverage(cli, map);
  if (map.unseen.length > 0)
    cli.io.writeError(`# ${map.unseen.length} declared endpoints were never seen, see -o json\n`);
}

function tableRow({ edge, judgement, declaredAt }: MapEdge): Row {
  return {
    service: edge.principal,
    destination: destinationText(edge),
    name: edge.rank === 'provider' ? `${edge.rank}: ${edge.provider}` : edge.rank,
    connections: edge.connections,
    up: bytesText(edge.bytesUp),
    down: bytesText(edge.bytesDown),
    denied: edge.denied === 0 ? null : edge.denied,
    days: edge.days,
    last: timeText(edge.lastMs),
    class: judgement?.class ?? null,
    policy: judgement?.verdict ?? null,
    declared: declaredAt === null ? null : declaredAt.length > 0 ? declaredAt[0] : 'no',
  };
}

function csvRow({ edge, judgement, owner, declaredAt }: MapEdge): Row {
  return {
    ...edge,
    service: edge.principal,
    owner,
    first: new Date(edge.firstMs).toISOString(),
    last: new Date(edge.lastMs).toISOString(),
    class: judgement?.class ?? null,
    policy: judgement?.verdict ?? null,
    reason: judgement?.reason ?? null,
    declaredAt,
  };
}

function destinationText({ destination, port, protocol }: MapEdge['edge']): string {
  const host = destination.includes(':') ? `[${destination}]` : destination;
  const scheme = protocol === 17 ? 'udp://' : '';
  return `${scheme}${host}${port < 0 ? '' : `:${port}`}`;
}
