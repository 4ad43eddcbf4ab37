import { type Fault, failed, fault, ok, type Result } from '../base/index.ts';
import { canonicalJson } from './canonical-json.ts';
import type { Actor, Entry, JsonObject, JsonValue } from './entry.ts';

/** The most bytes of an entry: C2SP tlog-tiles writes the length of an entry in 16 bits. */
export const maxEntryBytes = 65_535;

/** The act that sets the kept clock: the one after which times may start again from an earlier one. */
export const clockResetAction = 'clock.reset';

/** Why an entry cannot be written. */
export type EncodeEntryFault = Fault<'json_not_canonical' | 'entry_too_large'>;

const encoder = new TextEncoder();
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** An entry as the bytes of its leaf: canonical JSON (RFC 8785). Faults: `json_not_canonical`, `entry_too_large` (past 65,535 bytes). */
export function encodeEntry(entry: Entry): Result<Uint8Array, EncodeEntryFault> {
  const { v, seq, time, actor, subject, action, details } = entry;
  const text = canonicalJson({ v, seq, time, actor: { ...actor }, subject, action, details });
  if (!text.ok) return text;
  const bytes = encoder.encode(text.value);
  if (bytes.length <= maxEntryBytes) return ok(bytes);
  return failed(
    fault('entry_too_large', `entry ${seq} takes ${bytes.length} bytes, at most ${maxEntryBytes} fit: say less in it`),
  );
}

/** Reads the bytes of a leaf. Fault: `entry_malformed` for anything that {@link encodeEntry} would not have written just so. */
export function parseEntry(bytes: Uint8Array): Result<Entry, Fault<'entry_malformed'>> {
  if (bytes.length > maxEntryBytes) return malformed('it is too large');
  const text = decodeText(bytes);
  const value = text === null ? undefined : parseJson(text);
  if (text === null || value === undefined) return malformed('it is no JSON');
  const again = canonicalJson(value);
  if (!again.ok || again.value !== text) return malformed('it is not in canonical form');
  return isEntry(value) ? ok(value) : malformed('its members are not those of an entry');
}

/** Reads JSON; undefined when it is none. @internal */
export function parseJson(text: string): JsonValue | undefined {
  try {
    return JSON.parse(text) as JsonValue;
  } catch {
    return undefined;
  }
}

/** Bytes as UTF-8 text; null when they are none. @internal */
export function decodeText(bytes: Uint8Array): string | null {
  try {
    return decoder.decode(bytes);
  } catch {
    return null;
  }
}

/** Whether plain data is an entry, with every member in its shape and none besides. @internal */
export function isEntry(value: JsonValue): value is JsonObject & Entry {
  if (!hasMembers(value, ['action', 'actor', 'details', 'seq', 'subject', 'time', 'v'])) return false;
  return (
    value['v'] === 1 &&
    Number.isSafeInteger(value['seq']) &&
    (value['seq'] as number) >= 0 &&
    isInstant(value['time']) &&
    isName(value['subject']) &&
    isName(value['action']) &&
    isActor(value['actor']) &&
    isObject(value['details'])
  );
}

const viaNames: ReadonlySet<JsonValue | undefined> = new Set(['token', 'key', 'passkey']);

function isActor(value: JsonValue | undefined): value is JsonObject & Actor {
  if (hasMembers(value, ['kind', 'part'])) return value['kind'] === 'system' && isName(value['part']);
  if (!hasMembers(value, ['credential', 'id', 'kind', 'via'])) return false;
  const isVia = viaNames.has(value['via']);
  return value['kind'] === 'person' && isVia && isName(value['id']) && isName(value['credential']);
}

function isInstant(value: JsonValue | undefined): boolean {
  if (typeof value !== 'string' || !/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/.test(value)) return false;
  const ms = Date.parse(value);
  return !Number.isNaN(ms) && new Date(ms).toISOString() === value;
}

function isName(value: JsonValue | undefined): boolean {
  return typeof value === 'string' && value !== '' && value.length <= 1024;
}

/** Whether a value is an object with exactly these members; `names` are sorted. @internal */
export function hasMembers(value: JsonValue | undefined, names: readonly string[]): value is JsonObject {
  return isObject(value) && Object.keys(value).sort().join() === names.join();
}

function isObject(value: JsonValue | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function malformed(why: string): Result<never, Fault<'entry_malformed'>> {
  return failed(fault('entry_malformed', `entry cannot be read: ${why}`));
}
