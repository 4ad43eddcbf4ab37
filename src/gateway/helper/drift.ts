/** What somebody else changed in what the kernel holds for us, and what came of it. */
export interface Drift {
  /** When it was noticed, epoch milliseconds. */
  readonly at: number;
  /** What was seen, one line each, at most 20: `add rule inet exeat c_out4 accept`. */
  readonly seen: readonly string[];
  /** Who did it, where the kernel tells: `4711 (nft)`. */
  readonly by: string | null;
  /** Whether everything is in force again; if not, it is tried again. */
  readonly isUndone: boolean;
}

/** One change of the kernel as `nft monitor` tells it: its lines, then who made it. */
export interface SeenChange {
  readonly pid: number;
  readonly by: string;
  /** The lines about our table. */
  readonly lines: readonly string[];
  /** Whether it touched the scratch table of `watchMark`. */
  readonly isMark: boolean;
}

/** A table of ours that is made and gone in one transaction, to hear by it that the watch hears. */
export const watchMark = 'inet exeat_watch';

const mostLines = 20;
const longestLine = 200;

/** Puts the lines of `nft monitor` together. `onLost`: the kernel told of more than was heard. */
export function createMonitorReader(
  onChange: (change: SeenChange) => void,
  onLost: () => void,
): (text: string) => void {
  let rest = '';
  let lines: string[] = [];
  let isMark = false;
  const take = (line: string): void => {
    const [, pid, name] = /^# new generation \d+ by process (\d+) \((.*)\)/.exec(line) ?? [];
    if (pid !== undefined) {
      onChange({ pid: Number(pid), by: `${pid} (${name})`, lines, isMark });
      lines = [];
      isMark = false;
    } else if (line.startsWith('# ERROR')) {
      onLost();
    } else if (line.includes(watchMark)) {
      isMark = true;
    } else if (line === 'delete table inet exeat') {
      // Says all that the lines of its rules and sets say.
      lines = [line];
    } else if (/\binet exeat(?: |$)/.test(line) && lines.length < mostLines) {
      lines.push(line.slice(0, longestLine));
    }
  };
  return (text) => {
    const parts = `${rest}${text}`.split('\n');
    rest = parts.pop() ?? '';
    for (const line of parts) take(line);
  };
}
