import { readFile, stat } from 'node:fs/promises';
import { type Fault, failed, fault, ok, type Result } from '../../base/index.ts';
import { lowerName } from '../../wire/index.ts';
import { createZoneReader } from '../zones/zone-reader.ts';
import { goThrough } from './build-zone.ts';
import type { RpzSource } from './rpz-source.ts';
import { type RpzZone, RpzZoneBuilder } from './rpz-zone.ts';

/** Which policy zone is read from where. */
export interface FileZoneOptions {
  readonly path: string;
  /** What relative names of the file stand below, until it says so itself; without a last dot. */
  readonly origin: string;
  /** Told of each new version, when it is in force. Default: nobody. */
  readonly onZone?: (zone: RpzZone) => void;
  /** How often the file is looked at, in milliseconds. Default: 5000. */
  readonly pollMs?: number;
}

const defaultPollMs = 5000;
/** From the public lists; only how often a table grows while it is filled depends on it. */
const usualLineBytes = 48;
const maxFileBytes = 256 * 1024 * 1024;

/**
 * A policy zone in a file, read at once and whenever the file has another time, size or inode. A file that cannot be read, has a fault, or
 * is being written while it is read changes nothing but `problem()`: put new versions in place by a rename.
 */
export function createFileZone(options: FileZoneOptions): RpzSource {
  const stopping = new AbortController();
  let zone: RpzZone | null = null;
  let trouble: Fault | null = null;
  let seen = '';
  let running: Promise<void> | null = null;
  const turn = async (): Promise<void> => {
    const looked = await lookAt(options, seen, stopping.signal);
    if (looked === null || stopping.signal.aborted) return;
    seen = looked.signature;
    trouble = looked.read.ok ? null : looked.read.fault;
    if (!looked.read.ok) return;
    zone = looked.read.value;
    options.onZone?.(zone);
  };
  const look = (): void => {
    running ??= turn().finally(() => {
      running = null;
    });
  };
  const poll = setInterval(look, options.pollMs ?? defaultPollMs);
  poll.unref();
  look();
  return {
    current: () => zone,
    problem: () => trouble ?? (zone === null ? fault('zone_missing', `\`${options.path}\` is not read yet`) : null),
    close: async () => {
      clearInterval(poll);
      stopping.abort();
      await running;
    },
  };
}

interface Look {
  readonly signature: string;
  readonly read: Result<RpzZone>;
}

// Null: there is nothing new, or it is being written and the next look will find it whole.
async function lookAt(options: FileZoneOptions, seen: string, signal: AbortSignal): Promise<Look | null> {
  const before = await signatureOf(options.path);
  if (!before.ok) return { signature: '', read: before };
  if (before.value === seen) return null;
  const read = await readZone(options, signal);
  const after = await signatureOf(options.path);
  return after.ok && after.value !== before.value ? null : { signature: before.value, read };
}

async function signatureOf(path: string): Promise<Result<string>> {
  try {
    const { mtimeMs, size, ino } = await stat(path);
    if (size > maxFileBytes) return failed(fault('zone_too_large', `\`${path}\` has more than ${maxFileBytes} bytes`));
    return ok(`${mtimeMs} ${size} ${ino}`);
  } catch (error) {
    return failed(unreadable(path, error));
  }
}

async function readZone({ path, origin }: FileZoneOptions, signal: AbortSignal): Promise<Result<RpzZone>> {
  let bytes: Buffer;
  try {
    bytes = await readFile(path, { signal });
  } catch (error) {
    return failed(unreadable(path, error));
  }
  const builder = new RpzZoneBuilder(lowerName(origin), Math.ceil(bytes.length / usualLineBytes));
  const reader = createZoneReader({ origin, path, onRecord: (record) => builder.add(record) });
  let read: Result<void> = ok(undefined);
  const take = (line: string): void => {
    if (read.ok) read = reader.readLine(line);
  };
  await goThrough(linesIn(bytes), take, signal);
  const ended = read.ok ? reader.end() : read;
  if (!ended.ok) return ended;
  const zone = builder.finish();
  return zone === null ? failed(fault('zone_malformed', `${path}: the zone has no SOA record`)) : ok(zone);
}

function* linesIn(bytes: Buffer): Generator<string, void> {
  let start = 0;
  while (start < bytes.length) {
    const found = bytes.indexOf(0x0a, start);
    const end = found < 0 ? bytes.length : found;
    yield bytes.toString('utf8', start, end);
    start = end + 1;
  }
}

function unreadable(path: string, error: unknown): Fault {
  return fault('zone_unreadable', `\`${path}\` cannot be read: ${(error as NodeJS.ErrnoException).code ?? 'unknown'}`);
}
