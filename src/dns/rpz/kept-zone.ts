import { createHash } from 'node:crypto';
import { open, readFile, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { type Fault, failed, fault, ok, type Result } from '../../base/index.ts';
import type { DnsRecord } from '../../wire/index.ts';
import { type PackedRecords, RecordPacker, unpackRecords } from './packed-records.ts';

/** A zone as it is kept on disk: its SOA, and every other record. */
export interface KeptZone {
  readonly soa: DnsRecord;
  readonly records: PackedRecords;
  /** When the primary last said that this is its zone, epoch milliseconds. */
  readonly checkedAtMs: number;
}

const format = 'exeat-zone/1';
const maxHeadBytes = 4096;
const hashStepBytes = 4 * 1024 * 1024;
const lineFeed = 0x0a;

/** The file of a zone in a state folder. Letters, digits, hyphens and dots of the origin stay, everything else is escaped. */
export function keptPathOf(folder: string, origin: string): string {
  const name = origin.replace(
    /[^a-z0-9.-]/g,
    (character) => `%${character.charCodeAt(0).toString(16).padStart(2, '0')}`,
  );
  // The longest name that a file may have is 255 bytes; a longer origin is told by its digest.
  const short = name.length <= 200 ? name : createHash('sha256').update(origin).digest('hex');
  return join(folder, `rpz-${short === '' ? 'root' : short}.zone`);
}

/** Puts a zone in the place of its file: beside it, forced to disk, renamed. Fault: `zone_not_kept`. */
export async function keepZone(path: string, zone: KeptZone): Promise<Result<void>> {
  const temporary = `${path}.new`;
  try {
    const body = bodyOf(zone);
    const digest = await digestOf(body);
    const head = { format, checkedAtMs: zone.checkedAtMs, records: body.count, digest };
    const file = await open(temporary, 'w', 0o600);
    try {
      await file.writeFile(`${JSON.stringify(head)}\n`);
      await file.writeFile(body.bytes);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, path);
    return ok(undefined);
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => undefined);
    return failed(fault('zone_not_kept', `\`${path}\` cannot be written: ${codeOf(error)}`));
  }
}

/** The zone that a file keeps, or null when there is no file. Faults: `zone_unreadable`, `zone_damaged` (its digest does not fit). */
export async function readKeptZone(path: string, maxBytes: number): Promise<Result<KeptZone | null>> {
  let bytes: Buffer;
  try {
    const { size } = await stat(path);
    if (size > maxBytes + maxHeadBytes) return failed(fault('zone_damaged', `\`${path}\` is too large`));
    bytes = await readFile(path);
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return ok(null);
    return failed(fault('zone_unreadable', `\`${path}\` cannot be read: ${codeOf(error)}`));
  }
  const zone = await readBytes(bytes);
  return zone === null ? failed(damaged(path)) : ok(zone);
}

async function readBytes(bytes: Buffer): Promise<KeptZone | null> {
  const end = bytes.subarray(0, maxHeadBytes).indexOf(lineFeed);
  const head = end < 0 ? null : readHead(bytes.toString('utf8', 0, end));
  if (head === null) return null;
  const body = { bytes: bytes.subarray(end + 1), count: head.records };
  if ((await digestOf(body)) !== head.digest) return null;
  // The SOA stands first; the rest shares its bytes.
  const soa = unpackRecords(body).next().value;
  if (!soa) return null;
  const rest = body.bytes.subarray(soa.data.byteOffset - body.bytes.byteOffset + soa.data.length);
  return { soa, records: { bytes: rest, count: head.records - 1 }, checkedAtMs: head.checkedAtMs };
}

interface KeptHead {
  readonly checkedAtMs: number;
  readonly records: number;
  readonly digest: string;
}

function readHead(text: string): KeptHead | null {
  try {
    const head: unknown = JSON.parse(text);
    if (typeof head !== 'object' || head === null) return null;
    const { format: found, checkedAtMs, records, digest } = head as Record<string, unknown>;
    if (found !== format || typeof checkedAtMs !== 'number' || typeof records !== 'number') return null;
    return typeof digest === 'string' ? { checkedAtMs, records, digest } : null;
  } catch {
    return null;
  }
}

function bodyOf(zone: KeptZone): PackedRecords {
  const packer = new RecordPacker(Number.MAX_SAFE_INTEGER);
  packer.add(zone.soa);
  const soa = packer.finish();
  return { bytes: Buffer.concat([soa.bytes, zone.records.bytes]), count: zone.records.count + 1 };
}

// In steps: a digest of 100 MB takes longer than an answer may wait.
async function digestOf({ bytes }: PackedRecords): Promise<string> {
  const hash = createHash('sha256');
  for (let at = 0; at < bytes.length; at += hashStepBytes) {
    hash.update(bytes.subarray(at, at + hashStepBytes));
    await setImmediate();
  }
  return hash.digest('hex');
}

function damaged(path: string): Fault {
  return fault('zone_damaged', `\`${path}\` is damaged: it is asked for again`);
}

function codeOf(error: unknown): string {
  return (error as NodeJS.ErrnoException).code ?? 'unknown';
}
