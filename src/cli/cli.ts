import { escapeControls, type Fault } from '../base/index.ts';
import { type Config, type LoadConfigOptions, loadConfig, renderConfigFault } from '../config/index.ts';
import type { CliIo } from './cli-io.ts';
import { type ExitCode, exitCodes } from './exit-codes.ts';
import { formatObject, formatRows, type OutputFormat } from './output.ts';
import type { Row } from './table.ts';

/** The options that every command takes. `config` is null where neither `--config` nor `EXEAT_CONFIG` was given. */
export interface GlobalFlags {
  readonly config: string | null;
  readonly output: OutputFormat;
  /** `-o sarif`, which only commands that check files know. */
  readonly isSarif: boolean;
}

/** What a command works with: its process, the global flags, output in the format asked for, and its way to end. */
export interface Cli {
  readonly io: CliIo;
  readonly flags: () => GlobalFlags;
  /** Runs the work of a command; what it returns is the exit code of the process. */
  readonly run: (work: () => ExitCode | Promise<ExitCode>) => Promise<void>;
  /** Prints rows by `-o`. */
  readonly printRows: (columns: readonly string[], rows: readonly Row[]) => void;
  /** Prints one object by `-o`; the text is for `table`. */
  readonly printObject: (object: Row, textForPeople: () => string) => void;
  /** Prints faults to stderr, one line each with an `exeat: ` in front, and gives exit code 1. */
  readonly fail: (...faults: readonly Pick<Fault, 'message'>[]) => ExitCode;
  /** The configuration, or null after its faults were printed (end with {@link exitCodes}.error). */
  readonly config: (more?: Pick<LoadConfigOptions, 'defaults' | 'given'>) => Config | null;
}

/** Makes the {@link Cli} that commands share. `end` receives the exit code of the command that ran. */
export function createCli(io: CliIo, flags: () => GlobalFlags, end: (code: ExitCode) => void): Cli {
  const fail: Cli['fail'] = (...faults) => {
    for (const { message } of faults) io.writeError(`exeat: ${escapeControls(message)}\n`);
    return exitCodes.error;
  };
  return {
    io,
    flags,
    fail,
    run: async (work) => end(await work()),
    printRows: (columns, rows) => io.writeOut(formatRows(flags().output, columns, rows)),
    printObject: (object, textForPeople) => io.writeOut(formatObject(flags().output, object, textForPeople)),
    config: (more = {}) => {
      const loaded = loadConfig({ path: flags().config ?? './exeat.yaml', env: io.env, ...more });
      if (loaded.ok) return loaded.value;
      fail(...loaded.fault.map((one) => ({ message: renderConfigFault(one) })));
      return null;
    },
  };
}
