import { createHash, type KeyObject, sign, verify } from 'node:crypto';
import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { type Fault, failed, fault, ok, type Result } from '../base/index.ts';
import { replaceFile } from './replace-file.ts';

/** What can be wrong with a signed file, to be read after its word: `snapshot_unreadable`, `grants_malformed`. */
export type SignedTrouble =
  | 'unreadable'
  | 'malformed'
  | 'too_large'
  | 'signature_invalid'
  | 'rolled_back'
  | 'load_failed';

/** A fault of a signed file: names the file and the mend. */
export type SignedFault<W extends string> = Fault<`${W}_${SignedTrouble}`>;

/** A kind of signed file. */
export interface SignedKind<W extends string> {
  /** Its name in codes and messages. */
  readonly word: W;
  /** Its first 8 bytes. They also keep a signature from being used for anything else. */
  readonly magic: Uint8Array;
  /** The bounds keep a damaged length from taking the memory of the machine. */
  readonly maxHeaderBytes: number;
  readonly maxBodyBytes: number;
}

/** A signed file that was read and whose signature holds. The body lies in memory that other threads can share. */
export interface SignedFile {
  /** JSON. */
  readonly header: Buffer;
  readonly body: Uint8Array<SharedArrayBuffer>;
  /** 64 bytes; the same for the same content (RFC 8032 is deterministic). */
  readonly signature: Buffer;
}

/** The layout that this version writes and reads. */
export const signedFormat = 1;
/** Bytes before the header: magic, format, length of header, length of body. */
export const preambleBytes = 24;
/** Ed25519 (RFC 8032). */
const signatureBytes = 64;
const chunkBytes = 4 * 1024 * 1024;

/**
 * Writes a signed file in the place of the last one, and gives its length in bytes. `limits` says what to do about one that is too large.
 * Faults: `…_too_large`, `…_unreadable` (with the system's code).
 */
export async function writeSignedFile<W extends string>(
  kind: SignedKind<W>,
  file: { readonly path: string; readonly header: object; readonly body: Uint8Array; readonly signingKey: KeyObject },
  limits: string,
): Promise<Result<number, SignedFault<W>>> {
  const { path, header, body, signingKey } = file;
  const json = Buffer.from(JSON.stringify(header));
  if (preambleBytes + json.length > kind.maxHeaderBytes || body.length > kind.maxBodyBytes) {
    return failed(trouble(kind, 'too_large', `${kind.word} \`${path}\` would be larger than a point reads, ${limits}`));
  }
  const head = encodeHead(kind, json, body.length);
  const signature = sign(null, signedBytes(head, createHash('sha256').update(body).digest()), signingKey);
  try {
    await replaceFile(path, [head, signature, body]);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? 'unknown';
    const says = `${kind.word} \`${path}\` cannot be written (${code}), mend its folder or free the disk`;
    return failed(trouble(kind, 'unreadable', says));
  }
  return ok(head.length + signature.length + body.length);
}

/**
 * Reads a whole signed file and checks it: layout, exact length, signature. Blocks its thread; run in a worker. `take` reads the header and
 * the body once the signature holds. Faults: every one but `…_load_failed`. Never throws.
 */
export function readSignedFile<W extends string, T>(
  path: string,
  kind: SignedKind<W>,
  publicKey: KeyObject,
  take: (file: SignedFile) => Result<T, SignedFault<W>>,
): Result<T, SignedFault<W>> {
  let fd: number;
  try {
    fd = openSync(path, 'r');
  } catch (error) {
    return failed(unreadable(path, kind, error));
  }
  try {
    const read = readOpen(fd, kind, publicKey);
    return about(path, kind, read.ok ? take(read.value) : read);
  } catch (error) {
    return failed(unreadable(path, kind, error));
  } finally {
    closeSync(fd);
  }
}

/** Makes a fault of a kind of file. */
export function trouble<W extends string>(kind: SignedKind<W>, what: SignedTrouble, message: string): SignedFault<W> {
  return fault(`${kind.word}_${what}`, message);
}

function unreadable<W extends string>(path: string, kind: SignedKind<W>, error: unknown): SignedFault<W> {
  const why = (error as NodeJS.ErrnoException).code ?? (error as Error).message;
  return trouble(
    kind,
    'unreadable',
    `${kind.word} \`${path}\` cannot be read (${why}): start control, which writes it`,
  );
}

/** Says which file it is, and what to do: nearly everything is mended by writing it again. */
function about<W extends string, T>(
  path: string,
  kind: SignedKind<W>,
  outcome: Result<T, SignedFault<W>>,
): Result<T, SignedFault<W>> {
  if (outcome.ok) return outcome;
  const { code, message } = outcome.fault;
  return failed(
    fault(code, `${kind.word} \`${path}\` ${message}: the last good one stays, let control write it again`),
  );
}

function encodeHead<W extends string>(kind: SignedKind<W>, json: Buffer, bodyBytes: number): Buffer {
  const head = Buffer.alloc(preambleBytes + json.length);
  head.set(kind.magic, 0);
  head.writeUInt32LE(signedFormat, 8);
  head.writeUInt32LE(json.length, 12);
  head.writeBigUInt64LE(BigInt(bodyBytes), 16);
  head.set(json, preambleBytes);
  return head;
}

interface Layout {
  readonly headerBytes: number;
  readonly bodyBytes: number;
}

function parsePreamble<W extends string>(kind: SignedKind<W>, bytes: Buffer): Result<Layout, SignedFault<W>> {
  if (bytes.length < preambleBytes || !bytes.subarray(0, 8).equals(kind.magic)) {
    return failed(trouble(kind, 'malformed', `is not a ${kind.word} file`));
  }
  const format = bytes.readUInt32LE(8);
  if (format !== signedFormat) {
    return failed(trouble(kind, 'malformed', `has format \`${format}\`, this version reads ${signedFormat}`));
  }
  const headerBytes = bytes.readUInt32LE(12);
  const bodyBytes = bytes.readBigUInt64LE(16);
  if (headerBytes > kind.maxHeaderBytes || bodyBytes > BigInt(kind.maxBodyBytes)) {
    return failed(trouble(kind, 'too_large', `says that it is larger than any ${kind.word} file may be`));
  }
  return ok({ headerBytes, bodyBytes: Number(bodyBytes) });
}

function readOpen<W extends string>(
  fd: number,
  kind: SignedKind<W>,
  publicKey: KeyObject,
): Result<SignedFile, SignedFault<W>> {
  const layout = parsePreamble(kind, readExactly(fd, 0, Math.min(preambleBytes, fstatSync(fd).size)));
  if (!layout.ok) return layout;
  const { headerBytes, bodyBytes } = layout.value;
  const headLength = preambleBytes + headerBytes;
  // Checked before anything is allocated: a length that is not the file's is a cut or grown file.
  if (fstatSync(fd).size !== headLength + signatureBytes + bodyBytes) {
    return failed(trouble(kind, 'malformed', 'is shorter or longer than it says'));
  }
  const head = readExactly(fd, 0, headLength);
  const signature = readExactly(fd, headLength, signatureBytes);
  const { body, digest } = readBody(fd, headLength + signatureBytes, bodyBytes);
  // Nothing inside the header is looked at before the signature holds.
  if (!isSigned(signedBytes(head, digest), signature, publicKey)) {
    return failed(trouble(kind, 'signature_invalid', 'is not signed by the key of this state, or was changed'));
  }
  return ok({ header: head.subarray(preambleBytes), body, signature });
}

function readExactly(fd: number, position: number, length: number): Buffer {
  const bytes = Buffer.alloc(length);
  const read = readSync(fd, bytes, 0, length, position);
  if (read !== length) throw new TypeError('it ended early');
  return bytes;
}

/** Read in chunks that are hashed and copied: what is checked is what is used, even if the file changes meanwhile. */
function readBody(fd: number, position: number, length: number): { body: SignedFile['body']; digest: Buffer } {
  const body = new Uint8Array(new SharedArrayBuffer(length));
  const hash = createHash('sha256');
  for (let done = 0; done < length; ) {
    const chunk = readExactly(fd, position + done, Math.min(chunkBytes, length - done));
    hash.update(chunk);
    body.set(chunk, done);
    done += chunk.length;
  }
  return { body, digest: hash.digest() };
}

/** What the signature covers. */
function signedBytes(head: Uint8Array, digest: Uint8Array): Buffer {
  return Buffer.concat([head, digest]);
}

function isSigned(bytes: Buffer, signature: Buffer, publicKey: KeyObject): boolean {
  return publicKey.asymmetricKeyType === 'ed25519' && verify(null, bytes, publicKey, signature);
}
