import { getSystemErrorName } from 'node:util';
import { failed, fault, ok, type Result } from '../../base/index.ts';
import type { EntryChange } from '../kernel/entry-changes.ts';
import { messagesOf, readAnswers, writeBatch } from '../kernel/netlink-batch.ts';
import { type NetlinkPipe, netlinkProtocols, openNetlinkPipe } from './netlink-pipe.ts';

/** A way to tell the kernel of entries without a program that reads text. */
export interface NetlinkLine {
  /** One transaction: all of the changes or none. Not to be called while another one is on its way. Null: there is no such way here. */
  put(changes: readonly EntryChange[]): Promise<Result<null> | null>;
  /** Starts its process now. */
  open(): void;
  close(): void;
}

interface Asking {
  readonly first: number;
  readonly last: number;
  readonly settle: (result: Result<null> | null) => void;
  errno: number;
}

const answerTimeoutMs = 5_000;
const lastSequence = 0x7fff_ffff;

/** How a line is made. */
export interface NetlinkLineOptions {
  /** Told the number of each process that it starts. */
  readonly onStart: (pid: number) => void;
  /** Where its program is looked for. Default: `PATH`, then the folders of the system. */
  readonly path?: string;
}

/** Makes a line; its process is started with the first change, or before by `open`. */
export function createNetlinkLine({ onStart, path }: NetlinkLineOptions): NetlinkLine {
  let pipe: NetlinkPipe | null = null;
  let asking: Asking | null = null;
  let sequence = 1;
  // False once it ended before it ever answered: sockets of netlink are closed to it, or there is no program.
  let isPossible = true;
  let hasAnswered = false;

  const settle = (result: Result<null> | null): void => {
    const { settle: done } = asking ?? {};
    asking = null;
    done?.(result);
  };
  const lost = (mine: NetlinkPipe | null, why: string): void => {
    if (pipe !== mine) return;
    pipe = null;
    if (!hasAnswered) isPossible = false;
    settle(hasAnswered ? failed(fault('kernel_refused', why)) : null);
  };
  const take = (datagram: Buffer): void => {
    for (const { sequence: number, errno } of readAnswers(datagram)) {
      if (asking === null || number < asking.first || number > asking.last) continue;
      hasAnswered = true;
      asking.errno ||= errno;
      // What is refused as a whole is refused by its first message, and then nothing else need come.
      if (number === asking.last || (number === asking.first && errno !== 0)) settle(judge(asking.errno));
    }
  };
  const begin = (): NetlinkPipe | null => {
    const events = {
      onDatagram: take,
      onEnd: () => lost(opened, 'the process that writes to the kernel ended before it confirmed'),
    };
    const opened: NetlinkPipe | null = openNetlinkPipe({ protocol: netlinkProtocols.netfilter, path }, events);
    if (opened?.pid != null) onStart(opened.pid);
    return opened;
  };

  const open = (): void => {
    if (isPossible) pipe ??= begin();
  };
  return {
    open,
    put: (changes) => {
      open();
      const mine = pipe;
      if (!isPossible || mine === null) return Promise.resolve(null);
      const count = messagesOf(changes);
      if (sequence + count > lastSequence) sequence = 1;
      const { bytes, first, last } = writeBatch(changes, sequence);
      sequence += count;
      return new Promise((resolve) => {
        const late = setTimeout(() => {
          mine.close();
          lost(mine, 'the kernel did not confirm in time');
        }, answerTimeoutMs);
        const done = (result: Result<null> | null): void => {
          clearTimeout(late);
          resolve(result);
        };
        asking = { first, last, settle: done, errno: 0 };
        mine.send(bytes);
      });
    },
    close: () => {
      isPossible = false;
      pipe?.close();
    },
  };
}

function judge(errno: number): Result<null> {
  if (errno === 0) return ok(null);
  return failed(fault('kernel_refused', `the kernel refused entries: ${getSystemErrorName(-errno)}`));
}
