import { documentKinds, grammarHelp, type KeyHelp, type MapName } from '../../policy/index.ts';

/** Where in the grammar a place of a policy file is. */
export interface GrammarPlace {
  /** The map that a key at this place belongs to; null where that cannot be told. */
  readonly map: MapName | null;
  /** The key whose value stands here; null where a key does. */
  readonly key: string | null;
}

/** What the key of a place means, null where it is not of the grammar. */
export function helpAt({ map, key }: GrammarPlace): KeyHelp | null {
  return map === null || key === null ? null : helpOf(map, key);
}

/** The keys of a map with what they mean. */
export function keysOf(map: MapName): readonly (readonly [string, KeyHelp])[] {
  return Object.entries(grammarHelp[map]);
}

function helpOf(map: MapName, key: string): KeyHelp | null {
  const keys: Readonly<Record<string, KeyHelp>> = grammarHelp[map];
  return Object.hasOwn(keys, key) ? (keys[key] ?? null) : null;
}

interface Line {
  /** Where the content begins, and the dash of a list before it; null without one. */
  readonly indent: number;
  readonly dash: number | null;
  readonly key: string | null;
}

const lineText = /^(\s*)((?:-\s+)*)(?:"?([A-Za-z][A-Za-z0-9_-]*)"?\s*:(?=\s|$))?/;

/** Where an offset of a file is, by indentation and brackets: also in a file that does not load, as one does while somebody types. */
export function placeAt(text: string, offset: number): GrammarPlace {
  const lines = text.slice(0, offset).split('\n');
  const head = lines.pop() ?? '';
  const start = lines.findLastIndex((line) => line.startsWith('---')) + 1;
  const kind = kindOf(documentAround(text, offset));
  const here = readLine(head);
  const flow = flowMapOf(head);
  const above = parentsOf(lines.slice(start).map(readLine), here);
  if (kind === null) return { map: null, key: flow === null ? here.key : flow.key };
  if (flow === null) return { map: resolve(kind, above), key: here.key };
  const outer = here.key === null ? above : [...above, here.key];
  return { map: resolve(kind, [...outer, ...flow.within]), key: flow.key };
}

function documentAround(text: string, offset: number): string {
  const from = text.lastIndexOf('\n---', Math.max(0, offset - 1));
  const until = text.indexOf('\n---', offset);
  return text.slice(Math.max(0, from), until < 0 ? text.length : until);
}

function kindOf(document: string): MapName | null {
  const keys = [...document.matchAll(/^([a-z]+)\s*:/gm)].map(([, key]) => key);
  return documentKinds.find((kind) => keys.includes(kind)) ?? null;
}

function readLine(line: string): Line {
  const [, space = '', dashes = '', key] = lineText.exec(line) ?? [];
  const dash = dashes === '' ? null : space.length;
  return { indent: space.length + dashes.length, dash, key: key ?? null };
}

/** The keys that this line stands below, outermost first. */
function parentsOf(above: readonly Line[], here: Line): readonly string[] {
  const keys: string[] = [];
  // A list may stand at the indentation of its key.
  let limit = here.dash === null ? here.indent : here.dash + 1;
  for (const line of above.toReversed()) {
    if (line.key === null) continue;
    if (line.indent < limit) {
      keys.unshift(line.key);
      limit = line.indent;
    }
    // The first line of an item: what it belongs to stands left of its dash.
    if (line.dash !== null && line.indent <= limit) limit = Math.min(limit, line.dash + 1);
  }
  return keys;
}

/** The innermost open `{` of a line: the keys that lead to it within the line's brackets, and the key whose value stands at its end. */
function flowMapOf(line: string): { readonly within: readonly string[]; readonly key: string | null } | null {
  // What is quoted holds no bracket that counts.
  const head = line.replace(/"(?:[^"\\]|\\.)*"?|'[^']*'?/g, (quoted) => '_'.repeat(quoted.length));
  const open: number[] = [];
  for (const { 0: bracket, index } of head.matchAll(/[{}[\]]/g)) {
    if (bracket === '{' || bracket === '[') open.push(index);
    else open.pop();
  }
  const maps = open.filter((at) => head[at] === '{');
  if (maps.length === 0) return null;
  const keys = maps.map((from, at) => keyBefore(head.slice(from + 1, maps[at + 1] ?? head.length)));
  return { within: keys.slice(0, -1).filter((key) => key !== null), key: keys.at(-1) ?? null };
}

/** The key whose value is being written at the end of the inside of a flow map. */
function keyBefore(inside: string): string | null {
  return /(?:^|,)\s*"?([A-Za-z][A-Za-z0-9_-]*)"?\s*:\s[^,]*$/.exec(inside)?.[1] ?? null;
}

function resolve(kind: MapName, path: readonly string[]): MapName | null {
  let map: MapName | null = kind;
  let named: MapName | null = null;
  for (const key of path) {
    if (named !== null) {
      map = named;
      named = null;
      continue;
    }
    const help: KeyHelp | null = map === null ? null : helpOf(map, key);
    if (help?.inside === undefined && help?.named === undefined) return null;
    map = help.inside ?? null;
    named = help.named ?? null;
  }
  return named === null ? map : null;
}
