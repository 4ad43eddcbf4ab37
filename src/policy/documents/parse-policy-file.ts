import { nearestWord } from '../../base/index.ts';
import type { PolicyFault } from '../fault.ts';
import type { PolicyDocument } from '../nodes.ts';
import { type DocumentKind, documentKinds } from './known-keys.ts';
import { loadYaml } from './load-yaml.ts';
import { parseBoundary, parseSpace, parseUnattributed } from './parse-platform.ts';
import { type DocumentHead, parseService } from './parse-service.ts';
import { parseDestinations, parseSegments } from './parse-shared.ts';
import { parseTiers } from './parse-tiers.ts';
import type { PlainNode } from './plain-node.ts';
import { listKeys, type ReadMap, readMap, shorten } from './read-map.ts';
import { readOwner, readText } from './read-value.ts';
import { createSourceFile, type ParseOptions, type SourceFile } from './source-file.ts';

/** The grammar's version, written in every document. */
export const policyApiVersion = 'exeat/v1';

/** One file as parsed by itself: what only the whole tree can tell is not checked yet. A reload keeps these for unchanged files. */
export interface ParsedPolicyFile {
  readonly path: string;
  readonly documents: readonly PolicyDocument[];
  readonly faults: readonly PolicyFault[];
}

type ParseDocument = (map: ReadMap, head: DocumentHead, file: SourceFile) => PolicyDocument | null;

const parsers: Readonly<Record<DocumentKind, ParseDocument>> = {
  service: parseService,
  destinations: parseDestinations,
  boundary: parseBoundary,
  segments: parseSegments,
  space: parseSpace,
  unattributed: parseUnattributed,
  tiers: parseTiers,
};

/**
 * Parses one policy file (several YAML documents) to documents and faults. `path` is relative to the policy folder, with slashes.
 * Never throws; a file with faults may still give the documents that could be read.
 */
export function parsePolicyFile(path: string, text: string, options: ParseOptions = {}): ParsedPolicyFile {
  const file = createSourceFile(path, text, options);
  const documents: PolicyDocument[] = [];
  for (const node of loadYaml(text, file)) {
    const document = parseDocument(node, file);
    if (document !== null) documents.push(document);
  }
  return { path, documents, faults: file.faults };
}

function parseDocument(node: PlainNode, file: SourceFile): PolicyDocument | null {
  if (node.kind !== 'map') {
    file.report('value_malformed', node.offset, 'a document must be a map that starts with `apiVersion: exeat/v1`');
    return null;
  }
  const kind = findKind(node, file);
  if (kind === null) return null;
  const map = readMap(node, kind, `a ${kind} document`, file);
  if (map === null) return null;
  checkVersion(map, file);
  const owner = readOwner(map, file);
  return parsers[kind](map, { owner: owner ?? '', at: file.at(map.offset) }, file);
}

function findKind(node: PlainNode & { kind: 'map' }, file: SourceFile): DocumentKind | null {
  const keys = node.entries.map(({ key }) => key);
  const [kind, other] = documentKinds.filter((candidate) => keys.includes(candidate));
  if (kind !== undefined && other === undefined) return kind;
  if (kind !== undefined) {
    file.report(
      'kind_unknown',
      node.offset,
      `a document is one thing: \`${kind}\` or \`${other}\``,
      'split it with `---`',
    );
    return null;
  }
  const group = node.entries.find(({ key }) => key === 'group');
  if (group !== undefined) {
    const message = 'key `group` is not enforced yet: groups of people come with a later version';
    file.report('key_unenforced', group.keyOffset, message, 'remove the document');
    return null;
  }
  const near = keys.map((key) => nearestWord(key, documentKinds)).find((word) => word !== null);
  const mend = near === undefined ? undefined : `did you mean \`${near}\``;
  file.report('kind_unknown', node.offset, `a document needs one of ${listKeys(documentKinds)}`, mend);
  return null;
}

function checkVersion(map: ReadMap, file: SourceFile): void {
  const entry = map.get('apiVersion');
  if (entry === null) {
    file.report('version_unknown', map.offset, 'a document needs `apiVersion: exeat/v1`');
    return;
  }
  const text = readText(entry.value, '`apiVersion`', file);
  if (text !== null && text.value !== policyApiVersion)
    file.report(
      'version_unknown',
      text.offset,
      `apiVersion \`${shorten(text.value)}\` must be \`${policyApiVersion}\``,
    );
}
