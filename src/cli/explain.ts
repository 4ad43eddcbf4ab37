import type { Command } from 'commander';
import { type ExplainReport, readExplanation } from '../app/index.ts';
import type { DecisionRecord, RecordedDestination, VerdictRecord } from '../policy/index.ts';
import type { Cli } from './cli.ts';
import { exitCodes } from './exit-codes.ts';
import { explanationText } from './explanation-text.ts';
import { flowTraceText } from './flow-trace-text.ts';
import { formatTable, type Row } from './table.ts';
import { sizeText } from './wording.ts';

/** Adds `exeat explain`: a decision by its id, the rules looked at, the nearest miss and what to do. */
export function registerExplain(parent: Command, cli: Cli): void {
  parent
    .command('explain')
    .description('say what happened to a request and what to do about it')
    .argument('<decision>', 'id from the `Exeat-Decision` header, an answer of DNS, a record or a flow')
    .addHelpText(
      'after',
      '\nWhere the gateway or the DNS filter had a part, what was asked of DNS and told, what was decided and what passed are shown together, whichever of them the id is of.\n\nExamples:\n  exeat explain 01KB0Z2Q6W7V8X9Y0A1B2C3D4E\n  exeat explain 01KB0Z2Q6W7V8X9Y0A1B2C3D4E -o json\n',
    )
    .action((id: string) =>
      cli.run(async () => {
        const config = cli.config();
        if (config === null) return exitCodes.error;
        const report = await readExplanation(config, id);
        if (!report.ok) return cli.fail(report.fault);
        cli.printObject({ ...report.value }, () => reportText(report.value));
        return exitCodes.ok;
      }),
    );
}

function reportText(report: ExplainReport): string {
  const { record, trace, followed } = report;
  const then = trace === null ? followed.map(followedRow) : [];
  return [
    record === null ? '' : formatTable(['what', 'is'], decisionRows(report, record)),
    trace === null ? '' : flowTraceText(trace),
    then.length === 0 ? '' : `\nThen:\n${formatTable(['time', 'kind', 'what'], then)}`,
    report.explanation === null ? `\n${report.missing}\n` : explanationText(report.explanation),
  ].join('');
}

function decisionRows({ meaning }: ExplainReport, record: VerdictRecord): readonly Row[] {
  const { principal, destination } = record;
  return [
    { what: 'verdict', is: `${record.verdict} (${record.stage})` },
    { what: 'reason', is: `${record.reason}: ${meaning?.says}` },
    ...(record.wouldDeny ? [{ what: 'under enforce', is: `deny, ${record.wouldDenyReason}` }] : []),
    { what: 'when', is: record.time },
    { what: 'from', is: record.source },
    {
      what: 'who',
      is: principal === null ? null : `${principal.service} as ${principal.identity} (${principal.strength})`,
    },
    { what: 'destination', is: destination === null ? null : destinationText(destination) },
    ...(record.query === undefined ? [] : [{ what: 'asked for', is: record.query }]),
    ...(destination?.address == null ? [] : [{ what: 'address', is: destination.address }]),
    { what: 'rules', is: record.ruleIds },
    ...(record.detail == null ? [] : [{ what: 'detail', is: record.detail }]),
    ...(record.repeats === undefined ? [] : [{ what: 'stands for', is: `${record.repeats} denials` }]),
    { what: 'policy', is: record.policyVersion },
    { what: 'decision', is: record.id },
    ...(record.verdict === 'allow' && !record.wouldDeny ? [] : [{ what: 'mend', is: meaning?.mend }]),
  ];
}

function destinationText({ host, port, class: destinationClass }: RecordedDestination): string {
  return `${host}${port === null ? '' : `:${port}`} (${destinationClass})`;
}

function repeatsText({ repeats }: VerdictRecord): string {
  return repeats === undefined ? '' : `, ${repeats} more times`;
}

function followedRow(record: DecisionRecord): Row {
  const { time, kind } = record;
  switch (record.kind) {
    case 'verdict':
      return { time, kind, what: `${record.verdict} ${record.reason} (${record.stage})${repeatsText(record)}` };
    case 'first-seen':
      return { time, kind, what: `${record.service} reached for ${record.domain} for the first time` };
    case 'break-glass':
      return { time, kind, what: `${record.grantId}, signed by ${record.people.join(' and ')}` };
    case 'progress':
      return { time, kind, what: `${sizeText(record.bytesUp)} up, ${sizeText(record.bytesDown)} down` };
    case 'close': {
      const end = record.failure ?? `ended by ${record.endedBy}`;
      return {
        time,
        kind,
        what: `${end}, ${sizeText(record.bytesUp)} up, ${sizeText(record.bytesDown)} down, ${record.durationMs} ms`,
      };
    }
    default:
      return record satisfies never;
  }
}
