import { type HeaderField, isToken, parseFields } from './head-fields.ts';
import { type HeadLimits, type IncompleteHead, scanHead } from './head-scan.ts';
import { latin1Text } from './latin1.ts';
import { type Refused, refused } from './wire-fault.ts';

/** The version of an HTTP/1 message. */
export type HttpVersion = '1.0' | '1.1';

/** A request head. `target` is raw and visible ASCII; `byteLength` counts the head with its empty line: the body starts there. */
export interface RequestHead {
  readonly method: string;
  readonly target: string;
  readonly version: HttpVersion;
  readonly fields: readonly HeaderField[];
  readonly byteLength: number;
}

/** The answer of {@link parseRequestHead}. */
export type RequestHeadResult = IncompleteHead | Refused | { readonly kind: 'head'; readonly head: RequestHead };

const longestMethod = 32;
const visibleAscii = /^[!-~]+$/;

/**
 * Reads a request head from the start of `bytes` (RFC 9112), strictly. `searchedBytes` comes from the incomplete answer before.
 * Exactly one Host is needed in HTTP/1.1; CONNECT may go without, since its target is the authority.
 * Faults: head, line, version, field and host codes of `WireFault`; `http2_preface` for HTTP/2 with prior knowledge.
 */
export function parseRequestHead(bytes: Uint8Array, limits: HeadLimits, searchedBytes: number = 0): RequestHeadResult {
  const scan = scanHead(bytes, searchedBytes, limits.maxHeadBytes);
  if (scan.kind !== 'end') return scan;
  const text = latin1Text(bytes, 0, scan.end);
  const lineEnd = text.indexOf('\r\n');
  const line = parseRequestLine(text.slice(0, lineEnd));
  if ('kind' in line) return line;
  const fields = parseFields(text, lineEnd + 2, limits.maxFields);
  if ('kind' in fields) return fields;
  const head: RequestHead = { ...line, fields, byteLength: scan.end };
  return checkHost(head) ?? { kind: 'head', head };
}

type RequestLine = Pick<RequestHead, 'method' | 'target' | 'version'>;

function parseRequestLine(line: string): RequestLine | Refused {
  const methodEnd = line.indexOf(' ');
  const targetEnd = line.indexOf(' ', methodEnd + 1);
  if (methodEnd < 1 || methodEnd > longestMethod || targetEnd < 0 || !isToken(line, 0, methodEnd)) {
    return refused('request_line_malformed', 'the request line is not `method target version` with one space between');
  }
  const target = line.slice(methodEnd + 1, targetEnd);
  if (!visibleAscii.test(target)) return refused('request_line_malformed', 'the target is not visible ASCII');
  const version = parseVersion(line.slice(targetEnd + 1));
  if (typeof version !== 'string') return version;
  return { method: line.slice(0, methodEnd), target, version };
}

function parseVersion(text: string): HttpVersion | Refused {
  if (text === 'HTTP/1.1') return '1.1';
  if (text === 'HTTP/1.0') return '1.0';
  if (text === 'HTTP/2.0') return refused('http2_preface', 'HTTP/2 is not spoken here: use HTTP/1.1');
  return refused('version_unsupported', 'the version is neither HTTP/1.1 nor HTTP/1.0');
}

// RFC 9112 section 3.2. Two Hosts, or none, let two readers see two servers.
function checkHost(head: RequestHead): Refused | null {
  let hosts = 0;
  for (const field of head.fields) if (field[0] === 'host') hosts += 1;
  if (hosts > 1) return refused('host_repeated', 'the head has more than one Host');
  if (hosts === 0 && head.version === '1.1' && head.method !== 'CONNECT') {
    return refused('host_missing', 'an HTTP/1.1 request needs a Host');
  }
  return null;
}
