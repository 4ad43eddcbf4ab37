import { failed, ok, type Result } from '../../base/index.ts';

/**
 * How a logger writes a value, which says where it ends and how to read it:
 * - `raw`: as it is, up to the text that follows;
 * - `percent`: `%20` for a blank;
 * - `backslash`: `\"` for a quote, within quotes that the grammar itself writes;
 * - `quoted`: in quotes of its own, or without where nothing asks for them;
 * - `braced`: in braces, or left out together with a blank;
 * - `list`: several values, `a, b : c`, so that a blank after a comma does not end it;
 * - `time`: a time of common log format, whose own blank does not end it;
 * - `address`: an address, where a colon may be its own or that before a port.
 */
export type ValueEncoding = 'raw' | 'percent' | 'backslash' | 'quoted' | 'braced' | 'list' | 'time' | 'address';

/** A value in a grammar: its name there (`%>a`, `$remote_addr`) and how it is written. */
export interface TemplateField {
  readonly name: string;
  readonly encoding: ValueEncoding;
}

/** A piece of a grammar: text that stands in every line, or a value. */
export type TemplatePiece = string | TemplateField;

/** A grammar that reads lines. */
export interface LineTemplate {
  /** The place of the first of these names that the grammar has; -1 where it has none. */
  indexOf(...names: readonly string[]): number;
  /** The values of a line in the order of the grammar, escapes undone; null where the line is not of this grammar. */
  read(line: string): readonly string[] | null;
}

/**
 * Makes a reader of the grammar's pieces. With `blanks` `loose` a run of blanks counts as one (padded columns, values left out), with
 * `exact` each blank separates. Reading a line takes time in proportion to its length, whatever the line. Fails with what is wrong:
 * two values that nothing separates.
 */
export function compileTemplate(
  pieces: readonly TemplatePiece[],
  blanks: 'loose' | 'exact',
): Result<LineTemplate, string> {
  const parts = joinTexts(pieces, blanks === 'loose');
  const at = parts.findIndex((part, index) => typeof part !== 'string' && typeof (parts[index + 1] ?? '') !== 'string');
  const [first, second] = [parts[at], parts[at + 1]];
  if (at >= 0 && typeof first === 'object' && typeof second === 'object') {
    return failed(`nothing separates \`${first.name}\` from \`${second.name}\``);
  }
  const names = parts.filter((part) => typeof part !== 'string').map(({ name }) => name);
  return ok({
    indexOf: (...wanted) => names.indexOf(wanted.find((name) => names.includes(name)) ?? ''),
    read: (line) => readLine(parts, line, blanks === 'loose'),
  });
}

/** Where each thing stands among the values of a line, by the names that tell it, best first; -1 where the grammar has none of them. */
export function placesOf<Thing extends string>(
  template: LineTemplate,
  namesOf: Readonly<Record<Thing, readonly string[]>>,
): Readonly<Record<Thing, number>> {
  const entries = Object.entries<readonly string[]>(namesOf).map(([thing, names]) => [
    thing,
    template.indexOf(...names),
  ]);
  return Object.fromEntries(entries) as Record<Thing, number>;
}

// Texts that follow one another become one, and in loose grammars runs of blanks become one blank.
function joinTexts(pieces: readonly TemplatePiece[], isLoose: boolean): readonly TemplatePiece[] {
  const joined: TemplatePiece[] = [];
  for (const piece of pieces) {
    const last = joined.at(-1);
    if (typeof piece === 'string' && typeof last === 'string') joined[joined.length - 1] = last + piece;
    else if (piece !== '') joined.push(piece);
  }
  return isLoose ? joined.map((part) => (typeof part === 'string' ? part.replace(/ +/g, ' ') : part)) : joined;
}

function readLine(parts: readonly TemplatePiece[], line: string, isLoose: boolean): readonly string[] | null {
  const values: string[] = [];
  let at = 0;
  for (const [index, part] of parts.entries()) {
    if (typeof part === 'string') at = endOfText(line, at, part, isLoose);
    else {
      const value = readValue(line, { at, part, until: textOrNull(parts[index + 1]), isLoose });
      if (value === null) return null;
      at = value.end;
      values.push(value.text);
    }
    if (at < 0) return null;
  }
  return line.slice(at).trim() === '' ? values : null;
}

function textOrNull(part: TemplatePiece | undefined): string | null {
  return typeof part === 'string' ? part : null;
}

/** Where the text that starts at `at` ends; -1 where another text stands there. */
function endOfText(line: string, at: number, text: string, isLoose: boolean): number {
  if (!isLoose) return line.startsWith(text, at) ? at + text.length : -1;
  let end = at;
  for (const character of text) {
    end = character === ' ' ? endOfBlanks(line, end) : endOfCharacter(line, end, character);
    if (end < 0) return -1;
  }
  return end;
}

function endOfCharacter(line: string, at: number, character: string): number {
  return line[at] === character ? at + 1 : -1;
}

// The end of the line stands for trailing blanks, and a value that was left out took its blank with it.
function endOfBlanks(line: string, at: number): number {
  const end = skipBlanks(line, at);
  return end > at || at === 0 || at >= line.length || line[at - 1] === ' ' ? end : -1;
}

interface Place {
  readonly at: number;
  readonly part: TemplateField;
  /** The text that ends the value; null: the end of the line. */
  readonly until: string | null;
  readonly isLoose: boolean;
}

interface Value {
  readonly text: string;
  readonly end: number;
}

function readValue(line: string, place: Place): Value | null {
  const from = place.isLoose && place.at === 0 ? skipBlanks(line, 0) : place.at;
  switch (place.part.encoding) {
    case 'time':
      return readTime(line, from) ?? readUntil(line, from, place);
    case 'address':
      return readAddress(line, from, place) ?? readUntil(line, from, place);
    case 'braced':
      return readBraced(line, from);
    case 'quoted':
      return line[from] === '"' ? readQuoted(line, from, place) : readUntil(line, from, place);
    case 'backslash':
    case 'list':
    case 'percent':
    case 'raw':
      return readUntil(line, from, place);
    default:
      return place.part.encoding satisfies never;
  }
}

function readUntil(line: string, from: number, place: Place): Value | null {
  const { until, part } = place;
  if (until === null) return { text: decode(line.slice(from).trimEnd(), part.encoding), end: line.length };
  const mark = until[0] ?? '';
  // Each run of blanks is looked at once: a line of nothing but blanks must not take quadratic time.
  const after = (end: number): number => (place.isLoose && mark === ' ' ? skipBlanks(line, end) : end + 1);
  for (let end = line.indexOf(mark, from); end >= 0; end = line.indexOf(mark, after(end))) {
    if (endOfText(line, end, until, place.isLoose) < 0 || goesOn(line, from, end, part.encoding)) continue;
    const text = line.slice(from, end);
    return { text: decode(place.isLoose ? text.trimEnd() : text, part.encoding), end };
  }
  // A blank that would follow is not there at the end of a line.
  return until.trim() === '' ? { text: decode(line.slice(from), part.encoding), end: line.length } : null;
}

/** Whether what looks like the end of a value is a part of it. */
function goesOn(line: string, from: number, end: number, encoding: ValueEncoding): boolean {
  if (encoding === 'backslash') return line[end - 1] === '\\' && backslashesBefore(line, from, end) % 2 === 1;
  if (encoding !== 'list' || line[end] !== ' ') return false;
  const isBefore = line[end - 1] === ',' || (line[end - 1] === ':' && line[end - 2] === ' ');
  return isBefore || (line[end + 1] === ':' && line[end + 2] === ' ');
}

function backslashesBefore(line: string, from: number, end: number): number {
  let count = 0;
  while (end - count > from && line[end - count - 1] === '\\') count += 1;
  return count;
}

function readTime(line: string, from: number): Value | null {
  clfTime.lastIndex = from;
  const found = clfTime.exec(line);
  return found === null ? null : { text: found[0], end: from + found[0].length };
}

const clfTime = /\d{1,2}\/[A-Z][a-z]{2}\/\d{4}:\d\d:\d\d:\d\d(?:\.\d{1,9})?(?: [+-]\d{4})?/y;

// Of `2001:db8::7:54321` the last colon stands before the port.
function readAddress(line: string, from: number, { until }: Place): Value | null {
  if (until?.[0] !== ':') return null;
  addressRun.lastIndex = from;
  const run = addressRun.exec(line)?.[0] ?? '';
  const colon = run.lastIndexOf(':');
  return colon <= 0 ? null : { text: run.slice(0, colon), end: from + colon };
}

const addressRun = /[0-9A-Fa-f:.]*/y;

function readBraced(line: string, from: number): Value | null {
  if (line[from] !== '{') return { text: '', end: from };
  const close = line.indexOf('}', from);
  return close < 0 ? null : { text: line.slice(from + 1, close), end: close + 1 };
}

function readQuoted(line: string, from: number, { until, isLoose }: Place): Value | null {
  for (let close = line.indexOf('"', from + 1); close >= 0; close = line.indexOf('"', close + 1)) {
    if (goesOn(line, from + 1, close, 'backslash')) continue;
    const isEnd = until === null || endOfText(line, close + 1, until, isLoose) >= 0;
    if (isEnd) return { text: decode(line.slice(from + 1, close), 'backslash'), end: close + 1 };
  }
  return null;
}

function decode(text: string, encoding: ValueEncoding): string {
  if (encoding === 'percent') return decodePercent(text);
  return encoding === 'backslash' && text.includes('\\')
    ? text.replace(/\\(.)/gs, (_, c: string) => escapes[c] ?? c)
    : text;
}

const escapes: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t' };

/** Undoes `%20` and its like; text with escapes that are none, or that are no UTF-8, stays as it is. */
export function decodePercent(text: string): string {
  if (!text.includes('%')) return text;
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function skipBlanks(line: string, from: number): number {
  let at = from;
  while (line[at] === ' ') at += 1;
  return at;
}
