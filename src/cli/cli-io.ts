/** All that a command sees of its process. Tests pass their own. `now` is epoch milliseconds. */
export interface CliIo {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly now: () => number;
  readonly writeOut: (text: string) => void;
  readonly writeError: (text: string) => void;
  /** Whether stderr is a terminal, where progress may be shown. */
  readonly isErrorTerminal?: boolean;
  /** Columns that help is wrapped to; those of the terminal, or 80, unless given. */
  readonly helpColumns?: number;
}

/** The command's real process as a {@link CliIo}. A closed pipe (`exeat status | head -1`) ends quietly. */
export function createProcessIo(): CliIo {
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      // EPIPE: the reader left, which is no fault of ours; any other failure to print has nowhere left to be printed.
      process.exit(error.code === 'EPIPE' ? 0 : 1);
    });
  }
  return {
    env: process.env,
    now: Date.now,
    writeOut: (text) => void process.stdout.write(text),
    writeError: (text) => void process.stderr.write(text),
    isErrorTerminal: process.stderr.isTTY === true,
  };
}
