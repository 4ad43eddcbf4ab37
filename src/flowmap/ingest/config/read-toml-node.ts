import { parse } from 'smol-toml';
import { type ConfigNode, maxConfigDepth } from './config-node.ts';
import type { NodeReading } from './read-json-node.ts';

/** The longest TOML file that is read; manifests stay below 100,000 characters, and lock files are read by lines. */
const maxLength = 2_000_000;

/**
 * Reads TOML as nodes. The library tells no places: the line of each text is that of its next occurrence, for texts come in the order of the
 * file; one that was escaped there keeps the line of the text before it. Never throws.
 */
export function readTomlNode(text: string): NodeReading {
  if (text.length > maxLength) {
    return { node: null, fault: { line: 1, message: `TOML of more than ${maxLength} characters is not read` } };
  }
  try {
    return { node: new PlainWriter(text).write(parse(text, { maxDepth: 50 }), 0), fault: null };
  } catch (error) {
    const isPlaced = typeof error === 'object' && error !== null && 'line' in error;
    return { node: null, fault: { line: isPlaced ? Number(error.line) : 1, message: 'broken TOML' } };
  }
}

class PlainWriter {
  readonly #source: string;
  #at = 0;
  #line = 1;
  #counted = 0;

  constructor(source: string) {
    this.#source = source;
  }

  write(value: unknown, depth: number): ConfigNode {
    if (depth > maxConfigDepth) return { kind: 'text', line: this.#line, text: '', isBlock: false };
    if (Array.isArray(value))
      return { kind: 'list', line: this.#line, items: value.map((item) => this.write(item, depth + 1)) };
    if (typeof value === 'object' && value !== null && !(value instanceof Date)) return this.#map(value, depth);
    const text = value === null || value === undefined ? '' : String(value);
    return { kind: 'text', line: this.#find(text), text, isBlock: false };
  }

  #map(value: object, depth: number): ConfigNode {
    const line = this.#line;
    const entries = Object.entries(value).map(([key, inner]) => {
      const keyLine = this.#find(key);
      return { key, line: keyLine, value: this.write(inner, depth + 1) };
    });
    return { kind: 'map', line, entries };
  }

  #find(text: string): number {
    const first = text.split('\n', 1)[0] ?? '';
    const found = first === '' ? -1 : this.#source.indexOf(first, this.#at);
    if (found < 0) return this.#line;
    for (; this.#counted < found; this.#counted++) if (this.#source[this.#counted] === '\n') this.#line += 1;
    this.#at = found + first.length;
    return this.#line;
  }
}
