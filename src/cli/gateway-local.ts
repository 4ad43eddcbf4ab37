import type { Command } from 'commander';
import { askForCuts } from '../app/index.ts';
import type { Cli } from './cli.ts';
import { type ExitCode, exitCodes } from './exit-codes.ts';
import { runUp } from './up.ts';

/** The flags of `exeat gateway` by itself. */
interface LocalFlags {
  readonly local?: boolean;
  readonly exempt: readonly string[];
  readonly inbound: readonly string[];
}

/** What one machine needs beside its policy; what the file says stays. */
const defaults = { 'gateway.local': {}, 'listen.dns': '[::]:5353' };

/** Gives `exeat gateway` its flag `--local`: `exeat up` that holds the processes of this machine itself. */
export function registerGatewayLocal(gateway: Command, cli: Cli): void {
  gateway
    .option('--local', 'start Exeat and hold the processes of this machine, by user, group or cgroup')
    .option('--exempt <user>', 'with --local: a user whose processes are not judged (repeatable)', collect, [])
    .option('--inbound <port>', 'with --local: a port at which this machine answers others (repeatable)', collect, [])
    .addHelpText(
      'after',
      `
With --local this is \`exeat up\` with \`gateway: { local: {} }\` and \`listen.dns: "[::]:5353"\` where the file does not say otherwise. It
needs no interface inside. What runs as a user that no service names goes nowhere: name it, \`identities: [ { local: { user: _apt } } ]\`,
or exempt it. Root is not exempt: what any program with a set user id does would be too. Connections from outside are answered at ports
below 1024 and at those of --inbound, so a shell at port 22 stays; it does not start while somebody would be cut off.

Exit codes of --local: 0 ended by a signal, 1 an error; without it and without a command 64.

Examples:
  exeat gateway --local --config exeat.yaml
  exeat gateway --local --exempt root --inbound 8080
  exeat gateway status
`,
    )
    .action((flags: LocalFlags) => cli.run(() => runLocal(gateway, cli, flags)));
}

async function runLocal(gateway: Command, cli: Cli, flags: LocalFlags): Promise<ExitCode> {
  if (flags.local !== true) return gateway.help({ error: true });
  const config = cli.config({
    defaults,
    given: {
      ...listOf('gateway.local.exempt', flags.exempt),
      ...listOf('gateway.local.inbound', flags.inbound.map(toNumber)),
    },
  });
  if (config === null) return exitCodes.error;
  const cut = await askForCuts(config);
  return cut.ok ? runUp(cli, config) : cli.fail(cut.fault);
}

function listOf(path: string, values: readonly unknown[]): Readonly<Record<string, unknown>> {
  return values.length === 0 ? {} : { [path]: values };
}

// What is no number is said to be none by the schema, with the name of the setting.
function toNumber(word: string): number | string {
  return /^\d{1,5}$/.test(word) ? Number(word) : word;
}

/** Commander calls it for each occurrence of an option. */
function collect(word: string, words: readonly string[]): readonly string[] {
  return [...words, word];
}
