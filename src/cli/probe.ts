import { writeFileSync } from 'node:fs';
import type { Command } from 'commander';
import { failed, fault, ok, type Result } from '../base/index.ts';
import {
  chooseWays,
  findTarget,
  formatProbeMetrics,
  type ProbeTarget,
  runProbe,
  type Scorecard,
  type Way,
  ways,
} from '../probe/index.ts';
import type { Cli } from './cli.ts';
import { type ExitCode, exitCodes } from './exit-codes.ts';
import { formatObject } from './output.ts';
import { type ProbeFlags, parseProbeFlags } from './probe-flags.ts';
import { scorecardText } from './probe-text.ts';
import { countText } from './wording.ts';

const columns = ['way', 'group', 'result', 'ended', 'detail', 'ms', 'title', 'closedBy', 'guide'] as const;

/** Adds `exeat probe`: tries every way out of a workload and says what closes those that are open. */
export function registerProbe(parent: Command, cli: Cli): Command {
  return parent
    .command('probe')
    .description('try every way out of this workload, and say which setting closes those that are open')
    .option('--canary <host[:port]>', 'name of a canary of your own, which nothing may reach from here')
    .option('--canary-address <address>', 'its address, IPv4 or IPv6 (repeatable)', collect, [])
    .option('--zone <name>', 'a zone that the canary answers for, to try data in DNS names')
    .option('--allowed <name>', 'a name that this workload may reach, to try others behind it')
    .option('--proxy <url>', 'the proxy that this workload may use, with its user and secret')
    .option('--only <ways>', 'ids or groups of ways, `*` for any text, separated by commas', collect, [])
    .option('--timeout <duration>', 'how long an answer is waited for', '2s')
    .option('--intrusive', 'also try what changes this machine for a moment: routes')
    .option('--metrics <file>', 'write the results as Prometheus text for a node exporter')
    .option('--json', 'the same as -o json')
    .option('--list', 'list the ways and end')
    .addHelpText(
      'after',
      '\nStart the far end elsewhere first, as root: exeat probe canary --listen ADDRESS\n\nExit codes: 0 nothing that was tried is open, 1 an error, or nothing could be tried, 9 a way is open.\n\nExamples:\n  exeat probe --canary-address 203.0.113.7 --canary-address 2001:db8::7 --allowed bank.example.com\n  exeat probe --canary canary.example.com --only tls,dns-* --metrics /var/lib/node_exporter/exeat.prom\n',
    )
    .action((flags: ProbeFlags) => cli.run(() => runCommand(cli, flags)));
}

/** Commander calls it for each occurrence of an option. */
function collect(word: string, words: readonly string[]): readonly string[] {
  return [...words, ...word.split(',').filter((part) => part !== '')];
}

async function runCommand(cli: Cli, flags: ProbeFlags): Promise<ExitCode> {
  const chosen = chooseWays(flags.only);
  if (!chosen.ok) return failUsage(cli, chosen.fault.message);
  if (flags.list === true) return listWays(cli, chosen.value);
  const request = parseProbeFlags(flags, cli.io.env);
  if (!request.ok) return failUsage(cli, request.fault.message);
  const target = await findTarget(request.value);
  const card = await runProbe({ target, ways: chosen.value, onScore: () => undefined });
  print(cli, flags, { card, target });
  const written = writeMetrics(flags.metrics, card, cli.io.now());
  if (!written.ok) cli.fail(written.fault);
  // An open way is the news, whatever else went wrong.
  if (card.counts.open > 0) return exitCodes.undecidedTraffic;
  if (!written.ok) return exitCodes.error;
  if (card.counts.closed > 0) return exitCodes.ok;
  return cli.fail({ message: 'nothing could be tried, see why beside each way' });
}

function failUsage(cli: Cli, message: string): ExitCode {
  cli.fail({ message });
  return exitCodes.usage;
}

function listWays(cli: Cli, chosen: readonly Way[]): ExitCode {
  cli.printRows(
    ['way', 'group', 'title', 'needs'],
    chosen.map(({ id, group, title, needs }) => ({ way: id, group, title, needs })),
  );
  if (cli.flags().output === 'table') cli.io.writeError(`${countText(ways.length, 'way')} in all\n`);
  return exitCodes.ok;
}

function print(
  cli: Cli,
  flags: ProbeFlags,
  { card, target }: { readonly card: Scorecard; readonly target: ProbeTarget },
): void {
  const output = flags.json === true ? 'json' : cli.flags().output;
  const rows = card.scores.map(({ setting, ...score }) => ({
    ...score,
    closedBy: setting.says,
    guide: `docs/guide/${setting.link}`,
  }));
  if (output === 'csv') {
    cli.printRows(columns, rows);
    return;
  }
  const object = { token: card.token, ...card.counts, canary: { ipv4: target.ipv4, ipv6: target.ipv6 }, ways: rows };
  cli.io.writeOut(formatObject(output, object, () => scorecardText(card)));
}

function writeMetrics(file: string | undefined, card: Scorecard, nowMs: number): Result<null> {
  if (file === undefined) return ok(null);
  try {
    // A collector that reads it half written reads it whole the next time; renaming would need the right to its folder.
    writeFileSync(file, formatProbeMetrics(card, nowMs));
    return ok(null);
  } catch (error) {
    return failed(
      fault('metrics_not_written', `--metrics: ${error instanceof Error ? error.message : 'cannot be written'}`),
    );
  }
}
