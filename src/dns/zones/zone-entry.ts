import { failed, ok, type Result } from '../../base/index.ts';

/** Far more than any record needs: a TXT of 65,535 bytes in strings of 16. */
const maxEntryTokens = 8192;
const maxParentheses = 16;

const space = 0x20;
const tab = 0x09;
const carriageReturn = 0x0d;
const quote = 0x22;
const open = 0x28;
const close = 0x29;
const semicolon = 0x3b;
const backslash = 0x5c;

/** Whether an entry is whole, or goes on in the next line inside parentheses. */
export type EntryState = 'whole' | 'open';

/**
 * Joins the lines of a zone file into entries (RFC 1035 section 5.1): comments are gone, parentheses are closed, words are apart. A quoted
 * string keeps its first quote (`"v=spf1 -all`), by which it is told from a word. Escapes are left as written.
 */
export class EntryReader {
  tokens: string[] = [];
  /** Whether the entry begins with the owner: its first line does not start with a blank. */
  hasOwner = false;
  #depth = 0;

  /** Takes the next line, without its end. The failure says why, for people. */
  take(line: string): Result<EntryState, string> {
    if (this.#depth === 0) {
      this.tokens = [];
      const first = line.charCodeAt(0);
      this.hasOwner = first !== space && first !== tab;
    }
    const why = this.#split(line);
    if (why !== null) return failed(why);
    return ok(this.#depth === 0 ? 'whole' : 'open');
  }

  #split(line: string): string | null {
    let at = 0;
    while (at < line.length) {
      const code = line.charCodeAt(at);
      if (code === semicolon) return null;
      const next = isBlank(code) ? at + 1 : this.#step(line, at, code);
      if (typeof next === 'string') return next;
      at = next;
    }
    return null;
  }

  // Takes what stands at a place, and gives the place after it, or why that is not possible.
  #step(line: string, at: number, code: number): number | string {
    if (code === open || code === close) return this.#nest(code) ?? at + 1;
    const end = code === quote ? endOfQuoted(line, at + 1) : endOfWord(line, at);
    if (end < 0) return 'a quoted string does not end on its line';
    if (this.tokens.length >= maxEntryTokens) return `an entry has more than ${maxEntryTokens} words`;
    this.tokens.push(line.slice(at, end));
    return code === quote ? end + 1 : end;
  }

  #nest(code: number): string | null {
    this.#depth += code === open ? 1 : -1;
    if (this.#depth < 0) return 'a `)` closes nothing';
    return this.#depth > maxParentheses ? `more than ${maxParentheses} parentheses are open` : null;
  }
}

function isBlank(code: number): boolean {
  return code === space || code === tab || code === carriageReturn;
}

function endOfQuoted(line: string, start: number): number {
  for (let at = start; at < line.length; at += 1) {
    const code = line.charCodeAt(at);
    if (code === backslash) at += 1;
    else if (code === quote) return at;
  }
  return -1;
}

function endOfWord(line: string, start: number): number {
  for (let at = start; at < line.length; at += 1) {
    const code = line.charCodeAt(at);
    if (code === backslash) at += 1;
    else if (isBlank(code) || code === semicolon || code === open || code === close || code === quote) return at;
  }
  return line.length;
}
