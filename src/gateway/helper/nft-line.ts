import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { failed, fault, ok, type Result } from '../../base/index.ts';
import { changeCommands, type EntryChange } from '../kernel/entry-changes.ts';
import { createNetlinkLine } from './netlink-line.ts';
import { commandFault, textFault } from './nft-fault.ts';
import { type CommandOutcome, commandEnvironment, runCommand } from './run-command.ts';

/** A way to put transactions into the kernel, one after the other. */
export interface NftLine {
  /** One transaction: all of the commands or none. Not to be called while another one is on its way. */
  commit(commands: readonly string[]): Promise<Result<null>>;
  /** The same for entries: past `nft`, where there is a way. */
  put(changes: readonly EntryChange[]): Promise<Result<null>>;
  /** Starts what `put` goes by, so that the first entry does not wait for it. */
  open(): void;
  /** Runs `nft` once, apart from the line: to check, to list, to load what is long. */
  run(words: readonly string[], input?: string): Promise<CommandOutcome>;
  /** Whether a process was one of ours, by the number that the kernel tells of whoever changed it. */
  isOwn(pid: number): boolean;
  close(): void;
}

interface Asking {
  readonly marker: string;
  readonly settle: (result: Result<null>) => void;
}

// A line that is read character by character: past this a process of its own is quicker (measured: 100 elements 2.4 ms, 1,000 elements 72 ms).
const longestLine = 8 * 1024;
// `nft -i` remembers every line that it was told.
const commandsAProcess = 20_000;
const commitTimeoutMs = 5_000;
const maxErrorBytes = 1024 * 1024;
const rememberedPids = 4_096;

/**
 * Opens a line to the kernel: `nft -i` stays and takes one transaction a line, which needs 0.4 ms where a process for each needs 2.4 ms
 * and more. It says nothing when a line went well, so a word that it cannot know follows each: its complaint is the end of the answer.
 * Where `nft` has no interactive mode, and for long transactions, a process is started for each.
 */
export function openNftLine(): NftLine {
  const pids = createPids();
  const dialogue = new NftDialogue(pids.remember);
  // It outlives many others that are remembered.
  let netlinkPid: number | null = null;
  const netlink = createNetlinkLine({
    onStart: (pid) => {
      netlinkPid = pid;
      pids.remember(pid);
    },
  });
  const run = (words: readonly string[], input = ''): Promise<CommandOutcome> =>
    runCommand('nft', words, { input, onStart: pids.remember });

  const commit = async (commands: readonly string[]): Promise<Result<null>> => {
    const line = commands.join('; ');
    if (dialogue.isPossible && line.length <= longestLine) {
      const result = await dialogue.ask(line);
      if (dialogue.isPossible || result.ok) return result;
    }
    const outcome = await run(['-f', '-'], `${commands.join('\n')}\n`);
    return outcome.code === 0 ? ok(null) : failed(commandFault('nft', outcome));
  };

  return {
    commit,
    put: async (changes) => (await netlink.put(changes)) ?? commit(changeCommands(changes)),
    open: () => netlink.open(),
    run,
    isOwn: (pid) => pid === dialogue.pid || pid === netlinkPid || pids.has(pid),
    close: () => {
      dialogue.end();
      netlink.close();
    },
  };
}

class NftDialogue {
  /** False once `nft` ended before it ever answered: it was built without the interactive mode, or is not there. */
  isPossible = true;
  /** The process that is spoken to, which outlives many others that are remembered. */
  pid: number | null = null;
  readonly #remember: (pid: number) => void;
  #child: ChildProcessWithoutNullStreams | null = null;
  #asked = 0;
  #heard = '';
  #asking: Asking | null = null;

  constructor(remember: (pid: number) => void) {
    this.#remember = remember;
  }

  ask(line: string): Promise<Result<null>> {
    if (this.#asked >= commandsAProcess) this.end();
    this.#child ??= this.#begin();
    const child = this.#child;
    this.#asked += 1;
    const marker = `exeat_asked_${this.#asked}`;
    return new Promise((resolve) => {
      const timer = setTimeout(() => this.#drop('`nft` did not confirm in time'), commitTimeoutMs);
      const settle = (result: Result<null>): void => {
        clearTimeout(timer);
        resolve(result);
      };
      this.#asking = { marker, settle };
      child.stdin.write(`${line}\n${marker}\n`);
    });
  }

  end(): void {
    const last = this.#child;
    this.#child = null;
    last?.stdin.end();
  }

  #begin(): ChildProcessWithoutNullStreams {
    const child = spawn('nft', ['-i'], { env: commandEnvironment() });
    this.#asked = 0;
    this.pid = child.pid ?? null;
    if (child.pid !== undefined) this.#remember(child.pid);
    const gone = (): void => {
      if (this.#child !== child) return;
      if (this.#asked <= 1) this.isPossible = false;
      this.#drop('`nft` ended before it confirmed');
    };
    child.on('error', gone).on('close', gone);
    child.stdin.on('error', () => undefined);
    child.stdout.resume();
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      if (this.#child === child) this.#hear(text);
    });
    return child;
  }

  #hear(text: string): void {
    this.#heard += text;
    const marker = this.#asking?.marker;
    const end = marker === undefined ? -1 : this.#heard.search(new RegExp(`\\n *${marker}\\n *\\^`));
    if (end >= 0) this.#answer(judge(this.#heard.slice(0, end)));
    else if (this.#heard.length > maxErrorBytes) this.#drop('`nft` said too much');
  }

  #drop(why: string): void {
    this.#child?.kill('SIGKILL');
    this.#child = null;
    this.#answer(failed(fault('kernel_refused', why)));
  }

  #answer(result: Result<null>): void {
    const asking = this.#asking;
    this.#asking = null;
    this.#heard = '';
    asking?.settle(result);
  }
}

function createPids(): { readonly remember: (pid: number) => void; readonly has: (pid: number) => boolean } {
  const pids = new Set<number>();
  const remember = (pid: number): void => {
    pids.add(pid);
    const [oldest] = pids;
    if (pids.size > rememberedPids && oldest !== undefined) pids.delete(oldest);
  };
  return { remember, has: (pid) => pids.has(pid) };
}

// What came before the complaint about the marker, whose own first line is the last one here.
function judge(heard: string): Result<null> {
  const before = heard.slice(0, Math.max(0, heard.lastIndexOf('Error:')));
  return before.includes('Error') ? failed(textFault('nft', before)) : ok(null);
}
