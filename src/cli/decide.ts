import { type Command, Option } from 'commander';
import { type DecideReport, readDecision } from '../app/index.ts';
import { strengths } from '../identity/index.ts';
import type { Cli } from './cli.ts';
import { type ExitCode, exitCodes } from './exit-codes.ts';
import { explanationText } from './explanation-text.ts';
import { formatTable } from './table.ts';

interface DecideFlags {
  readonly as: string;
  readonly to: string;
  readonly at?: string;
  readonly strength?: (typeof strengths)[number];
  readonly source?: string;
  readonly resolve: boolean;
}

/** Adds `exeat decide`: the answer that the wire would give, exit code 0 for allow and 5 for deny. */
export function registerDecide(parent: Command, cli: Cli): void {
  parent
    .command('decide')
    .description('say whether a service may reach a destination, as the proxy would answer')
    .requiredOption('--as <who>', 'service, or identity as the policy spells it (`credential:ci-runner`)')
    .requiredOption('--to <host:port>', 'destination; tls://, http:// or tcp:// in front says how')
    .option('--at <time>', 'instant to decide for, ISO 8601 (default: now)')
    .addOption(new Option('--strength <strength>', 'how strongly the identity is proven').choices([...strengths]))
    .option('--source <address>', 'address that the workload connects from')
    .option('--no-resolve', 'judge the name only: send no DNS query and approve no address')
    .addHelpText(
      'after',
      '\nExit codes: 0 allowed, 5 denied.\n\nExamples:\n  exeat decide --as payments-api --to bank-gateway.example.com:443\n  exeat decide --as credential:ci-runner --to example.org:443 --no-resolve -o json\n',
    )
    .action((flags: DecideFlags) => cli.run(() => runDecide(cli, flags)));
}

async function runDecide(cli: Cli, flags: DecideFlags): Promise<ExitCode> {
  const config = cli.config();
  if (config === null) return exitCodes.error;
  const atMs = flags.at === undefined ? null : Date.parse(flags.at);
  if (Number.isNaN(atMs)) return cli.fail({ message: `\`${flags.at}\` is not a time, write \`2026-12-20T18:00:00Z\`` });
  const decided = await readDecision(config, {
    as: flags.as,
    to: flags.to,
    atMs,
    strength: flags.strength ?? null,
    source: flags.source ?? null,
    isResolving: flags.resolve,
  });
  if (!decided.ok) return cli.fail(decided.fault);
  cli.printObject({ ...decided.value }, () => decisionText(decided.value));
  return decided.value.verdict === 'allow' ? exitCodes.ok : exitCodes.denied;
}

function decisionText(report: DecideReport): string {
  const { principal, addresses } = report;
  const head = formatTable(
    ['what', 'is'],
    [
      { what: 'verdict', is: report.verdict },
      { what: 'reason', is: `${report.reason}: ${report.says}` },
      ...(report.wouldDeny ? [{ what: 'under enforce', is: `deny, ${report.wouldDenyReason}` }] : []),
      {
        what: 'who',
        is: principal === null ? null : `${principal.service} as ${principal.identity} (${principal.strength})`,
      },
      {
        what: 'destination',
        is: report.class === null ? report.destination : `${report.destination} (${report.class})`,
      },
      { what: 'rules', is: report.ruleIds },
      {
        what: 'addresses',
        is: addresses === null ? null : [...addresses.approved, ...addresses.refused.map((one) => `not ${one}`)],
      },
      ...(report.failure === null ? [] : [{ what: 'failure', is: report.failure }]),
      { what: 'policy', is: report.policyVersion },
      { what: 'answered by', is: report.answeredBy },
      ...(report.verdict === 'allow' ? [] : [{ what: 'mend', is: report.mend }]),
    ],
  );
  return `${head}${report.explanation === null ? '' : explanationText(report.explanation)}`;
}
