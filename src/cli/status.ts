import type { Command } from 'commander';
import { type LeaseSourceStatus, readStatus, type StatusReport } from '../app/index.ts';
import { escapeControls } from '../base/index.ts';
import type { Cli } from './cli.ts';
import { exitCodes } from './exit-codes.ts';
import { formatTable, type Row } from './table.ts';
import { countText, sizeText } from './wording.ts';

/** Adds `exeat status`: what the running product decides by, on whom, and what is wrong. */
export function registerStatus(parent: Command, cli: Cli): void {
  parent
    .command('status')
    .description('show policy version, services by mode, shares, broken flows and problems')
    .addHelpText('after', '\nExamples:\n  exeat status\n  exeat status -o json\n')
    .action(() =>
      cli.run(async () => {
        const config = cli.config();
        if (config === null) return exitCodes.error;
        const status = await readStatus(config);
        if (!status.ok) return cli.fail(status.fault);
        cli.printObject({ ...status.value }, () => statusText(status.value));
        return exitCodes.ok;
      }),
    );
}

function statusText(status: StatusReport): string {
  const { point, connections } = status;
  const rows: Row[] = [
    ...(point === null ? [{ what: 'point', is: 'DOWN: nothing is let out' }] : pointRows(point)),
    {
      what: 'connections (30 days)',
      is: `${connections.total}, ${percent(connections.enforcedShare)} under enforce, ${connections.wouldDeny} would be denied`,
    },
    {
      what: 'by strength of proof',
      is: Object.entries(connections.byStrength).map(([name, count]) => `${name} ${count}`),
    },
    { what: 'broken flows', is: status.brokenFlowCount },
  ];
  const broken = status.brokenFlows.map((flow) => ({ ...flow }));
  return [
    problemText(status),
    formatTable(['what', 'is'], rows),
    broken.length === 0
      ? ''
      : `\nBroken flows: refused now, worked within 30 days\n${formatTable(['service', 'host', 'port', 'reason', 'lastAllowed', 'lastDenied'], broken)}`,
  ].join('');
}

// What is wrong stands first: whoever asks at night should not have to look for it.
function problemText({ problems }: StatusReport): string {
  if (problems.length === 0) return 'No problems.\n\n';
  const lines = problems.map((problem) => `  ! ${escapeControls(problem)}\n`);
  return `${countText(problems.length, 'problem')}:\n${lines.join('')}\n`;
}

function pointRows(point: NonNullable<StatusReport['point']>): readonly Row[] {
  const { records, servicesByMode } = point;
  return [
    { what: 'up since', is: point.startedAt },
    { what: 'policy', is: point.policyVersion ?? 'NONE: everything is denied' },
    { what: 'rules', is: point.ruleCount },
    {
      what: 'services',
      is: `${point.serviceCount} (${servicesByMode.enforce} enforce, ${servicesByMode.observe} observe)`,
    },
    { what: 'observe ends', is: point.observeEnds.map((one) => `${one.service} ${one.until}`) },
    { what: 'unattributed until', is: point.unattributedUntil },
    { what: 'open connections', is: point.openConnections },
    { what: 'transport', is: transportText(point.transport) },
    { what: 'local origins', is: point.localOrigins },
    ...point.leases.map((one) => ({ what: `leases of ${one.name}`, is: leasesText(one) })),
    { what: 'proofs in clear text', is: point.allowCleartextProofs ? 'accepted from other machines' : 'loopback only' },
    {
      what: 'records',
      is: `${records.written} written, ${records.lost} lost, ${sizeText(records.bytes)} on disk${records.isKeeping ? '' : ', NOT KEEPING'}`,
    },
  ];
}

function transportText({ driver, threads, why }: NonNullable<StatusReport['point']>['transport']): string {
  if (driver === 'native') return `native, ${countText(threads, 'thread')}`;
  return why === null ? 'node' : `node: ${why}`;
}

function leasesText({ live, addresses, goodAt }: LeaseSourceStatus): string {
  return `${live} of ${countText(addresses, 'address', 'addresses')} leased now, ${goodAt === null ? 'never read' : `as of ${goodAt}`}`;
}

function percent(share: number | null): string {
  return share === null ? '-' : `${(share * 100).toFixed(1)} %`;
}
