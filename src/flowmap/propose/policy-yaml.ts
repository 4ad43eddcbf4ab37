import { type Document, isMap, isScalar, isSeq, parseAllDocuments, type YAMLMap, type YAMLSeq } from 'yaml';

/** The documents of a policy file as nodes that keep their comments. Printing may change spacing, never what is said. */
export type PolicyYaml = readonly Document[];

/** Reads a policy file that loads; null where it does not. */
export function parsePolicyYaml(text: string): PolicyYaml | null {
  const documents = parseAllDocuments(text, { version: '1.2', schema: 'core', uniqueKeys: false, logLevel: 'silent' });
  if (!Array.isArray(documents) || documents.some(({ errors }) => errors.length > 0)) return null;
  return documents;
}

/** Prints documents again, a line of `---` between them. Long lines stay whole: rules are read line by line. */
export function printPolicyYaml(documents: PolicyYaml): string {
  return documents
    .map((document, at) => {
      const text = document.toString({ lineWidth: 0, directives: false });
      // A document that starts with its marker keeps it; the others need one to part them from the one before.
      return at === 0 || text.startsWith('---') ? text : `---\n${text}`;
    })
    .join('');
}

/** The map of the document whose `kind` key (`service`, `destinations`) has this name, or null. */
export function findDocument(
  documents: PolicyYaml,
  kind: string,
  name: string,
): { readonly document: Document; readonly map: YAMLMap } | null {
  for (const document of documents) {
    const { contents } = document;
    if (isMap(contents) && contents.get(kind) === name) return { document, map: contents };
  }
  return null;
}

/** The list under a key of a map, or null where it is none. */
export function listOf(map: YAMLMap, key: string): YAMLSeq | null {
  const node = map.get(key, true);
  return isSeq(node) ? node : null;
}

/** The text under a key of an item of a list, or null. */
export function textOf(item: unknown, key: string): string | null {
  if (!isMap(item)) return null;
  const node = item.get(key, true);
  return isScalar(node) && typeof node.value === 'string' ? node.value : null;
}
