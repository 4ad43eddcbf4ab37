import { isAlias, isMap, isPair, isScalar, LineCounter, type Node, parseDocument, visit } from 'yaml';
import { failed, ok, type Result } from '../base/index.ts';
import type { ConfigFault } from './config-fault.ts';

/** A path into the configuration: `['limits', 'headTimeout']`. Numbers index lists. */
export type KeyPath = readonly (string | number)[];

/** The file as a plain value, with a way back to where each part was written. */
export interface ConfigDocument {
  readonly value: Record<string, unknown>;
  /** Line and column (from 1) of the value at a path, or of its nearest parent that was written. */
  locate(path: KeyPath): Position;
  /** Line and column of a key inside the mapping at a path. */
  locateKey(path: KeyPath, key: string): Position;
}

/** Line and column, from 1. */
export interface Position {
  readonly line: number;
  readonly column: number;
}

/** Finds where a value, or a key of the mapping at a path, came from. @internal */
export type PlaceFinder = (path: KeyPath, key: string | null) => Pick<ConfigFault, 'origin' | 'line' | 'column'>;

/** Reads the text of a configuration file. `origin` names the file in faults. Faults: `yaml_malformed`. */
export function parseConfigDocument(text: string, origin: string): Result<ConfigDocument, readonly ConfigFault[]> {
  const counter = new LineCounter();
  const document = parseDocument(text, { lineCounter: counter, prettyErrors: false, strict: true, stringKeys: true });
  const positionOf = (offset: number): Position => {
    const at = counter.linePos(offset);
    return { line: Math.max(at.line, 1), column: Math.max(at.col, 1) };
  };
  const complain = (message: string, offset: number): ConfigFault => ({
    code: 'yaml_malformed',
    message,
    origin,
    ...positionOf(offset),
  });
  const faults = document.errors.map((error) => complain(lowerFirst(error.message), error.pos[0]));
  visit(document, {
    Node: (_, node) => {
      // An alias hides where a value comes from, and nesting them is the billion-laughs trick.
      if (isAlias(node) || node.anchor !== undefined)
        faults.push(complain('anchors and aliases are not allowed here', start(node)));
    },
  });
  const root = document.contents;
  if (faults.length === 0 && root !== null && !isMap(root) && !(isScalar(root) && root.value === null)) {
    faults.push(complain('the file must be a mapping of keys', start(root)));
  }
  if (faults.length > 0) return failed(faults);
  const value = (document.toJS() ?? {}) as Record<string, unknown>;
  return ok({
    value,
    locate: (path) => positionOf(locateNode(root, path)),
    locateKey: (path, key) => positionOf(locateKeyNode(root, path, key)),
  });
}

function locateNode(root: Node | null, path: KeyPath): number {
  let node: unknown = root;
  let offset = root === null ? 0 : start(root);
  for (const step of path) {
    node = child(node, step);
    if (node === undefined) return offset;
    offset = start(node as Node);
  }
  return offset;
}

function locateKeyNode(root: Node | null, path: KeyPath, key: string): number {
  let node: unknown = root;
  for (const step of path) node = child(node, step);
  if (!isMap(node)) return locateNode(root, path);
  const pair = node.items.find((item) => isScalar(item.key) && item.key.value === key);
  return pair !== undefined && isScalar(pair.key) ? start(pair.key) : locateNode(root, path);
}

function child(node: unknown, step: string | number): unknown {
  if (typeof node !== 'object' || node === null || !('items' in node)) return undefined;
  if (!isMap(node)) return (node as { items: unknown[] }).items[Number(step)];
  const pair = node.items.find((item) => isPair(item) && isScalar(item.key) && item.key.value === step);
  return pair?.value ?? pair?.key;
}

function start(node: Node): number {
  return node.range?.[0] ?? 0;
}

function lowerFirst(text: string): string {
  return (text.charAt(0).toLowerCase() + text.slice(1)).replace(/\s+/g, ' ').replace(/\.$/, '');
}
