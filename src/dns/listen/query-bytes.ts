// What a listener reads of a query by itself: the twelve bytes of the header (RFC 1035 section 4.1.1), and the question when a
// client is told to come back over TCP. Everything else is the filter's.

/** Bytes of the header, the shortest message. */
export const headerBytes = 12;

const longestName = 255;
const longestLabel = 63;
const responseBit = 0x80;
const opcodeBits = 0x78;
const truncatedBit = 0x02;
const recursionDesiredBit = 0x01;
const servFail = 2;

/** Whether the bytes may be a query: a whole header that does not say response. */
export function isQuery(bytes: Uint8Array): boolean {
  return bytes.length >= headerBytes && ((bytes[2] ?? 0) & responseBit) === 0;
}

/** Writes the header of a SERVFAIL for a query and gives its length; no question, because nothing here has understood one. */
export function writeServfail(query: Uint8Array, into: Uint8Array): number {
  return writeHeader(query, into, { flags: 0, rcode: servFail, questions: 0 });
}

/** A SERVFAIL for a query, in bytes of its own. */
export function makeServfail(query: Uint8Array): Uint8Array {
  const reply = new Uint8Array(headerBytes);
  writeServfail(query, reply);
  return reply;
}

/**
 * Writes a reply without answers and with TC set, header and question, and gives its length: never more than the query has. 0 where
 * the query has no whole first question of plain labels. A client behind a forged address gets nothing of it, a real one asks over TCP.
 */
export function writeTruncated(query: Uint8Array, into: Uint8Array): number {
  const end = endOfQuestion(query);
  if (end === 0 || end > into.length) return 0;
  for (let at = headerBytes; at < end; at++) into[at] = query[at] ?? 0;
  writeHeader(query, into, { flags: truncatedBit, rcode: 0, questions: 1 });
  return end;
}

interface HeaderParts {
  readonly flags: number;
  readonly rcode: number;
  readonly questions: number;
}

function writeHeader(query: Uint8Array, into: Uint8Array, parts: HeaderParts): number {
  into[0] = query[0] ?? 0;
  into[1] = query[1] ?? 0;
  into[2] = responseBit | ((query[2] ?? 0) & (opcodeBits | recursionDesiredBit)) | parts.flags;
  into[3] = parts.rcode;
  into.fill(0, 4, headerBytes);
  into[5] = parts.questions;
  return headerBytes;
}

/** Where the first question ends: after its name, type and class. 0 where there is none. */
function endOfQuestion(query: Uint8Array): number {
  const hasQuestion = query[4] !== 0 || query[5] !== 0;
  let at = headerBytes;
  while (hasQuestion && at < query.length && at - headerBytes < longestName) {
    const label = query[at] ?? 0;
    if (label > longestLabel) return 0;
    at += label + 1;
    if (label === 0) return at + 4 <= query.length ? at + 4 : 0;
  }
  return 0;
}
