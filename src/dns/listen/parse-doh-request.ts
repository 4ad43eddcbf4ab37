import { decodeBase64, failed, ok, type Result } from '../../base/index.ts';
import type { PresentedProof } from '../../identity/index.ts';

/** Why a request is refused: a status and a short text. It never repeats what was sent, because the path may hold a secret. */
export interface DohRefusal {
  readonly status: 400 | 404 | 405 | 413 | 415;
  readonly text: string;
}

/** What the target of a request says: the credential of the path, and the query of a GET as it was spelled. */
export interface DohTarget {
  readonly proof: PresentedProof | null;
  readonly dns: string | null;
}

/** Content type of queries and replies (RFC 8484 section 6). */
export const dnsMessageType = 'application/dns-message';

/** The methods that are answered, for the `allow` header. */
export const dohMethods = 'GET, HEAD, POST';

/** Longest query in a body. */
export const maxBodyBytes = 65_535;

const path = '/dns-query';
// A query with cookies and padding has some hundred bytes (RFC 8467); longer ones go by POST.
const maxGetBytes = 4_096;
const maxTargetLength = 8_192;
const maxPartLength = 768;
const maxDecodedLength = 256;

const notHere: DohRefusal = { status: 404, text: 'not here' };
const tooLong: DohRefusal = { status: 413, text: 'the query is too long' };

/** Reads `/dns-query` or `/dns-query/NAME/SECRET`, with or without `?dns=`. Anything else is 404, a target out of bounds 413. */
export function parseDohTarget(target: string): Result<DohTarget, DohRefusal> {
  if (target.length > maxTargetLength) return failed(tooLong);
  const mark = target.indexOf('?');
  const proof = parsePath(mark < 0 ? target : target.slice(0, mark));
  if (proof === undefined) return failed(notHere);
  return ok({ proof, dns: mark < 0 ? null : findDns(target.slice(mark + 1)) });
}

/** Reads the query of a GET: base64url without padding (RFC 8484 section 4.1.1). */
export function parseDohQuery(dns: string | null): Result<Uint8Array, DohRefusal> {
  if (dns === null) return failed({ status: 400, text: 'the parameter `dns` is missing, or there twice' });
  if (dns.length > Math.ceil((maxGetBytes * 4) / 3)) return failed(tooLong);
  const bytes = /^[A-Za-z0-9_-]+$/.test(dns) ? decodeBase64(toPadded(dns)) : null;
  return bytes === null
    ? failed({ status: 400, text: 'the parameter `dns` is not base64url without padding' })
    : ok(bytes);
}

/** Checks the head of a POST: its type, and the length where it says one. */
export function checkDohPost(contentType: string, contentLength: number): DohRefusal | null {
  const [type = ''] = contentType.split(';', 1);
  if (type.trim().toLowerCase() !== dnsMessageType) {
    return { status: 415, text: `only ${dnsMessageType} is taken` };
  }
  return contentLength > maxBodyBytes ? tooLong : null;
}

/** The refusal of a body that is longer than it said, or said nothing of its length. */
export const bodyTooLong: DohRefusal = tooLong;

/** The credential of a path, null where it has none, undefined where the path is none of ours. */
function parsePath(text: string): PresentedProof | null | undefined {
  if (text === path) return null;
  if (!text.startsWith(`${path}/`)) return undefined;
  const parts = text.slice(path.length + 1).split('/', 3);
  const [username, password] = parts.map(decodePart);
  const isWhole = parts.length === 2 && username != null && password != null;
  return isWhole ? { kind: 'basic', username, password } : undefined;
}

function decodePart(part: string): string | null {
  if (part === '' || part.length > maxPartLength) return null;
  try {
    const text = decodeURIComponent(part);
    // A control character in a name would be another name in the eyes of whoever logs it.
    return text.length > maxDecodedLength || /\p{Cc}/u.test(text) ? null : text;
  } catch {
    // Percent signs that spell no UTF-8: no credential is spelled so.
    return null;
  }
}

// Two of them would be two questions: what stands before us may have judged the other one.
function findDns(query: string): string | null {
  const found = query.split('&').filter((pair) => pair.startsWith('dns='));
  return found.length === 1 ? (found[0] ?? '').slice('dns='.length) : null;
}

function toPadded(dns: string): string {
  const text = dns.replaceAll('-', '+').replaceAll('_', '/');
  return text + '='.repeat((4 - (text.length % 4)) % 4);
}
