import { XMLParser, XMLValidator } from 'fast-xml-parser';
import type { ConfigEntry, ConfigNode } from './config-node.ts';
import type { NodeReading } from './read-json-node.ts';

/** The longest XML file that is read; a large `pom.xml` has some 200,000 characters. */
const maxLength = 4_000_000;

/** The deepest nesting of elements. */
const maxNestedTags = 60;

/**
 * Reads XML as nodes: an element is a key, its attributes are keys with `@` before them, its text stands under `#text`, or is the value
 * where it has nothing else. Entities are not expanded, so none can be a bomb or lead to a file. Never throws.
 */
export function readXmlNode(text: string): NodeReading {
  if (text.length > maxLength) return failedAt(1, `XML of more than ${maxLength} characters is not read`);
  const valid = XMLValidator.validate(text);
  const fault = valid === true ? null : { line: valid.err.line, message: 'broken XML' };
  try {
    const parser = new XMLParser({
      preserveOrder: true,
      ignoreAttributes: false,
      attributeNamePrefix: '@',
      parseTagValue: false,
      parseAttributeValue: false,
      processEntities: false,
      captureMetaData: true,
      maxNestedTags,
    });
    const lineOf = createLineCounter(text);
    return { node: { kind: 'map', line: 1, entries: entriesOf(parser.parse(text), lineOf) }, fault };
  } catch {
    return failedAt(fault?.line ?? 1, 'broken XML');
  }
}

function failedAt(line: number, message: string): NodeReading {
  return { node: null, fault: { line, message } };
}

const metaData: symbol = XMLParser.getMetaDataSymbol() as unknown as symbol;

function entriesOf(items: unknown, lineOf: (index: number) => number): readonly ConfigEntry[] {
  if (!Array.isArray(items)) return [];
  return items.flatMap((item: unknown): readonly ConfigEntry[] => {
    if (typeof item !== 'object' || item === null) return [];
    const name = Object.keys(item).find((key) => key !== ':@');
    if (name === undefined) return [];
    const line = lineOf(startOf(item));
    const inner: unknown = (item as Readonly<Record<string, unknown>>)[name];
    if (name === '#text') return [{ key: name, line, value: textNode(String(inner), line) }];
    return [{ key: name.split(':').at(-1) ?? name, line, value: elementOf(item, inner, { line, lineOf }) }];
  });
}

function elementOf(
  item: object,
  inner: unknown,
  place: { readonly line: number; readonly lineOf: (index: number) => number },
): ConfigNode {
  const { line, lineOf } = place;
  const attributes = Object.entries((item as { readonly ':@'?: object })[':@'] ?? {}).map(
    ([key, value]): ConfigEntry => ({ key, line, value: textNode(String(value), line) }),
  );
  const children = entriesOf(inner, lineOf).filter(
    ({ key, value }) => key !== '#text' || (value.kind === 'text' && value.text.trim() !== ''),
  );
  const [only] = children;
  if (attributes.length === 0 && children.length === 1 && only?.key === '#text')
    return textNode(textOf(only.value).trim(), line);
  return {
    kind: 'map',
    line,
    entries: [
      ...attributes,
      ...children.map((entry) => ({ ...entry, line: entry.key === '#text' ? line : entry.line })),
    ],
  };
}

function textOf(node: ConfigNode): string {
  return node.kind === 'text' ? node.text : '';
}

function textNode(text: string, line: number): ConfigNode {
  return { kind: 'text', line, text, isBlock: false };
}

function startOf(item: object): number {
  const data: unknown = (item as Readonly<Record<symbol, unknown>>)[metaData];
  const start = typeof data === 'object' && data !== null && 'startIndex' in data ? data.startIndex : 0;
  return typeof start === 'number' ? start : 0;
}

/** Lines of places that come in the order of the file. */
function createLineCounter(text: string): (index: number) => number {
  let at = 0;
  let line = 1;
  return (index) => {
    for (; at < index && at < text.length; at++) if (text[at] === '\n') line += 1;
    return line;
  };
}
