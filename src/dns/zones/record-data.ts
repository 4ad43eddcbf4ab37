import { failed, ok, quoteInput, type Result } from '../../base/index.ts';
import { parseIpAddress } from '../../destination/index.ts';
import { readPlainName, writeName } from '../../wire/index.ts';
import type { FieldKind, RecordType } from './record-types.ts';
import { readEscape, readZoneName } from './zone-name.ts';
import { readSeconds } from './zone-seconds.ts';

const maxDataBytes = 65_535;
/** RFC 1035 section 3.3: a character-string has one byte of length. */
const maxStringBytes = 255;
const maxHexCharacters = 2 * maxDataBytes;

const encoder = new TextEncoder();

/**
 * The RDATA that the words of a zone file mean for a type, or a sentence that says why they mean none. Any type may be given as
 * `\# length hex` (RFC 3597); a type with fields must then hold what its fields say.
 */
export function readRecordData(type: RecordType, words: readonly string[], origin: string): Result<Uint8Array, string> {
  if (words[0] === '\\#') return readGeneric(type, words);
  if (type.fields === null) return failed('this type is read in the form of RFC 3597 only, write `\\# length hex`');
  const parts: Uint8Array[] = [];
  let at = 0;
  for (const kind of type.fields) {
    const taken = kind === 'strings' ? words.slice(at) : words.slice(at, at + 1);
    if (taken.length === 0) return failed(`${type.fields.length} fields are expected, ${words.length} were found`);
    at += taken.length;
    const part = readField(kind, taken, origin);
    if (!part.ok) return part;
    parts.push(part.value);
  }
  if (at < words.length) return failed(`${quoteInput(words[at] ?? '')} stands after the last field`);
  return joined(parts);
}

function readField(kind: FieldKind, words: readonly string[], origin: string): Result<Uint8Array, string> {
  const [word = ''] = words;
  switch (kind) {
    case 'name':
      return readNameField(word, origin);
    case 'u8':
      return readNumber(word, 1);
    case 'u16':
      return readNumber(word, 2);
    case 'u32':
      return readNumber(word, 4);
    case 'seconds':
      return readSecondsField(word);
    case 'ipv4':
      return readAddress(word, 4);
    case 'ipv6':
      return readAddress(word, 6);
    case 'tag':
      return /^[A-Za-z0-9]{1,255}$/.test(word) ? readString(word) : failed(`${quoteInput(word)} is not a tag`);
    case 'strings':
      return readStrings(words);
    case 'value':
      return readBytes(word);
    default:
      return kind satisfies never;
  }
}

function readNameField(word: string, origin: string): Result<Uint8Array, string> {
  const name = readZoneName(word, origin);
  if (!name.ok) return name;
  // Nearly every rule of a policy zone points at the root.
  if (name.value === '') return ok(new Uint8Array(1));
  const bytes = writeName(name.value);
  return bytes === null ? failed(`${quoteInput(word)} is not a name`) : ok(bytes);
}

function readSecondsField(word: string): Result<Uint8Array, string> {
  const seconds = readSeconds(word);
  return seconds === null
    ? failed(`${quoteInput(word)} is not a time, write \`3600\` or \`1h\``)
    : ok(numberBytes(seconds, 4));
}

function readNumber(word: string, size: 1 | 2 | 4): Result<Uint8Array, string> {
  const highest = 2 ** (8 * size) - 1;
  if (!/^[0-9]{1,10}$/.test(word) || Number(word) > highest) {
    return failed(`${quoteInput(word)} is not a number of 0-${highest}`);
  }
  return ok(numberBytes(Number(word), size));
}

function readAddress(word: string, family: 4 | 6): Result<Uint8Array, string> {
  const address = parseIpAddress(word);
  if (!address.ok || address.value.family !== family)
    return failed(`${quoteInput(word)} is not an IPv${family} address`);
  return joined(address.value.words.map((part) => numberBytes(part, 4)));
}

function readStrings(words: readonly string[]): Result<Uint8Array, string> {
  const parts: Uint8Array[] = [];
  for (const word of words) {
    const part = readString(word);
    if (!part.ok) return part;
    parts.push(part.value);
  }
  return joined(parts);
}

function readString(word: string): Result<Uint8Array, string> {
  const bytes = readBytes(word);
  if (!bytes.ok) return bytes;
  if (bytes.value.length > maxStringBytes)
    return failed(`a string is longer than ${maxStringBytes} bytes, write several`);
  return joined([numberBytes(bytes.value.length, 1), bytes.value]);
}

// A word or a quoted string without its first quote, escapes resolved; beyond ASCII the bytes of UTF-8.
function readBytes(word: string): Result<Uint8Array, string> {
  const text = word.startsWith('"') ? word.slice(1) : word;
  if (!text.includes('\\')) return ok(encoder.encode(text));
  const parts: Uint8Array[] = [];
  let at = 0;
  while (at < text.length) {
    const next = text.indexOf('\\', at);
    parts.push(encoder.encode(text.slice(at, next < 0 ? text.length : next)));
    if (next < 0) break;
    const escaped = readEscape(text, next + 1);
    if (escaped === null) return failed(`${quoteInput(text)} holds half an escape, write \`\\DDD\` with 000-255`);
    parts.push(Uint8Array.of(escaped.byte));
    at = next + 1 + escaped.length;
  }
  return joined(parts);
}

function readGeneric(type: RecordType, words: readonly string[]): Result<Uint8Array, string> {
  const [, length = '', ...digits] = words;
  const hex = digits.join('');
  if (!/^[0-9]{1,5}$/.test(length) || hex.length > maxHexCharacters) return failed('`\\#` needs a length of 0-65535');
  if (!/^(?:[0-9A-Fa-f]{2})*$/.test(hex) || hex.length !== 2 * Number(length)) {
    return failed(`\`\\# ${length}\` needs ${Number(length)} bytes in hexadecimal digits`);
  }
  const bytes = Uint8Array.from(Buffer.from(hex, 'hex'));
  return holdsFields(type.fields, bytes) ? ok(bytes) : failed('the bytes are not what this type holds');
}

function holdsFields(fields: readonly FieldKind[] | null, bytes: Uint8Array): boolean {
  if (fields === null) return true;
  let at = 0;
  for (const kind of fields) {
    at = endOfField(kind, bytes, at);
    if (at < 0 || at > bytes.length) return false;
  }
  return at === bytes.length;
}

const fixedBytes: Readonly<Partial<Record<FieldKind, number>>> = {
  u8: 1,
  u16: 2,
  u32: 4,
  seconds: 4,
  ipv4: 4,
  ipv6: 16,
};

function endOfField(kind: FieldKind, bytes: Uint8Array, at: number): number {
  const fixed = fixedBytes[kind];
  if (fixed !== undefined) return at + fixed;
  if (kind === 'name') return readPlainName(bytes, at)?.end ?? -1;
  if (kind === 'tag') return at + 1 + (bytes[at] ?? maxDataBytes);
  if (kind === 'value') return bytes.length;
  let end = at;
  do end += 1 + (bytes[end] ?? maxDataBytes);
  while (end < bytes.length);
  return end;
}

function numberBytes(value: number, size: number): Uint8Array {
  const bytes = new Uint8Array(size);
  for (let at = size - 1, rest = value; at >= 0; at -= 1, rest = Math.floor(rest / 256)) bytes[at] = rest % 256;
  return bytes;
}

function joined(parts: readonly Uint8Array[]): Result<Uint8Array, string> {
  if (parts.length === 1 && parts[0] !== undefined) return ok(parts[0]);
  const length = parts.reduce((sum, part) => sum + part.length, 0);
  if (length > maxDataBytes) return failed(`a record holds at most ${maxDataBytes} bytes`);
  const bytes = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return ok(bytes);
}
