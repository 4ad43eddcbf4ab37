import { Composer, CST, type Document, isMap, isScalar, isSeq, Lexer, Parser } from 'yaml';
import type { PlainEntry, PlainMap, PlainNode } from './plain-node.ts';
import type { SourceFile } from './source-file.ts';

/** The largest policy file, in UTF-16 units. A service of 1,000 rules is about 100,000. */
export const maxFileLength = 16_000_000;

/** The deepest nesting of lists and maps; the deepest document of the grammar needs 6. The composer is recursive, so this bounds the stack. */
const maxDepth = 24;

/** Each open collection holds up to two places on the parser's stack (itself and a value), the document two more. */
const maxParserStack = 2 * maxDepth + 2;

/** Features that make a file mean more than it shows, by the type of the token that starts them. */
const refusedTokens: Readonly<Record<string, string>> = {
  anchor: 'anchors (`&name`) are',
  alias: 'aliases (`*name`) are',
  tag: 'tags (`!name`) are',
  'directive-line': 'directives (`%NAME`) are',
};

/**
 * Reads YAML 1.2 core text as plain documents; empty ones are left out. What is wrong is reported to `file`.
 * Anchors, aliases, tags and directives are refused. Never throws.
 */
export function loadYaml(text: string, file: SourceFile): readonly PlainNode[] {
  if (text.length > maxFileLength) {
    file.report('file_too_large', 0, `the file has ${text.length} characters, at most ${maxFileLength} are read`);
    return [];
  }
  try {
    return composeDocuments(text, file);
  } catch {
    file.report('yaml_malformed', 0, 'the file could not be read as YAML');
    return [];
  }
}

function composeDocuments(text: string, file: SourceFile): readonly PlainNode[] {
  const tokens = scanTokens(text, file);
  if (file.faults.length > 0) return [];
  // Our own reader looks for duplicate keys: the library's search is quadratic.
  const composer = new Composer({
    version: '1.2',
    schema: 'core',
    merge: false,
    uniqueKeys: false,
    logLevel: 'silent',
  });
  const plain: PlainNode[] = [];
  for (const document of composer.compose(tokens)) {
    const node = convertDocument(document, file);
    if (node !== null) plain.push(node);
  }
  return file.faults.length > 0 ? [] : plain;
}

/** Text to the library's tokens; stops at the first thing that is refused, and once there are faults enough. */
function scanTokens(text: string, file: SourceFile): CST.Token[] {
  const parser = new Parser();
  const tokens: CST.Token[] = [];
  // After a scalar mark the lexer hands over the scalar's own text, whatever its first character is.
  let isContent = false;
  for (const lexeme of new Lexer().lex(text)) {
    const type: string = isContent ? 'content' : (CST.tokenType(lexeme) ?? '');
    isContent = type === 'scalar';
    if (isRefused(type, parser, file)) return [];
    takeTokens(parser.next(lexeme), tokens, file);
    if (file.isFull()) return [];
  }
  takeTokens(parser.end(), tokens, file);
  return tokens;
}

function isRefused(type: string, { offset, stack }: Parser, file: SourceFile): boolean {
  const feature = refusedTokens[type];
  if (feature !== undefined)
    file.report(
      'yaml_feature_refused',
      offset,
      `${feature} not allowed in policy files`,
      'write the value out, or quote it',
    );
  if (stack.length > maxParserStack)
    file.report('nesting_too_deep', offset, `lists and maps are nested deeper than ${maxDepth}`);
  return feature !== undefined || stack.length > maxParserStack;
}

/** Errors are reported here: the composer drops those that no document follows, and makes a costly object of each. */
function takeTokens(from: Iterable<CST.Token>, tokens: CST.Token[], file: SourceFile): void {
  for (const token of from) {
    if (token.type === 'error') file.report('yaml_malformed', token.offset, yamlMessage(token.message));
    else tokens.push(token);
  }
}

function convertDocument(document: Document.Parsed, file: SourceFile): PlainNode | null {
  for (const error of document.errors) file.report('yaml_malformed', error.pos[0], yamlMessage(error.message));
  if (document.errors.length > 0 || document.contents === null) return null;
  const node = convertNode(document.contents, file);
  return node.kind === 'other' && node.value === null ? null : node;
}

function convertNode(node: unknown, file: SourceFile): PlainNode {
  if (isScalar(node)) return convertScalar(node.value, node.range?.[0] ?? 0);
  if (isSeq(node)) {
    const items = node.items.map((item) => convertNode(item, file));
    return { kind: 'list', items, offset: node.range?.[0] ?? 0 };
  }
  if (isMap(node)) return convertMap(node.items, node.range?.[0] ?? 0, file);
  return { kind: 'other', value: null, offset: 0 };
}

function convertScalar(value: unknown, offset: number): PlainNode {
  if (typeof value === 'string') return { kind: 'text', value, offset };
  return { kind: 'other', value: typeof value === 'number' || typeof value === 'boolean' ? value : null, offset };
}

function convertMap(items: readonly { key: unknown; value: unknown }[], offset: number, file: SourceFile): PlainMap {
  const entries: PlainEntry[] = [];
  for (const { key, value } of items) {
    const keyNode = convertNode(key, file);
    if (keyNode.kind !== 'text') {
      file.report('yaml_malformed', keyNode.offset, 'a key must be text', 'quote the key');
      continue;
    }
    const node: PlainNode =
      value === null ? { kind: 'other', value: null, offset: keyNode.offset } : convertNode(value, file);
    entries.push({ key: keyNode.value, keyOffset: keyNode.offset, value: node });
  }
  return { kind: 'map', entries, offset };
}

/** The library's message in our wording: lower-case start, no full stop, no line break, no place. */
function yamlMessage(message: string): string {
  const line = (message.split('\n')[0] ?? '').replace(/ at line \d+, column \d+:?$/, '').replace(/[.:]$/, '');
  return line.charAt(0).toLowerCase() + line.slice(1);
}
