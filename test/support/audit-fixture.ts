import { createHash, createPublicKey, generateKeyPairSync, sign, verify } from 'node:crypto';
import {
  createTreeHasher,
  createVerifierKey,
  type Entry,
  emptyEdge,
  encodeEntry,
  growTree,
  type LogFiles,
  type NoteSigner,
  renderVerifierKey,
  rootOfEdge,
  signCheckpoint,
  type TreeEdge,
  type TreeHasher,
  tilePath,
} from '../../src/audit/index.ts';

/** SHA-256 as the port has it. */
export function sha256(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(createHash('sha256').update(bytes).digest());
}

/** The hasher of every tree in tests. */
export const hasher: TreeHasher = createTreeHasher(sha256);

/** Whether an Ed25519 signature holds, by Node. */
export function checkSignature(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean {
  const x = Buffer.from(publicKey).toString('base64url');
  return verify(null, message, createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x }, format: 'jwk' }), signature);
}

/** A signer with a key of its own. */
export function createTestSigner(name = 'exeat/test'): NoteSigner {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  const raw = Buffer.from(publicKey.export({ format: 'jwk' }).x ?? '', 'base64url');
  const key = createVerifierKey(name, new Uint8Array(raw), sha256);
  return { key, sign: (message) => new Uint8Array(sign(null, message, privateKey)) };
}

/** Entry `seq`, a second after the one before; `details` tell logs apart. */
export function entryAt(seq: number, details: Entry['details'] = {}): Entry {
  const time = new Date(Date.parse('2026-11-22T09:30:00.000Z') + seq * 1000).toISOString();
  const actor = { kind: 'person', id: 'ana', via: 'token', credential: 'tok-1' } as const;
  return { v: 1, seq, time, actor, subject: `exception/${seq}`, action: 'exception.submitted', details };
}

/** The bytes of an entry. */
export function leafOf(entry: Entry): Uint8Array {
  const bytes = encodeEntry(entry);
  if (!bytes.ok) throw new TypeError(bytes.fault.message);
  return bytes.value;
}

/** `count` leaves. */
export function leavesOf(count: number, details: Entry['details'] = {}): readonly Uint8Array[] {
  return Array.from({ length: count }, (_, seq) => leafOf(entryAt(seq, details)));
}

/** A folder as it stands in memory: path to bytes. */
export type MemoryFolder = Map<string, Uint8Array>;

/** The tiles of leaves, put into a folder; partial ones of before stay. Gives the new edge. */
export function putTiles(folder: MemoryFolder, leaves: readonly Uint8Array[], edge: TreeEdge = emptyEdge): TreeEdge {
  const grown = growTree(edge, leaves, hasher);
  for (const { tile, bytes } of grown.tiles) folder.set(tilePath(tile), bytes);
  return grown.edge;
}

/** Signs the tree of an edge; the text of the checkpoint. */
export function signEdge(edge: TreeEdge, signer: NoteSigner): string {
  return signCheckpoint({ size: edge.size, root: rootOfEdge(edge.levels, hasher) }, signer);
}

/** A whole log in memory. */
export function buildLog(leaves: readonly Uint8Array[], signer: NoteSigner): MemoryFolder {
  const folder: MemoryFolder = new Map();
  const edge = putTiles(folder, leaves);
  folder.set('checkpoint', Buffer.from(signEdge(edge, signer)));
  folder.set('log.pub', Buffer.from(`${renderVerifierKey(signer.key)}\n`));
  return folder;
}

/** A memory folder behind the port of verification. */
export function memoryFiles(folder: ReadonlyMap<string, Uint8Array>): LogFiles {
  return {
    list: async function* () {
      yield* folder.keys();
    },
    read: async (path, maxBytes) => {
      const bytes = folder.get(path);
      if (bytes === undefined) return { kind: 'absent' };
      return bytes.length > maxBytes ? { kind: 'unreadable', why: 'it is too large' } : { kind: 'bytes', bytes };
    },
    lines: async function* (path) {
      const text = Buffer.from(folder.get(path) ?? []).toString('latin1');
      for (const line of text.split('\n').slice(0, -1)) yield Buffer.from(line, 'latin1');
      if (text !== '' && !text.endsWith('\n')) yield null;
    },
  };
}
