import { ExeatError } from '../base/index.ts';
import type { HeaderField } from './head-fields.ts';
import { latin1Bytes } from './latin1.ts';

// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what no line of a head may hold
const lineBreaking = /[\0-\x08\n-\x1f\x7f]/;

/** Writes a request head for an origin, always as HTTP/1.1. A control character in any part is a caller's mistake and throws. */
export function writeRequestHead(head: {
  readonly method: string;
  readonly target: string;
  readonly fields: readonly HeaderField[];
}): Uint8Array<ArrayBuffer> {
  return writeHead(`${head.method} ${head.target} HTTP/1.1`, head.fields);
}

/** Writes a response head for a client, always as HTTP/1.1. A control character in any part is a caller's mistake and throws. */
export function writeResponseHead(head: {
  readonly status: number;
  readonly reason: string;
  readonly fields: readonly HeaderField[];
}): Uint8Array<ArrayBuffer> {
  return writeHead(`HTTP/1.1 ${head.status} ${head.reason}`, head.fields);
}

// Parsers of this room let no control character through, so one here would be our own: splitting a head is never worth the risk.
function writeHead(firstLine: string, fields: readonly HeaderField[]): Uint8Array<ArrayBuffer> {
  const lines = [firstLine, ...fields.map(([name, value]) => `${name}: ${value}`)];
  for (const line of lines) {
    if (lineBreaking.test(line)) throw new ExeatError('head_unwritable', 'a line of a head holds a control character');
  }
  return latin1Bytes(`${lines.join('\r\n')}\r\n\r\n`);
}
