import { type HeaderField, parseFields } from './head-fields.ts';
import { type HeadLimits, type IncompleteHead, scanHead } from './head-scan.ts';
import { latin1Text } from './latin1.ts';
import type { HttpVersion } from './request-head.ts';
import { type Refused, refused } from './wire-fault.ts';

/** A response head. `status` is 100-599; `byteLength` counts the head with its empty line. */
export interface ResponseHead {
  readonly version: HttpVersion;
  readonly status: number;
  readonly reason: string;
  readonly fields: readonly HeaderField[];
  readonly byteLength: number;
}

/** The answer of {@link parseResponseHead}. */
export type ResponseHeadResult = IncompleteHead | Refused | { readonly kind: 'head'; readonly head: ResponseHead };

// RFC 9112 section 4; the space before an absent reason is often left out, and means nothing else.
const statusLine = /^HTTP\/(1\.[01]) ([1-5][0-9]{2})(?: (.*))?$/;

/** Reads a response head from the start of `bytes`, as strictly as a request head. Faults: head, line and field codes. */
export function parseResponseHead(
  bytes: Uint8Array,
  limits: HeadLimits,
  searchedBytes: number = 0,
): ResponseHeadResult {
  const scan = scanHead(bytes, searchedBytes, limits.maxHeadBytes);
  if (scan.kind !== 'end') return scan;
  const text = latin1Text(bytes, 0, scan.end);
  const lineEnd = text.indexOf('\r\n');
  const line = statusLine.exec(text.slice(0, lineEnd));
  if (line === null) return refused('status_line_malformed', 'the status line is not `HTTP/1.1 status reason`');
  const fields = parseFields(text, lineEnd + 2, limits.maxFields);
  if ('kind' in fields) return fields;
  const version: HttpVersion = line[1] === '1.0' ? '1.0' : '1.1';
  const head = { version, status: Number(line[2]), reason: line[3] ?? '', fields, byteLength: scan.end };
  return { kind: 'head', head };
}
