import { type ConfigEntry, type ConfigNode, maxConfigDepth } from './config-node.ts';

/** What a file came to: what could be read of it, and what stopped the reading. */
export interface NodeReading {
  readonly node: ConfigNode | null;
  readonly fault: { readonly line: number; readonly message: string } | null;
}

/**
 * Reads JSON with the line of each value, which `JSON.parse` does not tell. Comments and trailing commas are taken, as
 * `appsettings.json` and `tsconfig.json` have them. A file that is cut short gives what came before. Never throws.
 */
export function readJsonNode(text: string, firstLine: number = 1): NodeReading {
  const reader = new JsonReader(text, firstLine);
  const node = reader.value(0);
  if (node !== null) reader.end();
  return { node, fault: reader.fault };
}

/** JSON that was given as text inside a value (`container_definitions`): null unless it is a whole object or list. */
export function readInnerJson(text: string, firstLine: number): ConfigNode | null {
  if (!/^\s*[[{]/.test(text)) return null;
  const { node, fault } = readJsonNode(text, firstLine);
  return fault === null ? node : null;
}

class JsonReader {
  fault: NodeReading['fault'] = null;
  readonly #text: string;
  #at = 0;
  #line: number;

  constructor(text: string, firstLine: number) {
    this.#text = text;
    this.#line = firstLine;
    if (text.startsWith('\uFEFF')) this.#at = 1;
  }

  value(depth: number): ConfigNode | null {
    this.#skipBlank();
    const first = this.#text[this.#at];
    if (first === '{') return this.#map(depth);
    if (first === '[') return this.#list(depth);
    const line = this.#line;
    const text = first === '"' ? this.#string() : this.#word();
    return text === null ? null : { kind: 'text', line, text, isBlock: false };
  }

  end(): void {
    this.#skipBlank();
    if (this.#at < this.#text.length) this.#stop('there is text behind the end of the JSON value');
  }

  #map(depth: number): ConfigNode {
    const line = this.#line;
    const entries: ConfigEntry[] = [];
    if (!this.#enter(depth)) return { kind: 'map', line, entries };
    while (!this.#closes('}')) {
      const keyLine = this.#line;
      const key = this.#key();
      const value = key === null ? null : this.value(depth + 1);
      if (key !== null && value !== null) entries.push({ key, line: keyLine, value });
      if (!this.#goesOn('}')) break;
    }
    return { kind: 'map', line, entries };
  }

  #list(depth: number): ConfigNode {
    const line = this.#line;
    const items: ConfigNode[] = [];
    if (!this.#enter(depth)) return { kind: 'list', line, items };
    while (!this.#closes(']')) {
      const value = this.value(depth + 1);
      if (value !== null) items.push(value);
      if (!this.#goesOn(']')) break;
    }
    return { kind: 'list', line, items };
  }

  #key(): string | null {
    const key = this.#text[this.#at] === '"' ? this.#string() : null;
    if (key !== null && this.#takes(':')) return key;
    return this.#stop('no key and colon');
  }

  /** After an element: whether a comma or the closing bracket follows, and nothing is broken. */
  #goesOn(bracket: string): boolean {
    if (this.fault !== null) return false;
    if (this.#takes(',') || this.#text[this.#at] === bracket) return true;
    this.#stop('no comma and no closing bracket');
    return false;
  }

  #enter(depth: number): boolean {
    this.#at += 1;
    if (depth < maxConfigDepth) return true;
    this.#stop(`JSON is nested deeper than ${maxConfigDepth}`);
    return false;
  }

  #closes(bracket: string): boolean {
    this.#skipBlank();
    if (this.#at >= this.#text.length) this.#stop('the JSON ends too early');
    if (this.fault !== null) return true;
    if (this.#text[this.#at] !== bracket) return false;
    this.#at += 1;
    return true;
  }

  #takes(character: string): boolean {
    this.#skipBlank();
    if (this.#text[this.#at] !== character) return false;
    this.#at += 1;
    this.#skipBlank();
    return true;
  }

  #string(): string | null {
    let end = this.#at + 1;
    let isEscaped = false;
    for (; this.#text[end] !== '"'; end++) {
      if (end >= this.#text.length || this.#text[end] === '\n') return this.#stop('a text has no closing quote');
      if (this.#text[end] !== '\\') continue;
      isEscaped = true;
      end += 1;
    }
    const raw = this.#text.slice(this.#at, end + 1);
    this.#at = end + 1;
    return isEscaped ? this.#unescaped(raw) : raw.slice(1, -1);
  }

  #unescaped(raw: string): string | null {
    try {
      return String(JSON.parse(raw));
    } catch {
      return this.#stop('a text has an escape that JSON does not know');
    }
  }

  #word(): string | null {
    word.lastIndex = this.#at;
    const found = word.exec(this.#text)?.[0] ?? '';
    if (found === '') return this.#stop(this.#at >= this.#text.length ? 'the JSON ends too early' : 'no JSON value');
    this.#at += found.length;
    return found === 'null' ? '' : found;
  }

  #skipBlank(): void {
    for (; this.#at < this.#text.length; this.#at++) {
      const character = this.#text[this.#at];
      if (character === '\n') this.#line += 1;
      else if (character === '/') {
        if (!this.#skipComment()) return;
      } else if (character !== ' ' && character !== '\t' && character !== '\r') return;
    }
  }

  /** Leaves the place before the last character of the comment, which the loop steps over. */
  #skipComment(): boolean {
    const mark = this.#text.slice(this.#at, this.#at + 2);
    if (mark !== '//' && mark !== '/*') return false;
    const stop = this.#text.indexOf(mark === '//' ? '\n' : '*/', this.#at + 2);
    const end = stop < 0 ? this.#text.length : stop;
    for (let i = this.#at; i < end; i++) if (this.#text[i] === '\n') this.#line += 1;
    this.#at = mark === '//' ? end - 1 : end + 1;
    return true;
  }

  #stop(message: string): null {
    this.fault ??= { line: this.#line, message };
    return null;
  }
}

const word = /(?:true|false|null|-?\d[\d.eE+-]{0,40})/y;
