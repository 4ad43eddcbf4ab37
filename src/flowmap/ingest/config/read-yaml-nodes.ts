import {
  Composer,
  type CST,
  isAlias,
  isMap,
  isPair,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  Parser,
  type Scalar,
} from 'yaml';
import { type ConfigEntry, type ConfigNode, maxConfigDepth } from './config-node.ts';

type Report = (line: number, message: string) => void;

/** The library keeps some 160 bytes for each byte of a document: four million are 0.6 GB. Many documents cost one at a time. */
const maxDocumentLength = 4 * 1024 * 1024;

/** The most values of one document, those that aliases stand for counted each time: a bomb of aliases ends here. */
const maxNodes = 500_000;

/** How many aliases one document may use; big compose files have some hundred. */
const maxAliasCount = 1_000;

/**
 * Reads every document of a YAML text, with aliases and merge keys (`<<`) written out and tags left aside. A document that is broken
 * gives what could be read of it, and a fault. Never throws, and no message holds text of the file.
 */
export function readYamlNodes(text: string, report: Report): readonly ConfigNode[] {
  const nodes: ConfigNode[] = [];
  for (const part of splitDocuments(text)) {
    if (part.text.length > maxDocumentLength) {
      report(part.line, `a YAML document of more than ${maxDocumentLength} characters is not read: give it as JSON`);
      continue;
    }
    const node = readPart(part, report);
    if (node !== null) nodes.push(node);
  }
  return nodes;
}

interface Part {
  readonly text: string;
  readonly line: number;
}

/** `---` at the start of a line ends a document wherever it stands, in a block text too (YAML 1.2.2 section 9.1.2). */
function splitDocuments(text: string): readonly Part[] {
  const parts: Part[] = [];
  let line = 1;
  for (const part of text.split(/^(?=---(?:\s|$))/m)) {
    if (/^(?!\s*(?:#|%|---\s*$|\.\.\.\s*$)).*\S/m.test(part)) parts.push({ text: part, line });
    line += part.split('\n').length - 1;
  }
  return parts;
}

function readPart(part: Part, report: Report): ConfigNode | null {
  const lines = new LineCounter();
  const lineOf = (offset: number): number => part.line + Math.max(lines.linePos(offset).line, 1) - 1;
  try {
    const composer = new Composer({ merge: true, uniqueKeys: false, logLevel: 'silent', schema: 'core' });
    const tokens = readTokens(part.text, lines, (offset, message) => report(lineOf(offset), message));
    const [document] = [...composer.compose(tokens, true)];
    if (document === undefined) return null;
    for (const { pos, code } of document.errors.slice(0, 3))
      report(lineOf(pos[0]), `broken YAML (${code.toLowerCase()})`);
    return document.contents === null ? null : new NodeWriter(lineOf, report).write(document.contents, 0);
  } catch {
    report(part.line, 'a document could not be read as YAML');
    return null;
  }
}

/** Stops where the nesting gets too deep: the composer is recursive, so this bounds the stack. */
function readTokens(text: string, lines: LineCounter, report: (offset: number, message: string) => void): CST.Token[] {
  const tokens: CST.Token[] = [];
  const parser = new Parser(lines.addNewLine);
  const lexemes = parser.parse(text);
  for (const token of lexemes) {
    if (token.type === 'error') report(token.offset, 'broken YAML');
    else tokens.push(token);
    if (tokens.length > 10) break;
  }
  if (tokens.some((token) => depthOf(token) > maxConfigDepth)) {
    report(0, `lists and maps are nested deeper than ${maxConfigDepth}`);
    return [];
  }
  return tokens;
}

/** Counts nesting without recursion. */
function depthOf(token: CST.Token): number {
  let deepest = 0;
  const open: (readonly [CST.Token, number])[] = [[token, 0]];
  for (let at = open.pop(); at !== undefined; at = open.pop()) {
    const [inner, depth] = at;
    deepest = Math.max(deepest, depth);
    if (deepest > maxConfigDepth) return deepest;
    for (const child of innerTokens(inner)) open.push([child, depth + 1]);
  }
  return deepest;
}

function innerTokens(token: CST.Token): readonly CST.Token[] {
  if (token.type === 'document') return token.value === undefined ? [] : [token.value];
  if (!('items' in token)) return [];
  return token.items.flatMap(({ key, value }) => [...(key ? [key] : []), ...(value ? [value] : [])]);
}

class NodeWriter {
  readonly #lineOf: (offset: number) => number;
  readonly #report: Report;
  readonly #anchors = new Map<string, Node>();
  #nodes = 0;
  #aliases = 0;
  #isFull = false;

  constructor(lineOf: (offset: number) => number, report: Report) {
    this.#lineOf = lineOf;
    this.#report = report;
  }

  write(node: unknown, depth: number): ConfigNode {
    const line = this.#lineOf((node as Node | null)?.range?.[0] ?? 0);
    this.#nodes += 1;
    if (this.#nodes > maxNodes || depth > maxConfigDepth) return this.#full(line);
    if (isAlias(node)) return this.#alias(node.source, line, depth);
    this.#remember(node);
    if (isScalar(node)) return scalarNode(node, line);
    if (isSeq(node)) return { kind: 'list', line, items: node.items.map((item) => this.write(item, depth + 1)) };
    if (isMap(node)) return { kind: 'map', line, entries: this.#entries(node.items, depth) };
    return nothingAt(line);
  }

  /** A key of the map itself wins over a merged one. */
  #entries(items: readonly unknown[], depth: number): readonly ConfigEntry[] {
    const own: ConfigEntry[] = [];
    const merged: ConfigEntry[] = [];
    for (const pair of items) {
      if (!isPair(pair)) continue;
      const key = isScalar(pair.key) ? keyText(pair.key) : '';
      const line = this.#lineOf((pair.key as Node | null)?.range?.[0] ?? 0);
      const value = this.write(pair.value, depth + 1);
      if (key === '<<') merged.unshift(...mergedEntries(value));
      else own.push({ key, line, value });
    }
    const keys = new Set(own.map(({ key }) => key));
    return [...merged.filter(({ key }) => !keys.has(key)), ...own];
  }

  #alias(name: string, line: number, depth: number): ConfigNode {
    this.#aliases += 1;
    const target = this.#anchors.get(name);
    if (this.#aliases > maxAliasCount) return this.#full(line);
    if (target !== undefined) return this.write(target, depth + 1);
    this.#report(line, 'an alias (`*name`) has no anchor above it');
    return nothingAt(line);
  }

  #remember(node: unknown): void {
    if ((isScalar(node) || isSeq(node) || isMap(node)) && node.anchor !== undefined)
      this.#anchors.set(node.anchor, node);
  }

  #full(line: number): ConfigNode {
    if (!this.#isFull) this.#report(line, 'more values, aliases or nesting than are read');
    this.#isFull = true;
    return nothingAt(line);
  }
}

function nothingAt(line: number): ConfigNode {
  return { kind: 'text', line, text: '', isBlock: false };
}

/** The text of `|` and `>` starts on the line behind the mark; `>` puts lines together, so only its first one can be told. */
function scalarNode(node: Scalar, line: number): ConfigNode {
  const isBlock = node.type === 'BLOCK_LITERAL';
  const first = isBlock || node.type === 'BLOCK_FOLDED' ? line + 1 : line;
  return { kind: 'text', line: first, text: scalarText(node), isBlock };
}

function mergedEntries(value: ConfigNode): readonly ConfigEntry[] {
  if (value.kind === 'map') return value.entries;
  // Of a list of merged maps the first wins.
  return value.kind === 'list'
    ? value.items.toReversed().flatMap((item) => (item.kind === 'map' ? item.entries : []))
    : [];
}

/** A number or boolean as it was written: `1.10` and `0755` are no numbers to who wrote them. */
function scalarText(node: Scalar): string {
  if (node.value === null || node.value === undefined) return '';
  return typeof node.value === 'string' ? node.value : (node.source ?? String(node.value));
}

function keyText(node: Scalar): string {
  // With merge keys on, the library reads `<<` as a symbol.
  if (typeof node.value === 'symbol') return '<<';
  return node.value === null ? (node.source ?? '') : String(node.value);
}
