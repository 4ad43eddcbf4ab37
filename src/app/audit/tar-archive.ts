import { gzipSync } from 'node:zlib';

/** One file of an archive. */
export interface ArchivedFile {
  readonly name: string;
  readonly bytes: Uint8Array;
}

const blockBytes = 512;
// Read by its owner only, as everything that Exeat writes: an answer says who may reach what.
const fileMode = 0o600;
const mostNameBytes = 100;

/**
 * Files in one folder as a gzipped tar (POSIX.1-1988 ustar, which every tar reads). Names are of ours: ASCII, at most 100 bytes with the
 * folder.
 */
export function archive(folder: string, files: readonly ArchivedFile[], atMs: number): Uint8Array {
  const parts = files.flatMap(({ name, bytes }) => {
    const padding = new Uint8Array((blockBytes - (bytes.length % blockBytes)) % blockBytes);
    return [headerOf(`${folder}/${name}`, bytes.length, atMs), bytes, padding];
  });
  return gzipSync(Buffer.concat([...parts, new Uint8Array(2 * blockBytes)]));
}

function headerOf(path: string, size: number, atMs: number): Uint8Array {
  if (!/^[\x21-\x7e]+$/.test(path) || path.length > mostNameBytes)
    throw new TypeError(`"name" \`${path}\` fits no tar`);
  const header = Buffer.alloc(blockBytes);
  const put = (text: string, at: number): void => void header.write(text, at, 'latin1');
  const octal = (value: number, digits: number): string => `${value.toString(8).padStart(digits, '0')}\0`;
  put(path, 0);
  put(octal(fileMode, 7), 100);
  put(octal(0, 7), 108);
  put(octal(0, 7), 116);
  put(octal(size, 11), 124);
  put(octal(Math.floor(atMs / 1000), 11), 136);
  put('0', 156);
  put('ustar\0' + '00', 257);
  // The sum is taken with blanks in its own place.
  put(' '.repeat(8), 148);
  const sum = header.reduce((total, byte) => total + byte, 0);
  put(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
  return header;
}
