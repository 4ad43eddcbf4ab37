import { ok, quoteInput, type Result } from '../../base/index.ts';
import { parsePolicyTarget } from '../../destination/index.ts';
import { defaultTiers, type GrantList } from '../../policy/index.ts';
import { type ExceptionFault, refuse } from '../fault.ts';
import { isExact } from '../spec/tier-of.ts';

/**
 * What people sign when control is down: break-glass for one point. `nonce` is the point's own and used once; `to` is exactly one host and
 * port in canonical spelling; `notAfterMs` is an instant in epoch milliseconds.
 */
export interface OfflineDocument {
  readonly point: string;
  readonly nonce: string;
  readonly service: string;
  readonly identity: string | null;
  readonly to: string;
  readonly via: readonly string[];
  readonly notAfterMs: number;
  readonly bytesUp: number;
  readonly owner: string;
  readonly reason: string;
}

/** A document with signatures, each by an enrolled key (its id) in base64. The first signer is the one who declares. */
export interface SignedOfflineDocument {
  readonly document: OfflineDocument;
  readonly signatures: readonly { readonly key: string; readonly signature: string }[];
}

/** Verifies an Ed25519 signature. `publicKey` is SPKI in base64, `signature` base64. Anything malformed is false. */
export type VerifySignature = (publicKey: string, bytes: Uint8Array, signature: string) => boolean;

/** What a point, or control afterwards, verifies a document against. `keys` name one person for people who are linked. */
export interface OfflineExpectation {
  readonly point: string;
  readonly nonce: string;
  readonly nowMs: number;
  readonly offline: GrantList['offline'];
  readonly verify: VerifySignature;
}

/** More signatures than keys anybody enrolls would only cost time. */
const mostSignatures = 16;

/**
 * The bytes that are signed: a list in a fixed order with a first element of its own, so that they are those of nothing else.
 * INVARIANT: another document has other bytes.
 */
export function offlineBytes(document: OfflineDocument): Uint8Array {
  const { point, nonce, service, identity, to, via, notAfterMs, bytesUp, owner, reason } = document;
  return new TextEncoder().encode(
    JSON.stringify([
      'exeat-offline-break-glass-v1',
      point,
      nonce,
      service,
      identity,
      to,
      via,
      notAfterMs,
      bytesUp,
      owner,
      reason,
    ]),
  );
}

/**
 * Who signed a document that holds for this point and time: ids of people, who declares first. The boundary is not asked here: `decide`
 * refuses what is outside of it whatever a grant says. Faults: `offline_malformed`, `offline_refused`, `break_glass_wide`.
 */
export function verifyOffline(
  signed: SignedOfflineDocument,
  expected: OfflineExpectation,
): Result<readonly string[], ExceptionFault> {
  const refusal = findDocumentFault(signed.document, expected);
  if (refusal !== null) return refusal;
  if (signed.signatures.length > mostSignatures) return refuse('offline_malformed', 'it has more than 16 signatures');
  const bytes = offlineBytes(signed.document);
  const signers = new Set<string>();
  for (const { key: id, signature } of signed.signatures) {
    const key = expected.offline.keys.find((each) => each.id === id);
    if (key === undefined || !expected.verify(key.publicKey, bytes, signature))
      return refuse('offline_refused', `the signature of key ${quoteInput(id)} does not hold`);
    signers.add(key.person);
  }
  const needed = Math.max(2, expected.offline.quorum);
  if (signers.size >= needed) return ok([...signers]);
  return refuse('offline_refused', `it is signed by ${signers.size} people who are not linked, ${needed} are needed`);
}

function findDocumentFault(document: OfflineDocument, expected: OfflineExpectation): ReturnType<typeof refuse> | null {
  const { point, nonce, to, notAfterMs, bytesUp, reason } = document;
  if (point !== expected.point || nonce !== expected.nonce || nonce === '')
    return refuse('offline_refused', 'it is for another point, or for a nonce that was used');
  const { longestMs, maxBytesUp } = defaultTiers.breakGlass;
  if (!(notAfterMs > expected.nowMs && notAfterMs <= expected.nowMs + longestMs))
    return refuse('offline_refused', 'it is over, or lasts more than an hour');
  if (!(Number.isSafeInteger(bytesUp) && bytesUp >= 1 && bytesUp <= maxBytesUp))
    return refuse('offline_refused', '`bytesUp` must be 1 byte to 1 GiB');
  if (reason.trim().length < 10) return refuse('reason_missing');
  const target = parsePolicyTarget(to);
  if (!target.ok || target.value.canonical !== to) return refuse('offline_malformed', '`to` is not canonical');
  return isExact(target.value) ? null : refuse('break_glass_wide');
}

/** Reads a document with signatures from outside. Faults: `offline_malformed`. */
export function parseOffline(value: unknown): Result<SignedOfflineDocument, ExceptionFault> {
  const { document, signatures } = fieldsOf(value);
  const fields = fieldsOf(document);
  const wrong = Object.entries(fieldShapes).find(([name, isRight]) => !isRight(fields[name]));
  if (wrong !== undefined) return refuse('offline_malformed', `\`${wrong[0]}\` is missing or not of its type`);
  if (!isListOf(signatures, mostSignatures, isSignature))
    return refuse('offline_malformed', '`signatures` must list `key` and `signature`');
  const names = Object.keys(fieldShapes).map((name) => [name, fields[name]] as const);
  return ok({
    document: Object.fromEntries(names) as unknown as OfflineDocument,
    signatures: signatures.map(({ key, signature }) => ({ key, signature })),
  });
}

const fieldShapes: Readonly<Record<keyof OfflineDocument, (value: unknown) => boolean>> = {
  point: isText,
  nonce: isText,
  service: isText,
  identity: (value) => value === null || isText(value),
  to: isText,
  via: (value) => isListOf(value, 64, isText),
  notAfterMs: Number.isSafeInteger,
  bytesUp: Number.isSafeInteger,
  owner: isText,
  reason: isText,
};

function fieldsOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value.length <= 2_048;
}

function isListOf<T>(value: unknown, most: number, isRight: (each: unknown) => each is T): value is readonly T[] {
  return Array.isArray(value) && value.length <= most && value.every(isRight);
}

function isSignature(value: unknown): value is { readonly key: string; readonly signature: string } {
  const { key, signature } = fieldsOf(value);
  return isText(key) && isText(signature);
}
