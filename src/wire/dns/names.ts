import { latin1Text } from '../latin1.ts';

/** Longest name on the wire, in bytes, with the length of each label and the root (RFC 1035 section 2.3.4). */
export const maxNameBytes = 255;
/** Longest label, in bytes. */
export const maxLabelBytes = 63;

/** A name that was read: its text, and where the bytes after it start. */
export interface NameRead {
  readonly text: string;
  readonly end: number;
}

/** Bytes of a header: no name starts inside. */
const headerBytes = 12;
// A name has at most 127 labels, and a pointer to a pointer says nothing: more of them only cost time.
const maxPointers = 127;

const dot = 0x2e;
const backslash = 0x5c;

// One name at a time is spelled here, without an object for each; four characters stand for the worst byte.
const scratch = new Uint8Array(4 * maxNameBytes);
let spelled = 0;
let wireBytes = 0;

/**
 * Reads a name of a message, compressed or not. Text: labels joined by `.`, without a last dot, case kept, '' for the root; inside of a label
 * `.` and `\` are written `\.` and `\\`, and bytes that are not visible ASCII `\DDD` (RFC 1035 section 5.1), so that two names have
 * one text only when they are one name. Null: it is longer than 255 bytes, runs out of the bytes, has a label of a reserved type, or a
 * pointer that does not go strictly backwards.
 */
export function readName(bytes: Uint8Array, start: number, end: number = bytes.length): NameRead | null {
  spelled = 0;
  wireBytes = 1;
  const stop = spellLabels(bytes, start, end);
  if (stop < 0) return null;
  if (bytes[stop] === 0) return { text: latin1Text(scratch, 0, spelled), end: stop + 1 };
  return followPointers(bytes, start, stop, end) ? { text: latin1Text(scratch, 0, spelled), end: stop + 2 } : null;
}

// Spells what the pointer at `stop` stands for, with the pointers behind that; whether they came to the root.
function followPointers(bytes: Uint8Array, start: number, stop: number, end: number): boolean {
  let run = start;
  let at = stop;
  for (let pointers = 0; pointers < maxPointers; pointers++) {
    run = at + 2 > end ? -1 : pointerTarget(bytes, at, run);
    at = run < 0 ? -1 : spellLabels(bytes, run, end);
    if (at < 0) return false;
    if (bytes[at] === 0) return true;
  }
  return false;
}

// Where a pointer leads; -1 unless that is before `limit`.
function pointerTarget(bytes: Uint8Array, at: number, limit: number): number {
  const target = ((bytes[at] ?? 0) - 0xc0) * 256 + (bytes[at + 1] ?? 0);
  return target < limit && target >= headerBytes ? target : -1;
}

// Spells labels up to the root or a pointer and gives the index of that; -1 when there is neither.
function spellLabels(bytes: Uint8Array, start: number, end: number): number {
  let at = start;
  while (at < end) {
    const length = bytes[at] ?? 0;
    if (length === 0 || length >= 0xc0) return at;
    const next = at + 1 + length;
    wireBytes += 1 + length;
    if (length > maxLabelBytes || wireBytes > maxNameBytes || next > end) return -1;
    if (spelled > 0) scratch[spelled++] = dot;
    spellLabel(bytes, at + 1, next);
    at = next;
  }
  return -1;
}

/** Reads a name that must stand there in full, as in RDATA that was spelled out. Null: as in `readName`, and for any pointer. */
export function readPlainName(bytes: Uint8Array, start: number, end: number = bytes.length): NameRead | null {
  for (let at = start; at < end; at += 1 + (bytes[at] ?? 0)) {
    if ((bytes[at] ?? 0) > maxLabelBytes) return null;
    if (bytes[at] === 0) return readName(bytes, start, at + 1);
  }
  return null;
}

function spellLabel(bytes: Uint8Array, start: number, end: number): void {
  for (let at = start; at < end; at++) {
    const byte = bytes[at] ?? 0;
    if (byte === dot || byte === backslash) scratch[spelled++] = backslash;
    if (byte > 0x20 && byte < 0x7f) scratch[spelled++] = byte;
    else spellEscape(byte);
  }
}

function spellEscape(byte: number): void {
  scratch[spelled++] = backslash;
  scratch[spelled++] = 0x30 + Math.floor(byte / 100);
  scratch[spelled++] = 0x30 + (Math.floor(byte / 10) % 10);
  scratch[spelled++] = 0x30 + (byte % 10);
}

/**
 * Writes a name without compression. Besides the text that `readName` makes, any `\X` and one last dot are taken: `www.example.com` and
 * `www.example.com.` are 17 bytes. Null: a label is empty or longer than 63 bytes, the name is longer than 255, an escape is broken, or
 * a character is above 0xff.
 */
export function writeName(text: string): Uint8Array | null {
  if (text.length > scratch.length) return null;
  const bytes = new Uint8Array(maxNameBytes);
  let written = 0;
  let at = 0;
  while (at < text.length && !(text === '.')) {
    const next = writeLabel(text, at, bytes, written);
    if (next < 0) return null;
    written += 1 + (bytes[written] ?? 0);
    at = next;
  }
  return written < maxNameBytes ? bytes.slice(0, written + 1) : null;
}

/**
 * Writes the label that starts at `start` of a text into `bytes` at `to`, its length first. The index after its dot, or -1: it is no label
 * or does not fit.
 *
 * @internal
 */
export function writeLabel(text: string, start: number, bytes: Uint8Array, to: number): number {
  let at = start;
  let written = 0;
  while (at < text.length && text.charCodeAt(at) !== dot) {
    const byte = byteAt(text, at);
    if (byte > 0xff || byte < 0 || written === maxLabelBytes || to + 1 + written >= bytes.length) return -1;
    bytes[to + 1 + written] = byte;
    written++;
    at += escapeLength(text, at);
  }
  if (written === 0 || to >= bytes.length) return -1;
  bytes[to] = written;
  return at + 1;
}

// The byte that the character or the escape at an index stands for; -1 for a broken escape.
function byteAt(text: string, at: number): number {
  const code = text.charCodeAt(at);
  if (code !== backslash) return code;
  const length = escapeLength(text, at);
  if (length === 2) return text.charCodeAt(at + 1);
  const digits = text.slice(at + 1, at + 4);
  return length === 4 && /^[0-9]{3}$/.test(digits) ? Number(digits) : -1;
}

// Characters of the character or the escape at an index: `a`, `\.`, `\032`. 1 for a backslash at the very end.
function escapeLength(text: string, at: number): number {
  if (text.charCodeAt(at) !== backslash) return 1;
  const next = text.charCodeAt(at + 1);
  if (Number.isNaN(next)) return 1;
  return next >= 0x30 && next <= 0x39 ? 4 : 2;
}

/** A name with its ASCII letters in lower case; other bytes have no case (RFC 4343). */
export function lowerName(text: string): string {
  // The text is ASCII by construction; what is not must not become another letter, as the Kelvin sign does.
  return text.replace(/[A-Z]+/g, (letters) => letters.toLowerCase());
}

/** Whether two names are one, ASCII case aside. */
export function sameName(a: string, b: string): boolean {
  return a === b || (a.length === b.length && lowerName(a) === lowerName(b));
}

/** Whether a name is the zone or below it, ASCII case aside: `a.example` is below `example`, `example` and ''; `a\.example` is not. */
export function isBelow(name: string, zone: string): boolean {
  if (zone === '') return true;
  const border = name.length - zone.length - 1;
  if (border < 0) return sameName(name, zone);
  if (name.charCodeAt(border) !== dot || isEscaped(name, border)) return false;
  return sameName(name.slice(border + 1), zone);
}

// An odd number of backslashes before a character makes it part of its label.
function isEscaped(text: string, index: number): boolean {
  let at = index - 1;
  while (at >= 0 && text.charCodeAt(at) === backslash) at--;
  return (index - at) % 2 === 0;
}

/** The labels of a name, the leftmost first, as the text spells them: `a\.b.example` has `a\.b` and `example`; the root has none. */
export function labelsOf(name: string): readonly string[] {
  const labels: string[] = [];
  let start = 0;
  for (let at = 0; at < name.length; at += escapeLength(name, at)) {
    if (name.charCodeAt(at) !== dot) continue;
    labels.push(name.slice(start, at));
    start = at + 1;
  }
  if (start < name.length) labels.push(name.slice(start));
  return labels;
}
