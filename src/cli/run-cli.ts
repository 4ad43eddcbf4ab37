import { Command, CommanderError, Option } from 'commander';
import { readVersion } from '../app/front/index.ts';
import { ExeatError, escapeControls } from '../base/index.ts';
import { type Cli, createCli, type GlobalFlags } from './cli.ts';
import type { CliIo } from './cli-io.ts';
import { type ExitCode, exitCodes } from './exit-codes.ts';
import { outputFormats } from './output.ts';

/** Runs one command line (without `node` and the script) and gives its exit code. Never throws for outside causes. */
export async function runCli(args: readonly string[], io: CliIo): Promise<ExitCode> {
  let exitCode: ExitCode = exitCodes.ok;
  const register = await loadCommands(args);
  const program = createProgram(io, register, (code) => {
    exitCode = code;
  });
  try {
    await program.parseAsync(args, { from: 'user' });
    return exitCode;
  } catch (error) {
    return endByError(error, io);
  }
}

type Register = (program: Command, cli: Cli) => void;

// The commands on flows hand their work to a process of its own: loading everything that all other commands need would take longer than
// all that they do here.
async function loadCommands([first]: readonly string[]): Promise<Register> {
  if (first === 'flows') return (await import('./flows-commands.ts')).registerFlows;
  return (await import('./commands.ts')).registerCommands;
}

/** The program with what `register` adds to it. */
export function createProgram(io: CliIo, register: Register, end: (code: ExitCode) => void): Command {
  const program = new Command('exeat');
  const { helpColumns } = io;
  program
    .description('Decides, enforces and measures every way out of a network.')
    .version(readVersion(), '-V, --version', 'print the version')
    .option('--config <file>', 'configuration file (EXEAT_CONFIG; default ./exeat.yaml)')
    .addOption(
      new Option('-o, --output <format>', 'output format').choices([...outputFormats, 'sarif']).default('table'),
    )
    .configureHelp({ showGlobalOptions: true })
    .exitOverride()
    .configureOutput({
      writeOut: io.writeOut,
      writeErr: io.writeError,
      outputError: (text, write) => write(usageLine(text)),
      ...(helpColumns === undefined ? {} : { getOutHelpWidth: () => helpColumns }),
    });
  program.hook('preAction', (_, command) => {
    if (command.name() !== 'check' && readFlags(program, io).isSarif)
      program.error('`-o sarif` is for `policy check` only', { exitCode: exitCodes.usage });
  });
  const cli: Cli = createCli(io, () => readFlags(program, io), end);
  register(program, cli);
  return program;
}

// One line like every other message of ours: commander writes `error: option '--x' … is invalid. Allowed choices are …`.
function usageLine(text: string): string {
  const told = text
    .trim()
    .replace(/^error: /, '')
    .replace(/\.$/, '')
    .replaceAll('. Allowed', ', allowed')
    .replace(/\s*\n\s*/g, ' ')
    .replace(/ is invalid(?=, )/, ' is not known')
    .replaceAll("'", '`');
  return `exeat: ${escapeControls(told)}; see \`--help\`\n`;
}

function readFlags(program: Command, io: CliIo): GlobalFlags {
  const options = program.opts<{ config?: string; output: GlobalFlags['output'] | 'sarif' }>();
  const { output } = options;
  const isSarif = output === 'sarif';
  return { config: options.config ?? io.env['EXEAT_CONFIG'] ?? null, output: isSarif ? 'json' : output, isSarif };
}

// Commander throws for --help and --version as well, with exit code 0; all its other errors are faults of usage.
function endByError(error: unknown, io: CliIo): ExitCode {
  if (error instanceof CommanderError) {
    if (error.exitCode === exitCodes.runFailed) return exitCodes.runFailed;
    return error.exitCode === 0 ? exitCodes.ok : exitCodes.usage;
  }
  if (error instanceof ExeatError) {
    io.writeError(`exeat: ${escapeControls(error.message)}\n`);
    return exitCodes.error;
  }
  throw error;
}
