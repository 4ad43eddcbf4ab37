import type { Command } from 'commander';
import { type Demo, startLivingDemo } from '../app/index.ts';
import { failed, fault, ok, parseDuration, type Result } from '../base/index.ts';
import type { Cli } from './cli.ts';
import { type ExitCode, exitCodes } from './exit-codes.ts';

interface DemoFlags {
  readonly port: string;
  readonly rate: string;
  readonly keep?: string;
  readonly for?: string;
}

/** Adds `exeat demo`: a whole product with living traffic on loopback, until SIGINT or SIGTERM or for a while. */
export function registerDemo(parent: Command, cli: Cli): void {
  parent
    .command('demo')
    .description('show the console with living traffic: a whole product on loopback, gone when it ends')
    .option('--port <port>', 'port of the console on 127.0.0.1; 0 for any that is free', '8440')
    .option('--rate <number>', 'asks a second, from 0.1 to 50; above 2 the story goes faster too', '2')
    .option('--for <duration>', 'end by itself after `10m`, at most `7d` (default: at Ctrl-C)')
    .option('--keep <folder>', 'put everything into this folder, new or empty, and leave it there')
    .addHelpText(
      'after',
      '\nEight services with policies, their far ends, people and a name server, all on this machine: no packet leaves loopback. It needs no\nconfiguration and reads none.\n\nExamples:\n  exeat demo\n  exeat demo --port 0 --for 10m -o json\n  exeat demo --keep ./demo     # then: exeat status --config ./demo/exeat.yaml\n',
    )
    .action((flags: DemoFlags) => cli.run(() => runDemo(cli, flags)));
}

async function runDemo(cli: Cli, flags: DemoFlags): Promise<ExitCode> {
  const read = readFlags(flags);
  if (!read.ok) {
    cli.fail(read.fault);
    return exitCodes.usage;
  }
  // Taken before anything starts: a signal that comes early must leave neither children nor a folder behind.
  const ended = Promise.withResolvers<void>();
  process.on('SIGINT', ended.resolve);
  process.on('SIGTERM', ended.resolve);
  const { lastsMs, ...asked } = read.value;
  const onTrouble = (line: string): void => void cli.fail({ message: `the demo could not do a part: ${line}` });
  const started = await startLivingDemo({ ...asked, onTrouble }, ended.promise);
  if (!started.ok) return cli.fail(started.fault);
  const { stop, ...told } = started.value;
  cli.io.writeOut(cli.flags().output === 'table' ? demoText(told, asked.keep) : `${JSON.stringify(told)}\n`);
  const timer = lastsMs === null ? null : setTimeout(ended.resolve, lastsMs);
  await ended.promise;
  if (timer !== null) clearTimeout(timer);
  await stop();
  return exitCodes.ok;
}

interface ReadFlags {
  readonly consolePort: number;
  readonly ratePerSecond: number;
  readonly keep: string | null;
  readonly lastsMs: number | null;
}

// The longest that a timer of the platform takes, and more than anybody looks at a demo.
const longestMs = 7 * 86_400_000;

function readFlags({ port, rate, keep, for: lasts }: DemoFlags): Result<ReadFlags> {
  const [consolePort, ratePerSecond] = [Number(port), Number(rate)];
  if (!/^\d{1,5}$/.test(port) || consolePort > 65_535) {
    return failed(
      fault('port_malformed', `--port \`${port}\` is no port, write one of 1 to 65535, or 0 for a free one`),
    );
  }
  if (!/^\d{1,2}(?:\.\d{1,3})?$/.test(rate) || ratePerSecond < 0.1 || ratePerSecond > 50) {
    return failed(fault('rate_malformed', `--rate \`${rate}\` is outside 0.1 to 50 asks a second`));
  }
  const duration = lasts === undefined ? ok(null) : parseDuration(lasts);
  if (!duration.ok) return failed({ ...duration.fault, message: `--for: ${duration.fault.message}` });
  if (duration.value !== null && duration.value > longestMs) {
    return failed(fault('duration_malformed', `--for \`${lasts}\` is more than \`7d\``));
  }
  return ok({ consolePort, ratePerSecond, keep: keep ?? null, lastsMs: duration.value });
}

function demoText(demo: Omit<Demo, 'stop'>, keep: string | null): string {
  const rows = demo.signIns.map(({ id, role, token }) => `  ${`${id}, ${role}`.padEnd(16)}${token}\n`);
  const stays = keep === null ? 'its folder goes with it' : `its folder stays: ${demo.folder}`;
  return [
    'The demo is up: eight services, their far ends and their people, all on loopback.\n\n',
    `  console         ${demo.console}\n`,
    `  configuration   ${demo.configPath}\n`,
    `  log             ${demo.logPath}\n\n`,
    'Sign in with one of these tokens:\n',
    ...rows,
    `\nOr become security and review what the others did, once, by this link:\n  ${demo.securityLink}\n\n`,
    'Minutes pass as hours: one exception is open and about to end, a request waits for Ben, an emergency waits for its review.\n',
    `No packet leaves loopback. Ctrl-C stops everything, and ${stays}.\n`,
  ].join('');
}
