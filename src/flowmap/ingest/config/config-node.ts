/** A value of a configuration file with its place: YAML, JSON and TOML all become this. Numbers and booleans are texts; null is ''. */
export type ConfigNode = ConfigMap | ConfigList | ConfigText;

/** Keys in the order of the file; of a key that occurs twice the last counts. */
export interface ConfigMap {
  readonly kind: 'map';
  readonly line: number;
  readonly entries: readonly ConfigEntry[];
}

/** One key of a map, with the line of the key. */
export interface ConfigEntry {
  readonly key: string;
  readonly line: number;
  readonly value: ConfigNode;
}

/** A list of values. */
export interface ConfigList {
  readonly kind: 'list';
  readonly line: number;
  readonly items: readonly ConfigNode[];
}

/** A scalar; `line` is that of its first character. `isBlock`: its lines are lines of the file (`|` of YAML). */
export interface ConfigText {
  readonly kind: 'text';
  readonly line: number;
  readonly text: string;
  readonly isBlock: boolean;
}

/** The deepest nesting that is read; real manifests stay below 30. */
export const maxConfigDepth = 100;

/** What stands under a path of keys, or null. */
export function childOf(node: ConfigNode | null, ...keys: readonly string[]): ConfigNode | null {
  let at = node;
  for (const key of keys) {
    if (at?.kind !== 'map') return null;
    at = at.entries.findLast((entry) => entry.key === key)?.value ?? null;
  }
  return at;
}

/** The text under a path of keys; '' where there is none. */
export function configTextAt(node: ConfigNode | null, ...keys: readonly string[]): string {
  const found = childOf(node, ...keys);
  return found?.kind === 'text' ? found.text : '';
}

/** The items of a list under a path; a single value stands for a list of one, as many formats allow. */
export function configItemsAt(node: ConfigNode | null, ...keys: readonly string[]): readonly ConfigNode[] {
  const found = childOf(node, ...keys);
  if (found === null) return [];
  return found.kind === 'list' ? found.items : [found];
}

/** The entries of a map under a path; none for anything else. */
export function configEntriesAt(node: ConfigNode | null, ...keys: readonly string[]): readonly ConfigEntry[] {
  const found = childOf(node, ...keys);
  return found?.kind === 'map' ? found.entries : [];
}

/** Calls `visit` for a node and all below it, with the path of its keys; where it returns false nothing below is visited. */
export function visitConfig(
  node: ConfigNode,
  visit: (node: ConfigNode, path: string) => boolean,
  path: string = '',
): void {
  if (!visit(node, path)) return;
  if (node.kind === 'list') for (const item of node.items) visitConfig(item, visit, path);
  if (node.kind !== 'map') return;
  for (const { key, value } of node.entries) visitConfig(value, visit, path === '' ? key : `${path}.${key}`);
}

/** The same node with other lines, for what was read out of a text inside the file. */
export function withLines(node: ConfigNode, lineOf: (line: number) => number): ConfigNode {
  const line = lineOf(node.line);
  if (node.kind === 'text') return { ...node, line, isBlock: node.isBlock && lineOf(2) !== lineOf(1) };
  if (node.kind === 'list') return { ...node, line, items: node.items.map((item) => withLines(item, lineOf)) };
  const entries = node.entries.map((entry) => ({
    key: entry.key,
    line: lineOf(entry.line),
    value: withLines(entry.value, lineOf),
  }));
  return { ...node, line, entries };
}

/** The texts of a list under a path. */
export function configTextsAt(node: ConfigNode | null, ...keys: readonly string[]): readonly ConfigText[] {
  return configItemsAt(node, ...keys).filter((item) => item.kind === 'text');
}
