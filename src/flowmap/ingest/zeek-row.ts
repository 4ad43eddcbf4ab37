import { type JsonRecord, known, listOf, recordOf } from './json-record.ts';

/** One record of a Zeek log, whether it came as TSV or as JSON. Field names are those of Zeek's own scripts: `id.orig_h`. */
export interface ZeekRow {
  /** The value as text, `T` or `F` for truths; empty where the field is unset, empty or not there. */
  get(field: string): string;
  /** The elements of a set or vector, in order. */
  list(field: string): readonly string[];
}

/** What the header lines of a TSV log say. */
export interface ZeekHeader {
  readonly separator: string;
  readonly setSeparator: string;
  readonly emptyField: string;
  readonly unsetField: string;
  readonly path: string;
  readonly fields: readonly string[];
}

/** What holds before a header says otherwise. */
export const usualHeader: ZeekHeader = {
  separator: '\t',
  setSeparator: ',',
  emptyField: '(empty)',
  unsetField: '-',
  path: '',
  fields: [],
};

/** Takes a line that starts with `#` into the header; `#separator` begins a new one, for files that were run together. */
export function extendZeekHeader(header: ZeekHeader, line: string): ZeekHeader {
  if (line.startsWith('#separator')) return { ...usualHeader, separator: unescapeZeek(line.slice(11)) || '\t' };
  const [key = '', ...values] = line.slice(1).split(header.separator);
  const value = values.join(header.separator);
  if (key === 'set_separator') return { ...header, setSeparator: value || ',' };
  if (key === 'empty_field') return { ...header, emptyField: value };
  if (key === 'unset_field') return { ...header, unsetField: value };
  if (key === 'path') return { ...header, path: value };
  return key === 'fields' ? { ...header, fields: values.map(fieldName) } : header;
}

/** A row of a TSV log; null where it has not as many fields as its header. */
export function readZeekTsv(header: ZeekHeader, line: string): ZeekRow | null {
  const values = line.split(header.separator);
  if (values.length !== header.fields.length) return null;
  const raw = (field: string): string => {
    const value = values[header.fields.indexOf(field)] ?? '';
    return value === header.unsetField || value === header.emptyField ? '' : value;
  };
  return {
    get: (field) => known(unescapeZeek(raw(field))),
    list: (field) => {
      const value = raw(field);
      // The separator within an element is escaped, so escapes are undone last.
      return value === '' ? [] : value.split(header.setSeparator).map(unescapeZeek);
    },
  };
}

/** A row of a JSON log. Shippers write `id.orig_h` also as `id_orig_h`, or nest it. */
export function readZeekJson(record: JsonRecord): ZeekRow {
  const raw = (field: string): unknown => {
    if (Object.hasOwn(record, field) || !field.startsWith('id.')) return record[field];
    const inner = field.slice(3);
    return record[`id_${inner}`] ?? recordOf(record['id'])?.[inner];
  };
  return {
    get: (field) => textOf(raw(field)),
    list: (field) => listOf(raw(field)).map(textOf),
  };
}

function textOf(value: unknown): string {
  if (typeof value === 'boolean') return value ? 'T' : 'F';
  if (typeof value === 'number') return String(value);
  return typeof value === 'string' ? known(value) : '';
}

/** `id_orig_h` where a log was written with another separator of scopes. */
function fieldName(name: string): string {
  return /^id[_:]/.test(name) ? `id.${name.slice(3)}` : name;
}

/** Undoes `\x09`; runs of them may be the bytes of one character. */
function unescapeZeek(text: string): string {
  if (!text.includes('\\x')) return text;
  return text.trim().replace(/(?:\\x[0-9a-f]{2})+/gi, (run) => {
    const bytes = run.match(/[0-9a-f]{2}(?=\\|$)/gi) ?? [];
    return decoder.decode(Uint8Array.from(bytes, (byte) => Number.parseInt(byte, 16)));
  });
}

const decoder = new TextDecoder();
