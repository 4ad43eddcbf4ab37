import { type Refused, refused } from './wire-fault.ts';

/** One field of a head: its name in lower case and its value without surrounding spaces, one character per byte. */
export type HeaderField = readonly [name: string, value: string];

/** Anything with fields: a request or a response head. */
export interface FieldList {
  readonly fields: readonly HeaderField[];
}

// RFC 9110 section 5.6.2: what a token (a method, a field name) may hold.
const tokenBytes = new Uint8Array(128);
for (const character of "!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz") {
  tokenBytes[character.charCodeAt(0)] = 1;
}

/** Whether `text` from `start` up to `end` is a token of one character or more (RFC 9110 section 5.6.2). */
export function isToken(text: string, start: number, end: number): boolean {
  for (let at = start; at < end; at++) if (tokenBytes[text.charCodeAt(at)] !== 1) return false;
  return end > start;
}

/**
 * Reads the field lines of a scanned head, from `start` up to its empty line. A space before the colon, an empty name, or more
 * than `maxFields` is refused.
 */
export function parseFields(text: string, start: number, maxFields: number): HeaderField[] | Refused {
  const fields: HeaderField[] = [];
  const last = text.length - 2;
  let at = start;
  while (at < last) {
    const end = text.indexOf('\r\n', at);
    const colon = text.indexOf(':', at);
    if (colon < 0 || colon > end || !isToken(text, at, colon)) {
      return refused('field_malformed', 'a field line has no name made of token characters right before its colon');
    }
    if (fields.length === maxFields) return refused('too_many_fields', `the head has more than ${maxFields} fields`);
    fields.push([text.slice(at, colon).toLowerCase(), trimmed(text, colon + 1, end)]);
    at = end + 2;
  }
  return fields;
}

/** The value of the first field of that lower-case name, or null. */
export function fieldValue(head: FieldList, name: string): string | null {
  for (const field of head.fields) if (field[0] === name) return field[1];
  return null;
}

/** The values of every field of that lower-case name, in order. */
export function fieldValues(head: FieldList, name: string): readonly string[] {
  return head.fields.filter((field) => field[0] === name).map((field) => field[1]);
}

/** The lower-case members of a list field (`Connection: close, Upgrade`), over all fields of that name. */
export function fieldMembers(head: FieldList, name: string): readonly string[] {
  return fieldValues(head, name)
    .flatMap((value) => value.split(','))
    .map((member) => member.trim().toLowerCase())
    .filter((member) => member !== '');
}

// Only space and tab surround a value (RFC 9110 section 5.6.3); String.trim would also take what others keep.
function trimmed(text: string, start: number, end: number): string {
  let from = start;
  let to = end;
  while (from < to && isBlank(text.charCodeAt(from))) from += 1;
  while (to > from && isBlank(text.charCodeAt(to - 1))) to -= 1;
  return text.slice(from, to);
}

function isBlank(code: number): boolean {
  return code === 32 || code === 9;
}
