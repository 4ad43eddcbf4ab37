/**
 * Reads `key=value key="quoted value"` pairs, separated by blanks or by `separator`. In quotes a backslash keeps the next character.
 * A key that comes again replaces the earlier one; text between pairs is passed over. Keys are as written.
 */
export function parseKeyValues(text: string, separator: string = ' '): ReadonlyMap<string, string> {
  const pairs = new Map<string, string>();
  let at = 0;
  while (at < text.length) {
    const equals = text.indexOf('=', at);
    if (equals < 0) break;
    const key = keyBefore(text, at, equals, separator);
    const value = text[equals + 1] === '"' ? quotedFrom(text, equals + 2) : plainFrom(text, equals + 1, separator);
    if (key !== '') pairs.set(key, value.text);
    at = value.end;
  }
  return pairs;
}

/** The header and the extension of a CEF record (ArcSight Common Event Format), wherever it starts in the line. */
export interface CefRecord {
  readonly vendor: string;
  readonly product: string;
  readonly version: string;
  readonly signature: string;
  readonly name: string;
  readonly extension: ReadonlyMap<string, string>;
}

/** Reads a CEF record; null where the line holds none. `\|`, `\\` and `\=` are undone; values may hold blanks. */
export function parseCef(text: string): CefRecord | null {
  const start = text.indexOf('CEF:');
  if (start < 0) return null;
  const header = splitEscaped(text.slice(start + 4), '|', 7);
  if (header.length < 8) return null;
  const [, vendor = '', product = '', version = '', signature = '', name = '', , extension = ''] = header;
  return { vendor, product, version, signature, name, extension: parseCefExtension(extension) };
}

function parseCefExtension(text: string): ReadonlyMap<string, string> {
  const pairs = new Map<string, string>();
  const keys = [...text.matchAll(/(?:^|\s)([A-Za-z0-9_.[\]-]+)(?<!\\)=/g)];
  for (const [index, found] of keys.entries()) {
    const from = found.index + found[0].length;
    const until = keys[index + 1]?.index ?? text.length;
    pairs.set(found[1] ?? '', unescapeCef(text.slice(from, until).trimEnd()));
  }
  return pairs;
}

/** In one go: of `C:\\new` the second backslash belongs to the first, and makes no line end of the `n`. */
function unescapeCef(value: string): string {
  return value.replace(/\\([=|\\nr])/g, (_, escaped: string) => cefLineEnds[escaped] ?? escaped);
}

const cefLineEnds: Readonly<Record<string, string>> = { n: '\n', r: '\r' };

/** Splits at a separator that has no backslash before it, into at most `most` + 1 parts; the last one is left as it is. */
function splitEscaped(text: string, separator: string, most: number): readonly string[] {
  const parts: string[] = [];
  let part = '';
  for (let i = 0; i < text.length; i++) {
    const character = text[i] ?? '';
    if (character === '\\' && (text[i + 1] === separator || text[i + 1] === '\\')) {
      part += text[i + 1];
      i += 1;
    } else if (character === separator) {
      parts.push(part);
      part = '';
      if (parts.length === most) return [...parts, text.slice(i + 1)];
    } else part += character;
  }
  return [...parts, part];
}

interface Value {
  readonly text: string;
  readonly end: number;
}

function keyBefore(text: string, from: number, equals: number, separator: string): string {
  const head = text.slice(from, equals);
  const start = Math.max(head.lastIndexOf(separator), head.lastIndexOf(' '));
  return head.slice(start + 1).trim();
}

function quotedFrom(text: string, from: number): Value {
  let value = '';
  for (let i = from; i < text.length; i++) {
    const character = text[i] ?? '';
    if (character === '\\' && (text[i + 1] === '"' || text[i + 1] === '\\')) {
      value += text[i + 1];
      i += 1;
    } else if (character === '"') return { text: value, end: i + 1 };
    else value += character;
  }
  return { text: value, end: text.length };
}

function plainFrom(text: string, from: number, separator: string): Value {
  const end = text.indexOf(separator, from);
  return end < 0 ? { text: text.slice(from), end: text.length } : { text: text.slice(from, end), end: end + 1 };
}
