import type { Command } from 'commander';
import { askDnsQuery, type DnsQueryAnswer } from '../app/index.ts';
import type { Cli } from './cli.ts';
import { type ExitCode, exitCodes } from './exit-codes.ts';
import { formatTable } from './table.ts';

interface QueryFlags {
  readonly as: string;
}

/** Adds `exeat dns query`: what a query would come to at the running point, step by step. */
export function registerDnsQuery(parent: Command, cli: Cli): void {
  parent
    .command('query')
    .description('say what a DNS query of a service would come to, step by step; nothing is recorded')
    .argument('<name>', 'the name asked for')
    .argument('[type]', 'type of record', 'A')
    .requiredOption('--as <service>', 'the service that asks')
    .addHelpText(
      'after',
      '\nA name that is denied is asked of nobody here either.\n\nExit codes: 0 an answer would be told, 1 an error, 5 denied.\n\nExamples:\n  exeat dns query bank.example.com --as payments-api\n  exeat dns query mail.example.com TXT --as payments-api -o json\n',
    )
    .action((name: string, type: string, flags: QueryFlags) => cli.run(() => runQuery(cli, name, type, flags)));
}

async function runQuery(cli: Cli, name: string, type: string, { as }: QueryFlags): Promise<ExitCode> {
  const config = cli.config();
  if (config === null) return exitCodes.error;
  const answer = await askDnsQuery(config, { name, type, as });
  if (!answer.ok) return cli.fail(answer.fault);
  cli.printObject({ ...answer.value }, () => answerText(answer.value));
  if (answer.value.reason !== null) return exitCodes.denied;
  // Nobody could say: neither told nor denied.
  return answer.value.isTold ? exitCodes.ok : exitCodes.error;
}

function answerText({ name, type, service, steps, records, reason, isTold }: DnsQueryAnswer): string {
  const rows = steps.map(({ step, says }) => ({ step, says }));
  const end = isTold
    ? records.map((record) => `${record}\n`).join('')
    : `nothing is told${reason === null ? '' : `: ${reason}`}\n`;
  return `${name} ${type} for ${service}\n${formatTable(['step', 'says'], rows)}\n${end}`;
}
