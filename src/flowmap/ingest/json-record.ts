/** A JSON object as parsed. Of duplicate keys the last counts (RFC 8259 section 4 leaves it open; real logs have them). */
export type JsonRecord = Readonly<Record<string, unknown>>;

/** Parses a line that holds one JSON object; null for anything else. */
export function parseJsonRecord(text: string): JsonRecord | null {
  // A byte order mark at the head of a file is blank to `trimStart`, but not to JSON.
  const trimmed = text.trimStart();
  if (!trimmed.startsWith('{')) return null;
  try {
    return recordOf(JSON.parse(trimmed));
  } catch {
    return null;
  }
}

/** The value as an object, or null. */
export function recordOf(value: unknown): JsonRecord | null {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as JsonRecord) : null;
}

/** The value as a list; anything else is an empty one. */
export function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

/** What stands under a path of keys: `valueAt(record, 'event', 'src_ip')`; undefined where a part is missing. */
export function valueAt(record: JsonRecord | null, ...keys: readonly string[]): unknown {
  let value: unknown = record;
  for (const key of keys) {
    const inner = recordOf(value);
    if (inner === null || !Object.hasOwn(inner, key)) return undefined;
    value = inner[key];
  }
  return value;
}

/** The text or number under a path, as text; empty where there is none, or one of the words that logs use for nothing. */
export function textAt(record: JsonRecord | null, ...keys: readonly string[]): string {
  const value = valueAt(record, ...keys);
  if (typeof value === 'number') return String(value);
  return typeof value === 'string' ? known(value) : '';
}

/** The text, or nothing where it is a log's word for nothing: `-`, `None`, `NA`, `N/A`, `null`, `(empty)`, `undefined`. */
export function known(text: string): string {
  const trimmed = text.trim();
  return nothing.has(trimmed) ? '' : trimmed;
}

const nothing: ReadonlySet<string> = new Set([
  '',
  '-',
  'None',
  'NA',
  'N/A',
  'n/a',
  'null',
  'NULL',
  '(empty)',
  'undefined',
]);
