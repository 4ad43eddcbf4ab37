import { failed, ok, quoteInput, type Result } from '../../base/index.ts';
import { writeName } from '../../wire/index.ts';

/** RFC 1035 section 2.3.4: 255 bytes on the wire, where no label needs an escape. */
const maxPlainCharacters = 253;

const dot = 0x2e;
const backslash = 0x5c;
const plainName = /^[A-Za-z0-9_*-]{1,63}(?:\.[A-Za-z0-9_*-]{1,63})*\.?$/;
/** A dot at the end that no backslash makes part of the label. */
const lastDot = /(?<!\\)(?:\\\\)*\.$/;
const encoder = new TextEncoder();

/**
 * Reads a name as a zone file spells it: `@` is the origin, one without a last dot stands below it. Gives the name without a last dot, case
 * kept, with escapes only where a byte needs one (`a\.b.example`). The failure says why, for people.
 */
export function readZoneName(text: string, origin: string): Result<string, string> {
  if (text === '@') return ok(origin);
  if (text === '.') return ok('');
  const isPlain = plainName.test(text);
  const spelled = isPlain ? text : spellName(text);
  if (spelled === null) return failed(`${quoteInput(text)} is not a name`);
  const name = lastDot.test(spelled) ? spelled.slice(0, -1) : below(spelled, origin);
  if (isPlain && name.length <= maxPlainCharacters && !name.includes('\\')) return ok(name);
  const isName = name !== '' && !lastDot.test(name) && writeName(name) !== null;
  return isName ? ok(name) : failed(`${quoteInput(text)} is not a name`);
}

/** The byte that an escape stands for (`\DDD`, `\X`) and how many characters it has after the backslash; null for half of one. */
export function readEscape(text: string, at: number): { readonly byte: number; readonly length: number } | null {
  const first = text.charCodeAt(at);
  if (Number.isNaN(first) || first > 0x7f) return null;
  if (first < 0x30 || first > 0x39) return { byte: first, length: 1 };
  const digits = text.slice(at, at + 3);
  if (!/^[0-9]{3}$/.test(digits) || Number(digits) > 255) return null;
  return { byte: Number(digits), length: 3 };
}

/** The name without its first label, or null for the root: `b.c` of `a.b.c`. Dots inside a label stand behind a backslash. */
export function parentOf(name: string): string | null {
  if (name === '') return null;
  for (let at = 0; at < name.length; at += 1) {
    const code = name.charCodeAt(at);
    if (code === backslash) at += 1;
    else if (code === dot) return name.slice(at + 1);
  }
  return '';
}

// Every character in the one spelling that the wire's names have; dots between labels stay, and the last one goes.
function spellName(text: string): string | null {
  let name = '';
  let at = 0;
  while (at < text.length) {
    const taken = text.charCodeAt(at) === dot ? { spelled: '.', length: 1 } : takeCharacter(text, at);
    if (taken === null) return null;
    name += taken.spelled;
    at += taken.length;
  }
  return name;
}

// Beyond ASCII a name holds the bytes of UTF-8, as everywhere in the file.
function takeCharacter(text: string, at: number): { readonly spelled: string; readonly length: number } | null {
  const point = text.codePointAt(at) ?? 0;
  if (point === backslash) {
    const escaped = readEscape(text, at + 1);
    return escaped === null ? null : { spelled: spellByte(escaped.byte), length: escaped.length + 1 };
  }
  if (point < 0x80) return { spelled: spellByte(point), length: 1 };
  let spelled = '';
  for (const byte of encoder.encode(String.fromCodePoint(point))) spelled += spellByte(byte);
  return { spelled, length: point > 0xffff ? 2 : 1 };
}

function below(name: string, origin: string): string {
  return origin === '' ? name : `${name}.${origin}`;
}

function spellByte(byte: number): string {
  if (byte === dot || byte === backslash) return `\\${String.fromCharCode(byte)}`;
  if (byte > 0x20 && byte < 0x7f) return String.fromCharCode(byte);
  return `\\${String(byte).padStart(3, '0')}`;
}
