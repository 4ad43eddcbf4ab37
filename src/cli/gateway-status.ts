import type { Command } from 'commander';
import { askGatewayStatus, type GatewayStatus } from '../app/index.ts';
import { escapeControls } from '../base/index.ts';
import type { Cli } from './cli.ts';
import { exitCodes } from './exit-codes.ts';
import { formatTable, type Row } from './table.ts';
import { countText, sizeText } from './wording.ts';

/** Adds `exeat gateway status`: what the kernel was told, and whether it holds that. */
export function registerGatewayStatus(parent: Command, cli: Cli): void {
  parent
    .command('status')
    .description('show what the kernel was told, what others changed, and problems')
    .addHelpText(
      'after',
      '\nExit codes: 0 the kernel holds what is in force, 1 an error, 8 it does not.\n\nExamples:\n' +
        '  exeat gateway status\n  exeat gateway status -o json\n',
    )
    .action(() =>
      cli.run(async () => {
        const config = cli.config();
        if (config === null) return exitCodes.error;
        const status = await askGatewayStatus(config);
        if (!status.ok) return cli.fail(status.fault);
        cli.printObject({ ...status.value }, () => statusText(status.value));
        return status.value.isInForce ? exitCodes.ok : exitCodes.enforcedDrift;
      }),
    );
}

function statusText(status: GatewayStatus): string {
  const { problems, lastDrift } = status;
  const rows: readonly Row[] = [
    { what: 'helper', is: status.isConnected ? 'connected' : 'NOT THERE: what the kernel holds stays as it is' },
    { what: 'in force', is: status.isInForce ? 'yes' : 'NO' },
    { what: 'services', is: status.services },
    { what: 'source ranges', is: status.sources },
    { what: 'open by address', is: countText(status.openEntries, 'entry', 'entries') },
    { what: 'told by DNS', is: countText(status.toldEntries, 'entry', 'entries') },
    { what: 'connections by name', is: status.connections },
    { what: 'runs', is: runsText(status.runs) },
    { what: 'packets denied', is: status.deniedPackets },
    { what: 'packets dropped', is: droppedText(status.droppedPackets) },
    { what: 'bytes passed', is: `${sizeText(status.bytesUp)} up, ${sizeText(status.bytesDown)} down` },
    { what: 'drifts', is: status.drifts },
  ];
  return [problemText(problems), formatTable(['what', 'is'], rows), driftText(lastDrift)].join('');
}

function droppedText({ spoofed, invalid, inbound }: GatewayStatus['droppedPackets']): string {
  return `${spoofed} of a forged source, ${invalid} of no connection, ${inbound} begun outside`;
}

// A product of an earlier version says nothing of them.
function runsText(runs: GatewayStatus['runs'] | undefined): string {
  if (runs === null || runs === undefined) return 'none: `gateway.run` gives them no addresses';
  const room = `${runs.live}, addresses for ${runs.left} more in ${runs.ranges.join(' and ')}`;
  return runs.problem === null ? room : `${runs.live}; none can begin: ${escapeControls(runs.problem)}`;
}

function problemText(problems: readonly string[]): string {
  if (problems.length === 0) return 'No problems.\n\n';
  const lines = problems.map((problem) => `  ! ${escapeControls(problem)}\n`);
  return `${countText(problems.length, 'problem')}:\n${lines.join('')}\n`;
}

function driftText(drift: GatewayStatus['lastDrift']): string {
  if (drift === null) return '';
  const head = `Last drift at ${drift.at}${drift.by === null ? '' : ` by ${drift.by}`}, ${drift.isUndone ? 'undone' : 'NOT UNDONE'}:`;
  return `\n${escapeControls(head)}\n${drift.seen.map((line) => `  ${escapeControls(line)}\n`).join('')}`;
}
