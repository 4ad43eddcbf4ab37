import { type Fault, failed, fault, ok, quoteInput, type Result } from '../../base/index.ts';
import { readZscalerRecord, type ZscalerRecord } from './zscaler-record.ts';

/** Reads a record by the user's feed template; null where the text does not fit it. */
export type TemplateReader = (text: string) => ZscalerRecord | null;

/**
 * Compiles the template of an NSS feed, as pasted from its "feed output format": `%s{time}\t%s{login}\t%d{reqsize}`. Each field reaches to
 * the text that follows it in the template. Fault: `grammar_invalid`, where two fields touch, or where time or destination is missing.
 */
export function compileZscalerTemplate(template: string): Result<TemplateReader, Fault<'grammar_invalid'>> {
  const parts = partsOf(template.trim().replace(/(?:\\[rn])+$/, ''));
  const names = parts.map(({ name }) => name).filter((name) => name !== '');
  const problem = problemOf(template, parts, names);
  if (problem !== null) return failed(fault('grammar_invalid', problem));
  const keys = /^\\?\{/.test(template.trim()) ? jsonKeysOf(template) : null;
  return ok(keys === null ? (text) => readByTemplate(text, parts) : (text) => readByKeys(text, keys));
}

/** A field of the template and the text before it; the last part has no field. */
interface TemplatePart {
  readonly before: string;
  readonly name: string;
}

function partsOf(template: string): readonly TemplatePart[] {
  const parts: TemplatePart[] = [];
  let end = 0;
  for (const found of template.matchAll(templateField)) {
    parts.push({ before: withoutEscapes(template.slice(end, found.index)), name: found[1] ?? '' });
    end = found.index + found[0].length;
  }
  return [...parts, { before: withoutEscapes(template.slice(end)), name: '' }];
}

const templateField = /%-?\d{0,3}(?:ll|l)?[sdufxj]\{([A-Za-z0-9_]{1,64})\}/g;

function withoutEscapes(text: string): string {
  return text.replace(/\\([\s\S])/g, (_, character: string) => escapes[character] ?? character);
}

const escapes: Readonly<Record<string, string>> = { t: '\t', n: '\n', r: '\r' };

function problemOf(template: string, parts: readonly TemplatePart[], names: readonly string[]): string | null {
  if (names.length === 0) return `${quoteInput(template)} has no field: write fields as \`%s{time}\``;
  const touching = parts.findIndex(({ before, name }, index) => index > 0 && before === '' && name !== '');
  if (touching > 0) {
    const [left = '', right = ''] = [names[touching - 1], names[touching]];
    return `fields ${quoteInput(left)} and ${quoteInput(right)} of the template touch: put a text between them`;
  }
  if (!timeFields.some((fields) => fields.every((name) => names.includes(name)))) {
    return `${quoteInput(template)} has no time: add \`%s{time}\` or \`%d{epochtime}\``;
  }
  if (!destinationFields.some((name) => names.includes(name))) {
    return `${quoteInput(template)} has no destination: add \`%s{ehost}\`, \`%s{sdip}\` or \`%s{req}\``;
  }
  return null;
}

const timeFields: readonly (readonly string[])[] = [
  ['time'],
  ['epochtime'],
  ['yyyy', 'mth', 'dd', 'hh', 'mm', 'ss'],
  ['yy', 'mth', 'dd', 'hh', 'mm', 'ss'],
  ['yyyy', 'mon', 'dd', 'hh', 'mm', 'ss'],
];
const destinationFields: readonly string[] = [
  'host',
  'ehost',
  'url',
  'eurl',
  'sip',
  'sdip',
  'cdip',
  'cdfqdn',
  'ssip',
  'req',
  'ereq',
];

// A template of JSON is read by its keys, for an envelope around it may be gone and another writer may have put them in order.
function jsonKeysOf(template: string): ReadonlyMap<string, string> {
  const keys = new Map<string, string>();
  const pair = /"([\w.-]{1,64})" ?: ?"?%-?\d{0,3}(?:ll|l)?[sdufxj]\{([A-Za-z0-9_]{1,64})\}/g;
  for (const [, key = '', name = ''] of template.matchAll(pair)) keys.set(name, key);
  return keys;
}

function readByKeys(text: string, keys: ReadonlyMap<string, string>): ZscalerRecord | null {
  const record = text.startsWith('{') ? readZscalerRecord(text) : null;
  return record === null ? null : { at: (field) => record.at(keys.get(field) ?? '') };
}

function readByTemplate(text: string, parts: readonly TemplatePart[]): ZscalerRecord | null {
  const values = new Map<string, string>();
  const first = parts[0]?.before ?? '';
  if (!text.startsWith(first)) return null;
  let at = first.length;
  for (const [index, { name }] of parts.slice(0, -1).entries()) {
    const next = parts[index + 1]?.before ?? '';
    const end = next === '' ? text.length : text.indexOf(next, at);
    if (end < 0) return null;
    values.set(name, text.slice(at, end));
    at = end + next.length;
  }
  return { at: (field) => values.get(field) ?? '' };
}
