import { dnsTypes, internetClass, rcodes } from './message.ts';
import { isBelow, labelsOf, writeName } from './names.ts';
import type { QueryView } from './read-query.ts';
import { addOpt, writeHead } from './reply.ts';
import { appendOptions, cookieOptionBytes, optBytes, type ReplyExtras, writeNumber16 } from './write-opt.ts';

/** For how long a "no" may be kept (RFC 2308), said in the name of a zone: '' is the root. */
export interface NegativeSoa {
  readonly zone: string;
  readonly minimumSeconds: number;
}

/** A reply without an answer. One object may be filled again for each reply. */
export interface ErrorReply extends ReplyExtras {
  /** NXDOMAIN, REFUSED, SERVFAIL and so on; 0 is NODATA. One above 15 goes out as SERVFAIL where the client speaks no EDNS. */
  readonly rcode: number;
  /** Left out where 512 bytes have no room for it. */
  readonly soa: NegativeSoa | null;
  /** At least 512 bytes. */
  readonly into: Uint8Array;
  /** Tells the client to ask again by TCP. */
  readonly isTruncated: boolean;
}

const headerBytes = 12;
// Without an extended error, which takes what is left.
const mostOptBytes = optBytes + cookieOptionBytes;
// What every client takes, with EDNS or without.
const largestBytes = 512;
// RFC 6303 section 3: who answers for a zone that is nobody's, and the numbers of its SOA but the last.
const nobody = writeName('nobody.invalid') ?? new Uint8Array(1);
const soaNumbers: readonly number[] = [1, 3600, 1200, 604_800];
// Type, class, TTL and length; a pointer to the zone, the mailbox, five numbers.
const soaTailBytes = 10 + 2 + nobody.length + 20;

/**
 * Writes a reply that says no to the query that the view was filled from, and gives its length: at most 512 bytes, so that it fits every
 * transport; a text of `ede` that is too long for that is cut. The question is the client's own, and missing where it could not be read.
 */
export function writeError(view: QueryView, queryBytes: Uint8Array, reply: ErrorReply): number {
  const { into, soa } = reply;
  const rcode = reply.rcode > 15 && !view.hasEdns ? rcodes.servFail : reply.rcode;
  into.fill(0, 0, headerBytes);
  into[2] = (view.opcode << 3) | (reply.isTruncated ? 0x02 : 0);
  into[3] = rcode & 0xf;
  into[5] = view.questionEnd > headerBytes ? 1 : 0;
  writeHead(view, queryBytes, into);
  const end = soa === null ? view.questionEnd : writeSoa(into, view, soa);
  if (!view.hasEdns) return end;
  const optEnd = addOpt(into, end, (rcode >> 4) << 24);
  return appendOptions(into, optEnd, reply, largestBytes);
}

// Writes the SOA record behind the question and gives the index after it.
function writeSoa(into: Uint8Array, view: QueryView, { zone, minimumSeconds }: NegativeSoa): number {
  const start = view.questionEnd;
  const known = zoneOffset(into, view, zone);
  const owner = known < 0 ? writeName(zone) : null;
  const ownerEnd = start + (owner?.length ?? 2);
  if ((known < 0 && owner === null) || ownerEnd + soaTailBytes + mostOptBytes > largestBytes) return start;
  if (owner === null) writeNumber16(into, start, 0xc000 + known);
  else into.set(owner, start);
  writeNumber16(into, ownerEnd, dnsTypes.soa);
  writeNumber16(into, ownerEnd + 2, internetClass);
  writeNumber32(into, ownerEnd + 4, minimumSeconds);
  writeNumber16(into, ownerEnd + 8, soaTailBytes - 10);
  writeNumber16(into, ownerEnd + 10, 0xc000 + (owner === null ? known : start));
  into.set(nobody, ownerEnd + 12);
  let at = ownerEnd + 12 + nobody.length;
  for (const number of soaNumbers) at = writeNumber32(into, at, number);
  into[9] = 1;
  return writeNumber32(into, at, minimumSeconds);
}

// Where the question spells the zone; -1 when its name is not in it.
function zoneOffset(bytes: Uint8Array, view: QueryView, zone: string): number {
  if (view.questionEnd === headerBytes || !isBelow(view.name, zone)) return -1;
  if (zone === '') return view.nameEnd - 1;
  let at = headerBytes;
  if (zone.length === view.name.length) return at;
  for (let left = labelsOf(view.name).length - labelsOf(zone).length; left > 0; left--) at += 1 + (bytes[at] ?? 0);
  return at;
}

function writeNumber32(into: Uint8Array, at: number, value: number): number {
  writeNumber16(into, at, value >>> 16);
  writeNumber16(into, at + 2, value);
  return at + 4;
}
