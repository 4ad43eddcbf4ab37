import { readFileSync } from 'node:fs';
import { constants } from 'node:os';
import { resolve } from 'node:path';
import { type Command, CommanderError } from 'commander';
import { type RunOutcome, type RunStart, startRun } from '../app/index.ts';
import { failed, fault, ok, type Result } from '../base/index.ts';
import type { Config } from '../config/index.ts';
import type { Cli } from './cli.ts';
import { type ExitCode, exitCodes } from './exit-codes.ts';
import { type PlacedFile, placeFile } from './place-file.ts';
import { draftText, isUntouchedDraft } from './run-draft.ts';
import { blindSpots, runText } from './run-text.ts';

interface RunFlags {
  readonly as: string;
  readonly policy?: string;
  readonly observe?: true;
  readonly socket: readonly string[];
  readonly report?: string;
  readonly learn?: string;
  readonly force?: true;
  readonly quiet?: true;
}

/** Adds `exeat run`: one command in a network of its own, whose only way out is the proxy and the DNS filter, as one service. */
export function registerRun(parent: Command, cli: Cli): void {
  parent
    .command('run')
    .description('run one command in a network of its own that only leads out through the policy of a service')
    .requiredOption('--as <service>', 'the service of the policy that the command runs as; it lists you by `local:`')
    .option('--policy <dir>', 'judge by this policy folder, with a point of its own, whatever else runs here')
    .option('--observe', 'let pass what no rule allows, and tell it; only with a point of its own')
    .option('--socket <path>', 'leave this unix socket reachable; may be given again', collect, [])
    .option('--report <file>', 'write the report there as JSON')
    .option('--learn <file>', 'write a draft of the rules that it needed there; no run loads it')
    .option('--force', 'let `--learn` replace a file that somebody changed')
    .option('--quiet', 'print no report')
    .argument('<command...>', 'the command and its words, after `--`')
    .exitOverride((error) => {
      throw error.exitCode === 0 ? error : new CommanderError(exitCodes.runFailed, error.code, error.message);
    })
    .addHelpText('after', helpText)
    .action((command: readonly string[], flags: RunFlags) => cli.run(() => run(command, flags, cli)));
}

const helpText = `
Streams, signals and the exit code are those of the command. Exit codes: its own, 128 and the number of the signal that ended it, 126 it cannot
be executed, 127 there is no such command, 125 Exeat itself failed.

Examples:
  exeat run --as ci-job --policy ./policy -- npm ci
  exeat run --as agent -- claude -p 'mend the test'        # by the product that runs on this state
  exeat run --as ci-job --policy ./policy --observe --learn draft.yaml -- make
`;

function collect(value: string, all: readonly string[]): readonly string[] {
  return [...all, value];
}

async function run(command: readonly string[], flags: RunFlags, cli: Cli): Promise<ExitCode> {
  const from = sourceOf(flags, cli);
  if (!from.ok) return end(cli, from.fault.message);
  const policy = 'config' in from.value ? from.value.config.policy : from.value.policy;
  const placed = placeFiles(flags, policy);
  if (!placed.ok) return end(cli, placed.fault.message);
  const signals = forwardSignals();
  const outcome = await startRun({
    ...{ service: flags.as, command, from: from.value, isObserving: flags.observe === true },
    ...{ sockets: flags.socket, env: { ...process.env }, onStart: signals.to },
  });
  signals.stop();
  if (!outcome.ok) return end(cli, outcome.fault.message);
  if (flags.quiet !== true) cli.io.writeError(`\n${runText(outcome.value)}`);
  return finish(outcome.value, { command, files: placed.value, cli });
}

function sourceOf(
  { policy: named }: RunFlags,
  cli: Cli,
): Result<{ readonly config: Config } | { readonly policy: string }> {
  const policy = named === undefined ? undefined : resolve(named);
  if (policy !== undefined && cli.flags().config === null) return ok({ policy });
  const config = cli.config();
  if (config === null)
    return failed(fault('config_invalid', 'mend the configuration, or name a policy folder with `--policy`'));
  return ok(
    policy === undefined ? { config } : { config: { ...config, policy, run: { ...config.run, isOnly: true } } },
  );
}

interface RunFiles {
  readonly report: PlacedFile | null;
  readonly draft: PlacedFile | null;
}

// Before the command starts: what it does meanwhile must not say where these go.
function placeFiles(flags: RunFlags, policy: string): Result<RunFiles> {
  const report = flags.report === undefined ? null : placeFile(flags.report, '--report', [policy]);
  if (report !== null && !report.ok) return report;
  const draft = flags.learn === undefined ? null : placeFile(flags.learn, '--learn', [policy]);
  if (draft !== null && !draft.ok) return draft;
  const there = draft?.value.read() ?? null;
  if (there !== null && flags.force !== true && !isUntouchedDraft(there))
    return failed(
      fault(
        'draft_exists',
        `\`${flags.learn}\` is there and is no draft as it was written: name another file, or replace it with --force`,
      ),
    );
  return ok({ report: report?.value ?? null, draft: draft?.value ?? null });
}

interface FinishParts {
  readonly command: readonly string[];
  readonly files: RunFiles;
  readonly cli: Cli;
}

function finish(outcome: RunOutcome, { command, files, cli }: FinishParts): ExitCode {
  const { start, ending, report } = outcome;
  const { answer, isOwn } = start;
  const told = {
    service: answer.service,
    mode: answer.mode,
    policyVersion: answer.policyVersion,
    isOwn,
    ending,
    ...report,
    notSeen: blindSpots,
  };
  const draft = report === null ? null : draftText({ service: answer.service, command: command.join(' '), report });
  const written = [
    files.report?.write(`${JSON.stringify(told, null, 2)}\n`),
    draft === null ? undefined : files.draft?.write(draft),
  ];
  files.report?.close();
  files.draft?.close();
  const broken = written.find((one) => one !== undefined && !one.ok);
  if (broken !== undefined && !broken.ok) return end(cli, broken.fault.message);
  if (ending.kind === 'ended') return ending.code as ExitCode;
  return end(cli, ending.kind === 'setup' ? 'the sandbox could not be made, see above' : 'the launcher was ended');
}

function end(cli: Cli, message: string): ExitCode {
  cli.fail({ message });
  return exitCodes.runFailed;
}

const passedOn = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT', 'SIGUSR1', 'SIGUSR2'] as const;

/** Passes signals on to the command; before it runs they end us, which ends everything. */
function forwardSignals(): { readonly to: (start: RunStart) => void; stop(): void } {
  let target: RunStart | null = null;
  const ignored = ignoredSignals();
  const handlers = passedOn
    .filter((name) => (ignored & (1n << BigInt(constants.signals[name] - 1))) === 0n)
    .map((name) => {
      const handler = (): void => {
        if (target !== null) target.signal(constants.signals[name]);
        else process.exit(128 + constants.signals[name]);
      };
      process.on(name, handler);
      return [name, handler] as const;
    });
  return {
    to: (start) => {
      target = start;
    },
    stop: () => {
      for (const [name, handler] of handlers) process.off(name, handler);
    },
  };
}

// What we were started to ignore (nohup), the command is not told of either.
function ignoredSignals(): bigint {
  try {
    const mask = /^SigIgn:\s*([0-9a-f]+)$/m.exec(readFileSync('/proc/self/status', 'latin1'))?.[1] ?? '0';
    return BigInt(`0x${mask}`);
  } catch {
    return 0n;
  }
}
