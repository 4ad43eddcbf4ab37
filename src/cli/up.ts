import type { Command } from 'commander';
import { startUp, type Up, type UpReport } from '../app/index.ts';
import type { Config } from '../config/index.ts';
import type { Cli } from './cli.ts';
import { type ExitCode, exitCodes } from './exit-codes.ts';

/** Adds `exeat up`: starts the product and runs it until SIGINT or SIGTERM; SIGHUP reads policy and trust material again. */
export function registerUp(parent: Command, cli: Cli): void {
  parent
    .command('up')
    .description('start the proxy and keep it running')
    .addHelpText(
      'after',
      '\nExamples:\n  exeat up --config exeat.yaml\n  exeat up -o json      # one line of JSON once everything listens\n',
    )
    .action(() => cli.run(() => runUp(cli, cli.config())));
}

/** Runs the product until a signal; null: its configuration has faults, which were printed. */
export async function runUp(cli: Cli, config: Config | null): Promise<ExitCode> {
  if (config === null) return exitCodes.error;
  // Taken before anything starts: a signal that comes early must not leave children behind.
  const ended = Promise.withResolvers<void>();
  let hasEnded = false;
  const end = (): void => {
    hasEnded = true;
    ended.resolve();
  };
  let up: Up | null = null;
  process.on('SIGINT', end);
  process.on('SIGTERM', end);
  process.on('SIGHUP', () => up?.reload());
  const started = await startUp(config, ended.promise);
  if (!started.ok) return cli.fail(started.fault);
  up = started.value;
  // Told to end while it started: it is not up, and says nothing.
  if (!hasEnded) cli.io.writeOut(cli.flags().output === 'table' ? upText(up.report) : `${JSON.stringify(up.report)}\n`);
  await ended.promise;
  await up.stop();
  return exitCodes.ok;
}

function upText(report: UpReport): string {
  const rows: readonly (readonly [string, string | null])[] = [
    ['proxy', `http://${report.proxy}`],
    ['console', report.consoleUrl === null ? null : `${report.consoleUrl}  (/api/v1 /healthz /readyz /metrics)`],
    ['pac', report.pac === null ? null : `http://${report.pac}/wpad.dat`],
    ['dns', report.dns],
    ['dns over tls', report.dot],
    ['dns over https', report.doh === null ? null : `https://${report.doh}/dns-query`],
    ['policy', report.policySays],
    [
      'local origins',
      report.localOrigins.length === 0 ? null : `${report.localOrigins.join(', ')}  (loopback that rules may reach)`,
    ],
    ['clear text', report.allowCleartextProofs ? 'proofs are accepted without TLS from other machines' : null],
  ];
  const lines = rows.flatMap(([name, value]) => (value === null ? [] : [`  ${name.padEnd(14)}${value}\n`]));
  return `exeat is up\n${lines.join('')}${foundingText(report)}${demoText(report)}`;
}

// Printed here and kept nowhere: what is stored of a link is its hash.
function foundingText({ founding }: UpReport): string {
  if (founding.length === 0) return '';
  const lines = founding.map(({ role, link }) => `  ${`first ${role}`.padEnd(16)}${link}\n`);
  return [
    '\nNobody can ask for exceptions yet. Hand these links to different people, each works once and for 24 hours:\n',
    ...lines,
    "They open them in a browser, or claim them with: exeat token claim 'LINK' --id THEIR-ID --name 'Their Name' --save\n",
  ].join('');
}

// Each command is one whole line with nothing after it, so that a triple click copies it.
function demoText(report: UpReport): string {
  const { demo } = report;
  if (demo === null) return '';
  const proxy = `http://${demo.credential}:${demo.secret}@${report.proxy}`;
  return [
    '',
    'Allowed by the policy:',
    `curl --cacert ${shellQuote(demo.authorityPath)} -x ${proxy} ${demo.allowedUrl}`,
    '',
    'Denied, and it says why:',
    `curl -i --cacert ${shellQuote(demo.authorityPath)} -x ${proxy} ${demo.deniedUrl}`,
    '',
    'Ctrl-C stops everything.',
    '',
  ].join('\n');
}

function shellQuote(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}
