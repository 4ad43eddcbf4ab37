import { nearestWord } from '../../base/index.ts';
import { knownKeys, type MapName, misplacedKeys, unenforcedKeys } from './known-keys.ts';
import type { PlainEntry, PlainMap, PlainNode } from './plain-node.ts';
import type { SourceFile } from './source-file.ts';

/** A map whose keys were checked: only known ones, each once. `offset` is where the map starts. */
export interface ReadMap {
  readonly offset: number;
  get(key: string): PlainEntry | null;
}

/**
 * Reads a node as one of the grammar's maps. Unknown, unenforced, misplaced and doubled keys are reported; null when it is no map.
 * `what` names the thing in messages: ``a rule``.
 */
export function readMap(node: PlainNode, name: MapName, what: string, file: SourceFile): ReadMap | null {
  if (node.kind !== 'map') {
    file.report('value_malformed', node.offset, `${what} must be a map with ${listKeys(knownKeys[name])}`);
    return null;
  }
  return new CheckedMap(node, collectKeys(node, name, what, file));
}

class CheckedMap implements ReadMap {
  readonly offset: number;
  readonly #entries: readonly PlainEntry[];

  constructor(map: PlainMap, entries: readonly PlainEntry[]) {
    this.offset = map.offset;
    this.#entries = entries;
  }

  get(key: string): PlainEntry | null {
    for (const entry of this.#entries) if (entry.key === key) return entry;
    return null;
  }
}

function collectKeys(map: PlainMap, name: MapName, what: string, file: SourceFile): readonly PlainEntry[] {
  const known: readonly string[] = knownKeys[name];
  const found: PlainEntry[] = [];
  for (const entry of map.entries) {
    if (!known.includes(entry.key)) reportUnknownKey(entry, name, what, file);
    else if (found.some(({ key }) => key === entry.key))
      file.report('key_duplicate', entry.keyOffset, `key \`${entry.key}\` is written twice in ${what}`);
    else found.push(entry);
  }
  return found;
}

function reportUnknownKey(entry: PlainEntry, name: MapName, what: string, file: SourceFile): void {
  const shown = shorten(entry.key);
  const misplaced = ownValue(misplacedKeys[name], entry.key);
  if (misplaced !== null) {
    file.report('key_misplaced', entry.keyOffset, `key \`${shown}\` has no meaning in ${what}: ${misplaced}`);
    return;
  }
  const unenforced = ownValue(unenforcedKeys, entry.key);
  if (unenforced !== null) {
    file.report(
      'key_unenforced',
      entry.keyOffset,
      `key \`${shown}\` is not enforced yet: ${unenforced}`,
      'remove the key',
    );
    return;
  }
  const near = file.isFull() ? null : nearestWord(entry.key, knownKeys[name]);
  const mend = near === null ? `allowed are ${listKeys(knownKeys[name])}` : `did you mean \`${near}\``;
  file.report('key_unknown', entry.keyOffset, `unknown key \`${shown}\` in ${what}`, mend);
}

function ownValue(table: Readonly<Record<string, string>> | undefined, key: string): string | null {
  return table !== undefined && Object.hasOwn(table, key) ? (table[key] ?? null) : null;
}

/** Words as people read them in a message: `` `a`, `b` ``. */
export function listKeys(keys: readonly string[]): string {
  return keys.map((key) => `\`${key}\``).join(', ');
}

/** User input for a message: at most 80 characters of it. */
export function shorten(text: string): string {
  return text.length <= 80 ? text : `${text.slice(0, 80)}…`;
}
