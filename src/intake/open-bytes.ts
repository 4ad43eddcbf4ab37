import { type FileHandle, open, stat } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import { failed, fault, ok, type Result } from '../base/index.ts';
import { type Compression, inflateBytes } from './inflate-bytes.ts';

/** The bytes of a source as they are inside of their compression. */
export interface SourceBytes {
  /** A piece is good until the next one is asked for: its memory may be used again. Throws where the input cannot be read or is broken, after everything before that. Read to its end or returned, it closes the file. */
  readonly pieces: AsyncGenerator<Buffer>;
  readonly compression: 'none' | Compression;
  /** Size on disk; null for standard input. */
  readonly totalBytes: number | null;
  /** Bytes taken from the disk so far, for progress. */
  readBytes(): number;
}

/** Large reads: a log of gigabytes is read once, from front to back. */
const readSizeBytes = 1024 * 1024;

/**
 * Opens a file, or standard input for `-`, and undoes gzip and zstd by their magic numbers, whatever the name says.
 * Faults: `source_unreadable`, `compression_unknown` (bzip2, xz, zip), `source_parquet` (to be read by the lake).
 */
export async function openBytes(path: string, stdin: Readable): Promise<Result<SourceBytes>> {
  try {
    return path === '-' ? await openStdin(stdin) : await openFile(path);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    const what = path === '-' ? 'standard input' : `\`${path}\``;
    return failed(fault('source_unreadable', `${what} cannot be read (${code ?? message})`));
  }
}

async function openFile(path: string): Promise<Result<SourceBytes>> {
  const status = await stat(path);
  if (status.isDirectory()) {
    return failed(fault('source_unreadable', `folder \`${path}\` cannot be listed, make it readable for this user`));
  }
  if (!status.isFile()) {
    // A pipe nobody writes to would hold everything up, and a device has no end.
    const mend = 'a pipe, socket or device: pipe what it gives into `exeat flows ingest -`';
    return failed(fault('source_unreadable', `\`${path}\` is no file but ${mend}`));
  }
  const file = await open(path);
  const head = Buffer.alloc(headBytes);
  await file.read(head, 0, headBytes, 0);
  const kind = kindOf(head);
  if (kind.fault === null) return ok(readFrom(readFile(file), [], kind.compression, status.size));
  await file.close();
  return failed(fault(kind.fault.code, `\`${path}\` ${kind.fault.says}`));
}

// One buffer is read into again and again: gigabytes make no garbage.
async function* readFile(file: FileHandle): AsyncGenerator<Buffer> {
  try {
    const buffer = Buffer.allocUnsafeSlow(readSizeBytes);
    for (let at = 0; ; ) {
      const { bytesRead } = await file.read(buffer, 0, buffer.length, at);
      if (bytesRead === 0) return;
      at += bytesRead;
      yield buffer.subarray(0, bytesRead);
    }
  } finally {
    await file.close();
  }
}

/** What magic numbers need. */
const headBytes = 8;

async function openStdin(stdin: Readable & { readonly isTTY?: boolean }): Promise<Result<SourceBytes>> {
  if (stdin.isTTY === true) {
    return failed(fault('source_unreadable', 'standard input is a terminal: pipe a log in, or name a file'));
  }
  // A pipe may give one byte at first.
  const first: Buffer[] = [];
  let size = 0;
  const source = (stdin as AsyncIterable<Buffer>)[Symbol.asyncIterator]();
  while (size < headBytes) {
    const { value, done } = await source.next();
    if (done === true) break;
    first.push(value);
    size += value.length;
  }
  const kind = kindOf(Buffer.concat(first));
  if (kind.fault !== null) return failed(fault(kind.fault.code, `standard input ${kind.fault.says}`));
  return ok(readFrom({ [Symbol.asyncIterator]: () => source }, first, kind.compression, null));
}

interface ByteKind {
  readonly compression: SourceBytes['compression'];
  readonly fault: { readonly code: string; readonly says: string } | null;
}

const unknownCompressions: readonly { readonly magic: readonly number[]; readonly name: string }[] = [
  { magic: [0x42, 0x5a, 0x68], name: 'bzip2' },
  { magic: [0xfd, 0x37, 0x7a, 0x58, 0x5a], name: 'xz' },
  { magic: [0x50, 0x4b, 3, 4], name: 'zip' },
];

function kindOf(head: Uint8Array): ByteKind {
  const has = (...magic: readonly number[]): boolean => magic.every((byte, index) => head[index] === byte);
  if (has(0x1f, 0x8b)) return { compression: 'gzip', fault: null };
  if (has(0x28, 0xb5, 0x2f, 0xfd)) return { compression: 'zstd', fault: null };
  if (has(0x50, 0x41, 0x52, 0x31))
    return { compression: 'none', fault: { code: 'source_parquet', says: 'is Parquet' } };
  const unknown = unknownCompressions.find(({ magic }) => has(...magic));
  if (unknown === undefined) return { compression: 'none', fault: null };
  const says = `is compressed with ${unknown.name}: unpack it and pipe it in, gzip and zstd are read as they are`;
  return { compression: 'none', fault: { code: 'compression_unknown', says } };
}

function readFrom(
  raw: AsyncIterable<Buffer>,
  first: readonly Buffer[],
  compression: SourceBytes['compression'],
  totalBytes: number | null,
): SourceBytes {
  let read = 0;
  async function* counted(): AsyncGenerator<Buffer> {
    for (const piece of first) {
      read += piece.length;
      yield piece;
    }
    for await (const piece of raw) {
      read += piece.length;
      yield piece;
    }
  }
  const pieces = compression === 'none' ? counted() : inflateBytes(counted(), compression);
  return { pieces, compression, totalBytes, readBytes: () => read };
}
