import { createReadStream } from 'node:fs';
import { open, stat } from 'node:fs/promises';
import { pipeline, type Readable, Transform } from 'node:stream';
import { createGunzip, createZstdDecompress } from 'node:zlib';
import { failed, fault, ok, type Result } from '../base/index.ts';

/** The bytes of a source as they are inside of their compression. */
export interface SourceBytes {
  readonly stream: Readable;
  readonly compression: 'none' | 'gzip' | 'zstd';
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
  if (path === '-') return openStdin(stdin);
  try {
    const { size } = await stat(path);
    const file = await open(path);
    const head = Buffer.alloc(8);
    await file.read(head, 0, 8, 0);
    await file.close();
    const kind = kindOf(head);
    if (kind.fault !== null) return failed(fault(kind.fault.code, `\`${path}\` ${kind.fault.says}`));
    return ok(decompress(createReadStream(path, { highWaterMark: readSizeBytes }), kind.compression, size));
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    return failed(fault('source_unreadable', `\`${path}\` cannot be read (${code ?? message})`));
  }
}

async function openStdin(stdin: Readable): Promise<Result<SourceBytes>> {
  const first = await firstPiece(stdin);
  const kind = kindOf(first);
  if (kind.fault !== null) return failed(fault(kind.fault.code, `standard input ${kind.fault.says}`));
  if (first.length > 0) stdin.unshift(first);
  return ok(decompress(stdin, kind.compression, null));
}

function firstPiece(stream: Readable): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const onReadable = (): void => {
      const piece = stream.read() as Buffer | null;
      if (piece === null) return;
      finish();
      resolve(piece);
    };
    const onEnd = (): void => {
      finish();
      resolve(Buffer.alloc(0));
    };
    const onError = (error: Error): void => {
      finish();
      reject(error);
    };
    const finish = (): void => {
      stream.off('readable', onReadable).off('end', onEnd).off('error', onError);
    };
    stream.on('readable', onReadable).on('end', onEnd).on('error', onError);
  });
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

function decompress(raw: Readable, compression: SourceBytes['compression'], totalBytes: number | null): SourceBytes {
  let read = 0;
  const counter = new Transform({
    highWaterMark: readSizeBytes,
    transform: (piece: Buffer, _, done) => {
      read += piece.length;
      done(null, piece);
    },
  });
  const readBytes = (): number => read;
  // Errors reach the reader of the last stream; the callback is there because `pipeline` asks for one.
  const ignore = (): void => undefined;
  if (compression === 'none') return { stream: pipeline(raw, counter, ignore), compression, totalBytes, readBytes };
  const inflate =
    compression === 'gzip' ? createGunzip({ chunkSize: 256 * 1024 }) : createZstdDecompress({ chunkSize: 256 * 1024 });
  return { stream: pipeline(raw, counter, inflate, ignore), compression, totalBytes, readBytes };
}
