import { readFileSync } from 'node:fs';
import { uptime } from 'node:os';
import {
  advanceClock,
  anchorClock,
  type Clock,
  type ClockReading,
  clockJumpMs,
  effectiveNow,
  type KeptTime,
  mostJumpMs,
  resetClock,
} from '../base/index.ts';
import type { Logger } from './logger.ts';
import { readJsonFile, replaceJson } from './replace-json.ts';

/** The clock to decide by: turning the wall clock back does not turn it back, and it outlives the process. */
export interface FiledClock extends Clock {
  /** How far the wall clock is ahead of kept time (more than that follows) or behind it (negative), in milliseconds. */
  jumpMs(): number;
  /** What somebody must look at, or null. */
  problem(): string | null;
  /** Anchors it to the wall clock, also where that is behind. Gives the time before and after; to be audited by the caller. */
  reset(): { readonly fromMs: number; readonly toMs: number };
  close(): Promise<void>;
}

/** What the machine's clocks show. */
export interface MachineClocks {
  wallMs(): number;
  /** Milliseconds since the machine started, time asleep included; read now and then. */
  uptimeMs(): number;
  /** Monotonic milliseconds with any zero; read at each question. */
  monotonicMs(): number;
  /** Names this run of the machine; null where it cannot be told, then every start counts as one. */
  readonly bootId: string | null;
}

const tickMs = 1_000;
/** Less than this is the coarse clock of the kernel, not a jump. */
const noticedMs = 1_000;

/** The clocks of this machine. */
export function machineClocks(): MachineClocks {
  return {
    wallMs: Date.now,
    uptimeMs: () => uptime() * 1_000,
    monotonicMs: () => performance.now(),
    bootId: readBootId(),
  };
}

/**
 * Opens the clock that is kept in the file at `path`, written every second. Within one run of the machine it goes on from what was kept; after
 * another start it takes the wall clock, never below what was kept. A file that is damaged is told, and the wall clock is taken.
 */
export function openFiledClock(path: string, logger: Logger, clocks: MachineClocks = machineClocks()): FiledClock {
  let base = { uptimeMs: clocks.uptimeMs(), monotonicMs: clocks.monotonicMs() };
  const read = (): ClockReading => ({
    wallMs: clocks.wallMs(),
    monotonicMs: base.uptimeMs + clocks.monotonicMs() - base.monotonicMs,
  });
  let fileProblem: string | null = null;
  let jumped: string | null = null;
  let time = openTime(path, clocks.bootId, read(), (problem) => {
    fileProblem = problem;
    logger.error(problem);
  });
  let writing: Promise<void> = Promise.resolve();
  let isWriting = false;
  const write = (): Promise<void> => {
    if (isWriting) return writing;
    isWriting = true;
    // What is lost with the machine is not needed: after another start the wall clock is taken.
    writing = replaceJson(path, { bootId: clocks.bootId, time }, { isForced: false })
      .then(() => {
        fileProblem = null;
      })
      .catch((error: NodeJS.ErrnoException) => {
        const problem = `the kept clock \`${path}\` cannot be written (${error.code ?? 'unknown'}), free the disk`;
        if (fileProblem === null) logger.error(problem);
        fileProblem = problem;
      })
      .finally(() => {
        isWriting = false;
      });
    return writing;
  };
  const tick = (): void => {
    base = { uptimeMs: clocks.uptimeMs(), monotonicMs: clocks.monotonicMs() };
    const reading = read();
    const told = jumpProblem(clockJumpMs(time, reading));
    if (told !== null && jumped === null) logger.error(told, { jumpMs: Math.round(clockJumpMs(time, reading)) });
    jumped = told;
    time = advanceClock(time, reading);
    void write();
  };
  tick();
  const timer = setInterval(tick, tickMs);
  timer.unref();
  return {
    now: () => Math.floor(effectiveNow(time, read())),
    jumpMs: () => {
      const jumpMs = clockJumpMs(time, read());
      return Math.abs(jumpMs) < noticedMs ? 0 : Math.round(jumpMs);
    },
    problem: () => jumped ?? fileProblem,
    reset: () => {
      const reading = read();
      const fromMs = Math.floor(effectiveNow(time, reading));
      time = resetClock(reading);
      jumped = null;
      void write();
      return { fromMs, toMs: Math.floor(reading.wallMs) };
    },
    close: async () => {
      clearInterval(timer);
      await writing;
      time = advanceClock(time, read());
      await write();
    },
  };
}

// Ahead: by more than kept time follows, which is five minutes. Behind: what is less is set right by itself.
function jumpProblem(jumpMs: number): string | null {
  const mend = 'set it right, or run `exeat clock reset` if it is right now';
  if (jumpMs > noticedMs) return `the wall clock jumped ahead by ${minutes(jumpMs)} more than is followed: ${mend}`;
  if (jumpMs < -mostJumpMs)
    return `the wall clock was turned back by ${minutes(-jumpMs)}, which is not followed: ${mend}`;
  return null;
}

function minutes(ms: number): string {
  return `${Math.ceil(ms / 60_000)} min`;
}

function openTime(
  path: string,
  bootId: string | null,
  reading: ClockReading,
  tell: (problem: string) => void,
): KeptTime {
  const file = readJsonFile(path);
  if (file.kind === 'absent') return anchorClock(reading);
  const kept = file.kind === 'read' ? readKept(file.value) : null;
  if (kept === null) {
    const why = file.kind === 'damaged' ? file.why : 'a field is missing';
    tell(`the kept clock \`${path}\` is damaged (${why}), the wall clock is taken`);
    return anchorClock(reading);
  }
  const isSameRun =
    bootId !== null && kept.bootId === bootId && kept.time.at.monotonicMs <= reading.monotonicMs + tickMs;
  return isSameRun ? advanceClock(kept.time, reading) : anchorClock(reading, kept.time.keptMs);
}

function readKept(value: unknown): { readonly bootId: unknown; readonly time: KeptTime } | null {
  const { bootId, time } = (value ?? {}) as { readonly bootId?: unknown; readonly time?: KeptTime };
  const numbers = [
    time?.keptMs,
    time?.anchor?.wallMs,
    time?.anchor?.monotonicMs,
    time?.at?.wallMs,
    time?.at?.monotonicMs,
  ];
  return time !== undefined && numbers.every(Number.isFinite) ? { bootId, time } : null;
}

function readBootId(): string | null {
  try {
    return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
  } catch {
    return null;
  }
}
