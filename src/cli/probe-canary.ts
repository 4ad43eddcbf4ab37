import type { Command } from 'commander';
import { failed, fault, ok, quoteInput, type Result } from '../base/index.ts';
import { parseIpAddress } from '../destination/index.ts';
import { type Arrival, type Canary, canaryTcpPorts, canaryUdpPorts, createCanary } from '../probe/index.ts';
import type { Cli } from './cli.ts';
import { type ExitCode, exitCodes } from './exit-codes.ts';

interface CanaryFlags {
  readonly listen: readonly string[];
  readonly tcp: string;
  readonly udp: string;
}

/** Adds `exeat probe canary`: the far end of a probe, which runs until SIGINT or SIGTERM. */
export function registerProbeCanary(parent: Command, cli: Cli): void {
  parent
    .command('canary')
    .description('run the far end of a probe, outside, where nothing may be reached')
    .requiredOption('--listen <address>', 'address to listen on, IPv4 or IPv6 (repeatable)', collect, [])
    .option('--tcp <ports>', 'TCP ports', canaryTcpPorts.join(','))
    .option('--udp <ports>', 'UDP ports', canaryUdpPorts.join(','))
    .addHelpText(
      'after',
      '\nIt answers only what a probe sends, and prints a line for each. Below 1024 and for protocols without ports it needs root.\n\nExamples:\n  exeat probe canary --listen 203.0.113.7 --listen 2001:db8::7\n  exeat probe canary --listen 203.0.113.7 --tcp 443,80 --udp 443 -o json\n',
    )
    .action((flags: CanaryFlags) => cli.run(() => runCanary(cli, flags)));
}

function collect(word: string, words: readonly string[]): readonly string[] {
  return [...words, word];
}

async function runCanary(cli: Cli, flags: CanaryFlags): Promise<ExitCode> {
  const read = readFlags(flags);
  if (!read.ok) {
    cli.fail(read.fault);
    return exitCodes.usage;
  }
  const ended = Promise.withResolvers<void>();
  process.on('SIGINT', ended.resolve);
  process.on('SIGTERM', ended.resolve);
  const isTable = cli.flags().output === 'table';
  const canary = await createCanary({ ...read.value, onArrival: (arrival) => cli.io.writeOut(lineOf(cli, arrival)) });
  if (!canary.ok) return cli.fail(canary.fault);
  cli.io.writeError(startText(canary.value));
  if (!isTable) cli.io.writeOut(`${JSON.stringify({ listens: canary.value.listens, lacks: canary.value.lacks })}\n`);
  await ended.promise;
  await canary.value.close();
  return exitCodes.ok;
}

function startText({ listens, lacks }: Canary): string {
  return [
    `the canary answers on ${listens.join(', ')}\n`,
    ...lacks.map((lack) => `exeat: cannot answer on ${lack}\n`),
  ].join('');
}

function lineOf(cli: Cli, arrival: Arrival): string {
  const at = new Date(cli.io.now()).toISOString();
  if (cli.flags().output !== 'table') return `${JSON.stringify({ at, ...arrival })}\n`;
  const { token, way, over, port, from } = arrival;
  return `${at}  ${token}  ${way.padEnd(32)}  ${over} ${port} from ${from}\n`;
}

function readFlags({ listen, tcp, udp }: CanaryFlags): Result<{
  readonly addresses: readonly string[];
  readonly tcpPorts: readonly number[];
  readonly udpPorts: readonly number[];
}> {
  const wrong = listen.find((text) => !parseIpAddress(text).ok);
  if (wrong !== undefined) return malformed(`--listen ${quoteInput(wrong)} is not an address`);
  const tcpPorts = readPorts('--tcp', tcp);
  if (!tcpPorts.ok) return tcpPorts;
  const udpPorts = readPorts('--udp', udp);
  return udpPorts.ok ? ok({ addresses: listen, tcpPorts: tcpPorts.value, udpPorts: udpPorts.value }) : udpPorts;
}

function readPorts(flag: string, text: string): Result<readonly number[]> {
  const words = text.split(',').filter((word) => word !== '');
  const wrong = words.find((word) => !/^[1-9]\d{0,4}$/.test(word) || Number(word) > 65_535);
  if (wrong !== undefined) return malformed(`${flag}: port ${quoteInput(wrong)} is outside 1-65535`);
  return ok(words.map(Number));
}

function malformed(message: string): Result<never> {
  return failed(fault('canary_flag_malformed', message));
}
