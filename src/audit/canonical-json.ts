import { type Fault, failed, fault, ok, type Result } from '../base/index.ts';
import type { JsonObject, JsonValue } from './entry.ts';

/** Why a value has no canonical form. */
export type CanonicalFault = Fault<'json_not_canonical'>;

/** Far deeper than any act; a bound on recursion, since details may come from outside. */
const maxDepth = 64;

/**
 * A value as canonical JSON (RFC 8785): no spaces, keys by UTF-16 code units, numbers and escapes as ECMAScript writes them. Members that are
 * undefined are left out. Faults: `json_not_canonical` for numbers that are not finite, lone surrogates, what is no plain data, and more
 * than 64 levels.
 */
export function canonicalJson(value: JsonValue): Result<string, CanonicalFault> {
  return write(value, 0);
}

function write(value: JsonValue, depth: number): Result<string, CanonicalFault> {
  if (depth > maxDepth) return no(`more than ${maxDepth} levels deep`);
  if (value === null || typeof value === 'boolean') return ok(String(value));
  if (typeof value === 'string') return writeString(value);
  if (typeof value === 'number') return Number.isFinite(value) ? ok(String(value)) : no('a number is not finite');
  if (Array.isArray(value)) return joined(value, (item) => write(item, depth + 1), '[', ']');
  if (!isPlainObject(value)) return no('it is no plain data');
  const members = Object.entries(value)
    .filter((member): member is [string, JsonValue] => member[1] !== undefined)
    .sort(([left], [right]) => (left < right ? -1 : 1));
  return joined(members, ([key, member]) => writeMember(key, write(member, depth + 1)), '{', '}');
}

function writeMember(key: string, value: Result<string, CanonicalFault>): Result<string, CanonicalFault> {
  const name = writeString(key);
  return name.ok && value.ok ? ok(`${name.value}:${value.value}`) : name.ok ? value : name;
}

// ECMAScript escapes exactly what RFC 8785 section 3.2.2.2 asks for, but for lone surrogates, which have no UTF-8.
function writeString(text: string): Result<string, CanonicalFault> {
  return text.isWellFormed() ? ok(JSON.stringify(text)) : no('a string has half a surrogate pair');
}

function joined<T>(
  items: readonly T[],
  one: (item: T) => Result<string, CanonicalFault>,
  open: string,
  close: string,
): Result<string, CanonicalFault> {
  const texts: string[] = [];
  for (const item of items) {
    const text = one(item);
    if (!text.ok) return text;
    texts.push(text.value);
  }
  return ok(`${open}${texts.join(',')}${close}`);
}

function isPlainObject(value: JsonValue | undefined): value is JsonObject {
  if (typeof value !== 'object' || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

function no(why: string): Result<never, CanonicalFault> {
  return failed(fault('json_not_canonical', `the value has no canonical JSON: ${why}`));
}
