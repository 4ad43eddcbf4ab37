/** An attribute of HCL with the literal texts of its value, `${…}` in them kept as `*`; the expression itself is never evaluated. */
export interface HclAttribute {
  readonly kind: 'attribute';
  readonly name: string;
  readonly line: number;
  readonly literals: readonly HclLiteral[];
}

/** A literal in a value. `path`: keys of the objects around it (`environment.DB_HOST`); `isBlock`: a heredoc, whose lines are the file's. */
export interface HclLiteral {
  readonly path: string;
  readonly line: number;
  readonly text: string;
  readonly isBlock: boolean;
}

/** A block: `resource "aws_instance" "web" { … }`. */
export interface HclBlock {
  readonly kind: 'block';
  readonly type: string;
  readonly labels: readonly string[];
  readonly line: number;
  readonly body: readonly HclItem[];
}

/** What a body holds. */
export type HclItem = HclAttribute | HclBlock;

/** What was read, and where it could not be gone on. */
export interface HclReading {
  readonly items: readonly HclItem[];
  readonly faults: readonly { readonly line: number; readonly message: string }[];
}

/** The deepest nesting of blocks and brackets. */
const maxDepth = 50;

/** The most faults of a file; after each, reading goes on at the next line. */
const maxFaults = 20;

/**
 * Reads the shape of HCL (terraform-json and HCL native syntax specification): blocks, attributes, strings, heredocs, comments. Of
 * expressions only the literal strings and numbers are kept. What cannot be read is told, and reading goes on. Never throws.
 */
export function readHcl(text: string): HclReading {
  const reader = new HclReader(text);
  return { items: reader.body(0), faults: reader.faults };
}

class HclReader {
  readonly faults: { line: number; message: string }[] = [];
  readonly #text: string;
  #at = 0;
  #line = 1;

  constructor(text: string) {
    this.#text = text;
    if (text.startsWith('\uFEFF')) this.#at = 1;
  }

  body(depth: number): readonly HclItem[] {
    const items: HclItem[] = [];
    while (!this.#endsBody(depth) && this.faults.length < maxFaults) {
      const item = this.#item(depth);
      if (item !== null) items.push(item);
    }
    return items;
  }

  /** Whether the body ends here: at the end of the file, or at its `}`, which is stepped over. */
  #endsBody(depth: number): boolean {
    this.#skip(true);
    if (this.#at >= this.#text.length) {
      if (depth > 0) this.#fault('a block has no closing `}`');
      return true;
    }
    if (this.#text[this.#at] !== '}') return false;
    this.#at += 1;
    if (depth > 0) return true;
    this.#fault('a `}` that closes nothing');
    return this.faults.length >= maxFaults || this.#endsBody(depth);
  }

  #item(depth: number): HclItem | null {
    const line = this.#line;
    const name = this.#take(/[\p{L}_][\p{L}\p{N}_-]*|"[^"\\\n${]{1,200}"/uy);
    if (name === '') return this.#recover('neither an attribute nor a block starts here');
    this.#skip(false);
    if (this.#text[this.#at] === '=' && this.#text[this.#at + 1] !== '=') {
      this.#at += 1;
      return { kind: 'attribute', name: bare(name), line, literals: this.#expression() };
    }
    const labels: string[] = [];
    for (let label = this.#label(); label !== ''; label = this.#label()) labels.push(bare(label));
    if (this.#text[this.#at] !== '{') return this.#recover('a name without `=` and without a block');
    if (depth >= maxDepth) return this.#recover(`blocks are nested deeper than ${maxDepth}`);
    this.#at += 1;
    return { kind: 'block', type: bare(name), labels, line, body: this.body(depth + 1) };
  }

  #label(): string {
    const label = this.#take(/"(?:[^"\\\n]|\\.){0,300}"|[\p{L}_][\p{L}\p{N}_-]*/uy);
    this.#skip(false);
    return label;
  }

  /** Reads to the end of the value: the end of the line outside all brackets. Object keys are kept as the path of their values. */
  #expression(): readonly HclLiteral[] {
    const literals: HclLiteral[] = [];
    const open: { readonly bracket: string; key: string }[] = [];
    for (;;) {
      this.#skip(open.length > 0);
      const first = this.#text[this.#at];
      if (first === undefined || (open.length === 0 && (first === '\n' || first === '}'))) return literals;
      if (!this.#step(first, open, literals)) return literals;
      if (this.faults.length >= maxFaults) return literals;
    }
  }

  #step(first: string, open: { readonly bracket: string; key: string }[], literals: HclLiteral[]): boolean {
    const inner = open.at(-1);
    if ('{[('.includes(first)) {
      open.push({ bracket: first, key: '' });
      this.#at += 1;
      if (open.length <= maxDepth) return true;
      this.#recover(`brackets are nested deeper than ${maxDepth}`);
      return false;
    }
    if ('}])'.includes(first)) {
      open.pop();
      this.#at += 1;
      const outer = open.at(-1);
      if (outer?.bracket === '{') outer.key = '';
      return true;
    }
    const start = this.#at;
    const literal = this.#literal(
      first,
      open
        .map(({ key }) => key)
        .filter((key) => key !== '')
        .join('.'),
    );
    if (inner?.bracket === '{' && this.#isKeyEnd(start)) inner.key = literal?.text ?? '';
    else if (literal !== null && literal.text !== '') literals.push(literal);
    return true;
  }

  /** After a text inside `{ }`: whether `=` or `:` follows and makes it a key (in `a ? b : c` it does not). Steps over that. */
  #isKeyEnd(start: number): boolean {
    this.#skip(false);
    const before = this.#text.slice(Math.max(0, start - 200), start).trimEnd();
    if (this.#text[this.#at] === ':' && before.endsWith('?')) return false;
    const next = this.#text[this.#at];
    if ((next !== '=' && next !== ':') || this.#text[this.#at + 1] === '=') return false;
    this.#at += this.#text[this.#at + 1] === '>' ? 2 : 1;
    return true;
  }

  #literal(first: string, path: string): HclLiteral | null {
    const line = this.#line;
    if (first === '"') return { path, line, text: this.#string(), isBlock: false };
    if (first === '<') {
      const text = this.#heredoc();
      if (text !== null) return { path, line: line + 1, text, isBlock: true };
    }
    const word = this.#take(/[\p{L}_][\p{L}\p{N}_-]*(?:\.[\p{L}\p{N}_*-]+)*|\d[\d.]*/uy);
    if (word === '') this.#at += 1;
    const isKept = /^\d/.test(word) || !word.includes('.');
    return word === '' || !isKept ? null : { path, line, text: this.#isNumberOrKey(word) ? word : '', isBlock: false };
  }

  /** A word is kept only as a key, number or boolean: as a value it is a reference or the name of a function. */
  #isNumberOrKey(word: string): boolean {
    if (/^(?:\d|true$|false$)/.test(word)) return true;
    return /^[ \t]*(?:=(?!=)|:)/.test(this.#text.slice(this.#at, this.#at + 40));
  }

  #string(): string {
    let text = '';
    this.#at += 1;
    while (this.#at < this.#text.length) {
      const character = this.#text[this.#at] ?? '';
      if (character === '"' || character === '\n') break;
      if (character === '\\') text += this.#escape();
      else if (this.#opensHole()) text += this.#hole();
      else {
        text += character;
        this.#at += 1;
      }
    }
    if (this.#text[this.#at] === '"') this.#at += 1;
    else this.#fault('a text has no closing quote');
    return text;
  }

  #escape(): string {
    const character = this.#text[this.#at + 1] ?? '';
    this.#at += 2;
    return { n: '\n', t: '\t', r: '\r' }[character] ?? character;
  }

  /** `${` and `%{`; doubled (`$${`) they are plain text. */
  #opensHole(): boolean {
    const mark = this.#text.slice(this.#at, this.#at + 2);
    return (mark === '${' || mark === '%{') && this.#text[this.#at - 1] !== mark[0];
  }

  /** Steps over a template, with the strings and templates inside it. */
  #hole(): string {
    const isDirective = this.#text[this.#at] === '%';
    let depth = 0;
    for (let i = this.#at + 1; i < this.#text.length; i++) {
      const character = this.#text[i];
      if (character === '\n') this.#line += 1;
      if (character === '{') depth += 1;
      if (character === '}') depth -= 1;
      if (depth > 0) continue;
      this.#at = i + 1;
      return isDirective ? '' : '*';
    }
    this.#fault('a template has no closing `}`');
    this.#at = this.#text.length;
    return '*';
  }

  #heredoc(): string | null {
    const opening = /<<(-?)([\p{L}_][\p{L}\p{N}_-]{0,100})[ \t]*\r?\n/uy;
    opening.lastIndex = this.#at;
    const found = opening.exec(this.#text);
    if (found === null) return null;
    const from = opening.lastIndex;
    const closing = new RegExp(`^[ \\t]*${found[2]}[ \\t]*\\r?$`, 'mu');
    const end = closing.exec(this.#text.slice(from));
    if (end === null) this.#fault('a heredoc has no end');
    const body = this.#text.slice(from, end === null ? this.#text.length : from + end.index);
    this.#at = end === null ? this.#text.length : from + end.index + end[0].length;
    this.#line += body.split('\n').length;
    return body.replaceAll(/(?<![$])\$\{(?:[^{}"]|"[^"]*"|\{[^{}]*\}){0,500}\}/g, '*');
  }

  /** Steps over blanks and comments, and over line ends and commas where those mean nothing. */
  #skip(withLines: boolean): void {
    const blank = withLines ? ' \t\r\n,' : ' \t\r';
    for (; this.#at < this.#text.length; this.#at++) {
      const character = this.#text[this.#at] ?? '';
      if (blank.includes(character)) this.#line += character === '\n' ? 1 : 0;
      else if (!this.#skipComment(character)) return;
    }
  }

  #skipComment(character: string): boolean {
    const next = this.#text[this.#at + 1];
    if (character === '#' || (character === '/' && next === '/')) this.#toLineEnd();
    else if (character === '/' && next === '*') this.#skipBlockComment();
    else return false;
    return true;
  }

  /** Leaves the place before the line end, which the loop looks at next. */
  #toLineEnd(): void {
    const end = this.#text.indexOf('\n', this.#at);
    this.#at = (end < 0 ? this.#text.length : end) - 1;
  }

  #skipBlockComment(): void {
    const end = this.#text.indexOf('*/', this.#at + 2);
    const stop = end < 0 ? this.#text.length : end + 1;
    for (let i = this.#at; i < stop; i++) if (this.#text[i] === '\n') this.#line += 1;
    this.#at = stop;
  }

  #take(pattern: RegExp): string {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#text)?.[0] ?? '';
    this.#at += found.length;
    return found;
  }

  #recover(message: string): null {
    this.#fault(message);
    this.#toLineEnd();
    this.#at += 1;
    return null;
  }

  #fault(message: string): void {
    if (this.faults.length < maxFaults) this.faults.push({ line: this.#line, message });
  }
}

function bare(name: string): string {
  return name.startsWith('"') ? name.slice(1, -1) : name;
}
