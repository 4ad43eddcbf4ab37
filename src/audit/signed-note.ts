import { type Digest, decodeBase64, encodeBase64, type Fault, failed, fault, ok, type Result } from '../base/index.ts';
import { isSameBytes, joinBytes } from './tree-hasher.ts';

/** A key that checks notes (C2SP signed-note, Ed25519). `keyId` is 4 bytes, made of name and key; `publicKey` is 32. */
export interface VerifierKey {
  readonly name: string;
  readonly keyId: Uint8Array;
  readonly publicKey: Uint8Array;
}

/** What signs notes. The private half stays behind `sign`, which gives the 64 bytes of an Ed25519 signature. */
export interface NoteSigner {
  readonly key: VerifierKey;
  readonly sign: (message: Uint8Array) => Uint8Array;
}

/** Whether an Ed25519 signature over a message holds. A port: pure rooms have no cryptography. */
export type CheckSignature = (publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array) => boolean;

/** A text with what it was signed by. `body` ends with a line feed. */
export interface Note {
  readonly body: string;
  readonly signatures: readonly NoteSignature[];
}

/** One signature of a note: 4 bytes of key id and the signature itself. */
export interface NoteSignature {
  readonly name: string;
  readonly keyId: Uint8Array;
  readonly signature: Uint8Array;
}

/** The algorithm byte of Ed25519 in a verifier key. */
const ed25519 = 1;
const keyForm = /^(?<name>[^\s+]{1,255})\+(?<id>[0-9a-f]{8})\+(?<key>[A-Za-z0-9+/=]+)$/u;
const signatureForm = /^— (?<name>[^\s+]{1,255}) (?<bytes>[A-Za-z0-9+/=]+)$/u;
const encoder = new TextEncoder();

/** Makes the verifier key of a name and an Ed25519 public key of 32 bytes. */
export function createVerifierKey(name: string, publicKey: Uint8Array, digest: Digest): VerifierKey {
  const named = joinBytes([encoder.encode(`${name}\n`), Uint8Array.of(ed25519), publicKey]);
  return { name, keyId: digest(named).slice(0, 4), publicKey };
}

/** A verifier key as text: `exeat/0f3c…+1a2b3c4d+AQ…`. */
export function renderVerifierKey({ name, keyId, publicKey }: VerifierKey): string {
  const id = Array.from(keyId, (byte) => byte.toString(16).padStart(2, '0')).join('');
  return `${name}+${id}+${encodeBase64(joinBytes([Uint8Array.of(ed25519), publicKey]))}`;
}

/** Reads a verifier key; spaces around it do not count. Fault: `key_malformed`. */
export function parseVerifierKey(text: string, digest: Digest): Result<VerifierKey, Fault<'key_malformed'>> {
  const groups = keyForm.exec(text.trim())?.groups;
  const bytes = decodeBase64(groups?.['key'] ?? '');
  if (groups === undefined || bytes === null || bytes.length !== 33 || bytes[0] !== ed25519) {
    return failed(fault('key_malformed', 'it is no Ed25519 verifier key, as `log.pub` holds one'));
  }
  const key = createVerifierKey(groups['name'] ?? '', bytes.slice(1), digest);
  return renderVerifierKey(key) === text.trim()
    ? ok(key)
    : failed(fault('key_malformed', 'the id in it is not that of its name and key'));
}

/** Signs a text that ends with a line feed, as a note. */
export function signNote(body: string, { key, sign }: NoteSigner): string {
  const signature = sign(encoder.encode(body));
  return renderNote({ body, signatures: [{ name: key.name, keyId: key.keyId, signature }] });
}

/** A note as text: the body, an empty line, a line for each signature. */
export function renderNote({ body, signatures }: Note): string {
  const lines = signatures.map((one) => `— ${one.name} ${encodeBase64(joinBytes([one.keyId, one.signature]))}\n`);
  return `${body}\n${lines.join('')}`;
}

/** Reads a note. Fault: `note_malformed`. */
export function parseNote(text: string): Result<Note, Fault<'note_malformed'>> {
  const end = text.lastIndexOf('\n\n');
  const lines = text.slice(end + 2).split('\n');
  if (end <= 0 || lines.pop() !== '' || lines.length === 0)
    return failed(fault('note_malformed', 'it is no signed note'));
  const signatures = lines.map(parseSignature);
  if (signatures.some((one) => one === null))
    return failed(fault('note_malformed', 'a signature in it cannot be read'));
  return ok({ body: text.slice(0, end + 1), signatures: signatures.filter((one) => one !== null) });
}

function parseSignature(line: string): NoteSignature | null {
  const groups = signatureForm.exec(line)?.groups;
  const bytes = decodeBase64(groups?.['bytes'] ?? '');
  if (groups === undefined || bytes === null || bytes.length < 5) return null;
  return { name: groups['name'] ?? '', keyId: bytes.slice(0, 4), signature: bytes.slice(4) };
}

/** Whether a note is signed by a key; signatures of others are passed over, as C2SP says. */
export function isSignedBy(note: Note, key: VerifierKey, check: CheckSignature): boolean {
  const message = encoder.encode(note.body);
  return note.signatures.some(
    (one) =>
      one.name === key.name &&
      isSameBytes(one.keyId, key.keyId) &&
      one.signature.length === 64 &&
      check(key.publicKey, message, one.signature),
  );
}
