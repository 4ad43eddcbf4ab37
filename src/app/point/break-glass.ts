import { createPublicKey, randomBytes, timingSafeEqual, verify } from 'node:crypto';
import { type Fault, failed, fault, ok, type Result } from '../../base/index.ts';
import { parsePolicyTarget } from '../../destination/index.ts';
import type { GrantList } from '../../policy/index.ts';

/** What people sign to open one destination at one point while control is down, as canonical JSON (RFC 8785) in UTF-8. */
export interface BreakGlassDocument {
  readonly kind: 'exeat-break-glass';
  readonly v: 1;
  readonly point: string;
  readonly nonce: string;
  readonly service: string;
  /** One host and one port. */
  readonly to: string;
  readonly reason: string;
  readonly durationMs: number;
  readonly bytesUp: number;
}

/** A document with who signed it. Signatures are Ed25519, base64; `key` is the id of an enrolled key. */
export interface SignedBreakGlass {
  readonly document: string;
  readonly signatures: readonly { readonly key: string; readonly signature: string }[];
}

/** What was checked and holds. */
export interface CheckedBreakGlass {
  readonly document: BreakGlassDocument;
  /** Whose keys signed, sorted. */
  readonly people: readonly string[];
}

/** Nonces that were given out, each good for one use within 10 minutes. */
export interface Nonces {
  issue(nowMs: number): string;
  /** Whether a nonce may be used; it is used then. */
  use(nonce: string, nowMs: number): boolean;
}

/** The longest time that an offline break-glass lasts, and the most that it may carry up. */
export const longestBreakGlassMs: number = 60 * 60_000;
/** The most bytes that an offline break-glass may carry up. */
export const mostBreakGlassBytes: number = 1024 * 1024 * 1024;

const nonceLifeMs = 10 * 60_000;
const mostNonces = 64;
const mostSignatures = 32;
const longestDocument = 8_192;
/** One person alone never opens anything, whatever a list says. */
const leastQuorum = 2;

/** Makes the memory of nonces; the oldest goes where too many are asked for. */
export function createNonces(): Nonces {
  const open = new Map<string, number>();
  return {
    issue: (nowMs) => {
      const [oldest] = open.keys();
      if (open.size >= mostNonces && oldest !== undefined) open.delete(oldest);
      const nonce = randomBytes(16).toString('hex');
      open.set(nonce, nowMs + nonceLifeMs);
      return nonce;
    },
    use: (nonce, nowMs) => {
      const found = [...open].find(([each]) => isEqual(each, nonce));
      if (found === undefined) return false;
      open.delete(found[0]);
      return nowMs < found[1];
    },
  };
}

/**
 * Checks a signed document: its shape and bounds, the point that it is for, and enough signatures by keys of different people. The nonce is
 * left to the caller, who uses it up last. Faults: `break_glass_malformed`, `break_glass_elsewhere`, `break_glass_unsigned`.
 */
export function checkBreakGlass(
  signed: SignedBreakGlass,
  pointId: string,
  signers: GrantList['offline'] | null,
): Result<CheckedBreakGlass, Fault> {
  const document = readBreakGlassDocument(signed.document);
  if (!document.ok) return document;
  if (document.value.point !== pointId) {
    return failed(fault('break_glass_elsewhere', 'it was signed for another point, sign the challenge of this one'));
  }
  if (signers === null) return failed(fault('break_glass_unsigned', 'no keys are enrolled at this point'));
  const people = peopleOf(signed, signers);
  const quorum = Math.max(leastQuorum, signers.quorum);
  if (people.length < quorum) {
    const says = `${people.length} of ${quorum} people have signed it with enrolled keys, have more of them sign`;
    return failed(fault('break_glass_unsigned', says));
  }
  return ok({ document: document.value, people });
}

/** Reads the body of `break-glass-apply`. Faults: `break_glass_malformed`. */
export function parseSignedBreakGlass(body: unknown): Result<SignedBreakGlass, Fault> {
  const { document, signatures } = (body ?? {}) as { readonly document?: unknown; readonly signatures?: unknown };
  const isSigned =
    typeof document === 'string' &&
    Array.isArray(signatures) &&
    signatures.length <= mostSignatures &&
    signatures.every((each) => typeof each?.key === 'string' && typeof each?.signature === 'string');
  if (!isSigned) return failed(malformed('it is not a document with a list of signatures'));
  return ok({ document, signatures: signatures.map(({ key, signature }) => ({ key, signature })) });
}

/** Reads a document and checks its shape and bounds, not who signed it. Fault: `break_glass_malformed`. */
export function readBreakGlassDocument(text: string): Result<BreakGlassDocument, Fault> {
  if (text.length > longestDocument) return failed(malformed(`it is longer than ${longestDocument} characters`));
  let value: Record<string, unknown>;
  try {
    value = JSON.parse(text) as Record<string, unknown>;
  } catch {
    return failed(malformed('it is not JSON'));
  }
  // Two readers must not read it in two ways: a flat object of texts and whole numbers has one canonical spelling.
  if (canonicalText(value) !== text) return failed(malformed('it is not canonical JSON (RFC 8785)'));
  return checkDocument(value);
}

const fields = 'bytesUp durationMs kind nonce point reason service to v';

function checkDocument(value: Record<string, unknown>): Result<BreakGlassDocument, Fault> {
  if (Object.keys(value).sort().join(' ') !== fields) return failed(malformed(`its fields are not: ${fields}`));
  const { kind, v, point, nonce, service, to, reason, durationMs, bytesUp } = value;
  if (kind !== 'exeat-break-glass' || v !== 1) return failed(malformed('it is of another kind or version'));
  if (![point, nonce, service, to, reason].every((each) => typeof each === 'string' && each !== '')) {
    return failed(malformed('a text is missing'));
  }
  if (!isWithin(durationMs, longestBreakGlassMs)) return failed(malformed('it lasts longer than an hour'));
  if (!isWithin(bytesUp, mostBreakGlassBytes)) return failed(malformed('it may carry more than 1 GiB up'));
  if (!isExact(to as string)) return failed(malformed('it names more than one host and one port'));
  return ok(value as unknown as BreakGlassDocument);
}

function isExact(to: string): boolean {
  const target = parsePolicyTarget(to);
  if (!target.ok || target.value.canonical !== to) return false;
  const { host, ports } = target.value;
  const [port] = ports;
  const isOnePort = ports.length === 1 && port !== undefined && port.first === port.last;
  if (host.kind === 'prefix') return isOnePort && host.prefix.length === (host.prefix.first.family === 4 ? 32 : 128);
  return isOnePort && host.kind === 'name';
}

function peopleOf({ document, signatures }: SignedBreakGlass, { keys }: GrantList['offline']): readonly string[] {
  const bytes = Buffer.from(document);
  const people = new Set<string>();
  for (const { key: id, signature } of signatures) {
    const key = keys.find((each) => each.id === id);
    if (key !== undefined && isSignedBy(bytes, signature, key.publicKey)) people.add(key.person);
  }
  return [...people].sort();
}

function isSignedBy(bytes: Uint8Array, signature: string, publicKey: string): boolean {
  try {
    const key = createPublicKey({ key: Buffer.from(publicKey, 'base64'), format: 'der', type: 'spki' });
    return key.asymmetricKeyType === 'ed25519' && verify(null, bytes, key, Buffer.from(signature, 'base64'));
  } catch {
    return false;
  }
}

// RFC 8785 for objects without nesting: keys sorted by UTF-16, strings and whole numbers as JSON.stringify spells them.
function canonicalText(value: Record<string, unknown>): string {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return '';
  const keys = Object.keys(value).sort();
  return JSON.stringify(Object.fromEntries(keys.map((key) => [key, value[key]])));
}

function isWithin(value: unknown, most: number): boolean {
  return Number.isSafeInteger(value) && (value as number) > 0 && (value as number) <= most;
}

function isEqual(one: string, other: string): boolean {
  const [a, b] = [Buffer.from(one), Buffer.from(other)];
  return a.length === b.length && timingSafeEqual(a, b);
}

function malformed(why: string): Fault {
  return fault('break_glass_malformed', `the break-glass document cannot be used: ${why}`);
}
