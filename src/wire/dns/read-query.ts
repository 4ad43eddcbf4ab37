import { latin1Text } from '../latin1.ts';
import { dnsTypes, internetClass } from './message.ts';
import { lowerName, maxLabelBytes, maxNameBytes, readName } from './names.ts';

/**
 * Why a query is not answered as it is asked, and with what instead. `drop`: with nothing, for it is a response or no message at all;
 * `form_err`, `not_imp` (opcodes other than QUERY), `bad_vers` (EDNS other than 0): with that code; `refused`: another class than IN, a
 * transfer, or a type that no record has; `any`: by what RFC 8482 says of ANY.
 */
export type QueryProblem = 'drop' | 'form_err' | 'not_imp' | 'bad_vers' | 'refused' | 'any';

/**
 * What a query says. One object is filled again and again, for objects made per query are what makes a server slow: whoever waits must
 * copy what it needs. After a problem it holds what was read up to there, and that is enough for `writeError`.
 */
export class QueryView {
  id = 0;
  opcode = 0;
  recursionDesired = false;
  authenticData = false;
  checkingDisabled = false;
  /** The name asked for, in lower case, as text by the rules of `readName`. */
  name = '';
  /** A hash of the name: the same for every spelling of it, and for other names too. */
  nameHash = 0;
  /** Where the name ends and where its question ends; 12, the end of the header, when no question could be read. */
  nameEnd = 12;
  questionEnd = 12;
  type = 0;
  class = 0;
  /** Letters, digits, hyphens and underscores only, and a last label that is not a number: a name that a policy can have. */
  isHostName = false;
  hasEdns = false;
  /** Bytes of a datagram that the client takes: at least 512, which is also what it takes without EDNS. */
  payloadBytes = 512;
  ednsVersion = 0;
  isDnssecOk = false;
  hasCookie = false;
  /** Where the first cookie stands in the query, and its bytes: 8 of the client, then 8 to 32 of the server where it gave some. */
  cookieAt = 0;
  cookieBytes = 0;
  hasClientSubnet = false;
  hasOtherOptions = false;
}

const headerBytes = 12;
const smallestPayloadBytes = 512;
// A query has one OPT and perhaps one signature.
const maxAdditionals = 8;
const clientSubnetOption = 8;
const cookieOption = 10;

/**
 * Reads the query in the first `length` of `bytes` into a view. Null: it can be answered. It has one question, spelled in full, and after
 * that nothing but additional records; no byte is left over.
 */
export function readQuery(bytes: Uint8Array, length: number, into: QueryView): QueryProblem | null {
  if (length < headerBytes || length > bytes.length || ((bytes[2] ?? 0) & 0x80) !== 0) return 'drop';
  readHeader(bytes, into);
  if (into.opcode !== 0) return 'not_imp';
  if (number16(bytes, 4) !== 1 || !readQuestion(bytes, length, into)) return 'form_err';
  // A transfer by difference carries the version it has in the authority section (RFC 1995); it is refused before anybody reads that.
  if (into.type === dnsTypes.ixfr) return 'refused';
  if (number16(bytes, 6) !== 0 || number16(bytes, 8) !== 0) return 'form_err';
  if (!readAdditionals(bytes, length, into)) return 'form_err';
  if (into.ednsVersion !== 0) return 'bad_vers';
  return judgeType(into);
}

function readHeader(bytes: Uint8Array, into: QueryView): void {
  const high = bytes[2] ?? 0;
  const low = bytes[3] ?? 0;
  into.id = number16(bytes, 0);
  into.opcode = (high >> 3) & 0xf;
  into.recursionDesired = (high & 0x01) !== 0;
  into.authenticData = (low & 0x20) !== 0;
  into.checkingDisabled = (low & 0x10) !== 0;
  into.name = '';
  into.nameHash = 0;
  into.nameEnd = headerBytes;
  into.questionEnd = headerBytes;
  into.type = 0;
  into.class = 0;
  into.isHostName = false;
  into.hasEdns = false;
  into.payloadBytes = smallestPayloadBytes;
  into.ednsVersion = 0;
  into.isDnssecOk = false;
  into.hasCookie = false;
  into.cookieAt = 0;
  into.cookieBytes = 0;
  into.hasClientSubnet = false;
  into.hasOtherOptions = false;
}

function judgeType(view: QueryView): QueryProblem | null {
  if (view.class !== internetClass) return 'refused';
  if (view.type === dnsTypes.any) return 'any';
  // RFC 6895 section 3.1: 0 is reserved and 128 to 255 are for queries and for the message itself, as OPT is.
  const isMeta = view.type === 0 || view.type === dnsTypes.opt || (view.type >= 128 && view.type <= 255);
  return isMeta ? 'refused' : null;
}

function readQuestion(bytes: Uint8Array, length: number, into: QueryView): boolean {
  const nameEnd = foldName(bytes, length);
  if (nameEnd < 0 || nameEnd + 4 > length) return false;
  into.nameEnd = nameEnd;
  into.questionEnd = nameEnd + 4;
  into.type = number16(bytes, nameEnd);
  into.class = number16(bytes, nameEnd + 2);
  into.nameHash = hash;
  into.isHostName = isHostLike && lastLabelHasLetter && folded > 0;
  into.name = needsEscape ? lowerName(readName(bytes, headerBytes, length)?.text ?? '') : recall();
  return true;
}

// For each byte: its lower case in the low 8 bits, and what it makes of the name that has it.
const notHost = 0x100;
const escaped = 0x200;
const letter = 0x400;
const kinds = Uint16Array.from({ length: 256 }, (_, byte) => {
  const low = byte >= 0x41 && byte <= 0x5a ? byte + 0x20 : byte;
  if (low >= 0x30 && low <= 0x39) return low;
  if ((low >= 0x61 && low <= 0x7a) || low === 0x2d || low === 0x5f) return low + letter;
  const isPlain = low > 0x20 && low < 0x7f && low !== 0x2e && low !== 0x5c;
  return low + notHost + letter + (isPlain ? 0 : escaped);
});

// The name of the question, folded to lower case, and what was seen on the way.
const scratch = new Uint8Array(maxNameBytes);
let folded = 0;
let hash = 0;
let isHostLike = false;
let needsEscape = false;
let lastLabelHasLetter = false;

// FNV-1a. As a signed number it is a small integer, for which nothing is allocated.
const offsetBasis = 0x811c9dc5 | 0;
const prime = 0x01000193;

// Folds the name behind the header and gives the index after it, or -1. No name stands before it, so a pointer is never right.
function foldName(bytes: Uint8Array, length: number): number {
  folded = 0;
  hash = offsetBasis;
  let seen = 0;
  let last = 0;
  let at = headerBytes;
  while (at < length) {
    const size = bytes[at] ?? 0;
    const next = at + 1 + size;
    if (size === 0) {
      isHostLike = (seen & notHost) === 0;
      needsEscape = (seen & escaped) !== 0;
      lastLabelHasLetter = (last & letter) !== 0;
      return next;
    }
    if (size > maxLabelBytes || next > length || next - headerBytes >= maxNameBytes) return -1;
    if (folded > 0) scratch[folded++] = 0x2e;
    last = foldLabel(bytes, at + 1, next);
    seen |= last;
    at = next;
  }
  return -1;
}

function foldLabel(bytes: Uint8Array, start: number, end: number): number {
  let seen = 0;
  let to = folded;
  let mixed = hash;
  for (let at = start; at < end; at++) {
    const kind = kinds[bytes[at] ?? 0] ?? 0;
    seen |= kind;
    scratch[to++] = kind;
    mixed = Math.imul(mixed ^ (kind & 0xff), prime);
  }
  folded = to;
  hash = mixed;
  return seen;
}

// Names come again: the string that was made for a name is found by its bytes and taken again, with the hash that its maps have worked
// out already. A name that falls into the place of another only costs a new string. With 5,000 names about one in seven shares a place;
// full of the longest names the table takes 9 MB.
const recalledNames = 32_768;
const recalled: string[] = Array.from({ length: recalledNames }, () => '');

function recall(): string {
  const place = (hash ^ (hash >>> 15)) & (recalledNames - 1);
  const known = recalled[place] ?? '';
  if (isFolded(known)) return known;
  const text = latin1Text(scratch, 0, folded);
  recalled[place] = text;
  return text;
}

function isFolded(text: string): boolean {
  if (text.length !== folded) return false;
  for (let at = 0; at < folded; at++) if (text.charCodeAt(at) !== scratch[at]) return false;
  return true;
}

function readAdditionals(bytes: Uint8Array, length: number, into: QueryView): boolean {
  const count = number16(bytes, 10);
  if (count > maxAdditionals) return false;
  let at = into.questionEnd;
  for (let left = count; left > 0; left--) {
    const nameEnd = skipName(bytes, at, length);
    if (nameEnd < 0 || nameEnd + 10 > length) return false;
    const end = nameEnd + 10 + number16(bytes, nameEnd + 8);
    if (end > length) return false;
    const isOpt = number16(bytes, nameEnd) === dnsTypes.opt;
    if (isOpt && (into.hasEdns || nameEnd !== at + 1 || !readOpt(bytes, nameEnd, end, into))) return false;
    at = end;
  }
  return at === length;
}

// The index after a name; what it is does not matter here.
function skipName(bytes: Uint8Array, start: number, length: number): number {
  let at = start;
  while (at < length) {
    const size = bytes[at] ?? 0;
    if (size >= 0xc0) return at + 2;
    if (size === 0) return at + 1;
    if (size > maxLabelBytes || at - start > maxNameBytes) return -1;
    at += 1 + size;
  }
  return -1;
}

function readOpt(bytes: Uint8Array, at: number, end: number, into: QueryView): boolean {
  into.hasEdns = true;
  into.payloadBytes = Math.max(number16(bytes, at + 2), smallestPayloadBytes);
  into.ednsVersion = bytes[at + 5] ?? 0;
  into.isDnssecOk = ((bytes[at + 6] ?? 0) & 0x80) !== 0;
  let option = at + 10;
  while (option + 4 <= end) {
    const size = number16(bytes, option + 2);
    if (!noteOption(number16(bytes, option), option + 4, size, into)) return false;
    option += 4 + size;
  }
  return option === end;
}

function noteOption(code: number, at: number, size: number, into: QueryView): boolean {
  if (code === clientSubnetOption) into.hasClientSubnet = true;
  else if (code === cookieOption) return noteCookie(at, size, into);
  else into.hasOtherOptions = true;
  return true;
}

// RFC 7873 section 4: 8 bytes of the client, and 8 to 32 of the server when it gave some. Section 5.2: of several the first counts.
function noteCookie(at: number, size: number, into: QueryView): boolean {
  if (size !== 8 && (size < 16 || size > 40)) return false;
  if (into.hasCookie) return true;
  into.hasCookie = true;
  into.cookieAt = at;
  into.cookieBytes = size;
  return true;
}

function number16(bytes: Uint8Array, at: number): number {
  return ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0);
}
