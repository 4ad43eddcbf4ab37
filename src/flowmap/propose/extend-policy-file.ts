import { type Document, isScalar, parseDocument, type YAMLMap, YAMLSeq } from 'yaml';
import { apartComments, entryLines, headLines, testLines } from './document-lines.ts';
import { evidenceLines } from './evidence-comment.ts';
import { findDocument, listOf, parsePolicyYaml, printPolicyYaml } from './policy-yaml.ts';
import type { ProposedService } from './proposal.ts';
import { commentText } from './yaml-text.ts';

/**
 * Adds what is proposed for a service to the file that holds its document: entries with their evidence at the end of `allow:`, what is
 * listed apart as comments below them, tests at the end of `tests:`. Comments of the file stay. The text as it is where it cannot be read.
 */
export function extendPolicyFile(text: string, service: ProposedService): string {
  const documents = parsePolicyYaml(text);
  const found = documents === null ? null : findDocument(documents, 'service', service.service);
  if (documents === null || found === null) return text;
  const { document, map } = found;
  const allow = ensureList(map, 'allow');
  for (const entry of service.entries) {
    add(allow, nodeOf(entryLines(entry).join('\n')), evidenceLines(entry));
  }
  const apart = apartComments(service.apart).map((line) => line.slice(1));
  allow.comment = joined([allow.comment, ...apart]);
  const tests = ensureList(map, 'tests');
  for (const line of service.entries.length === 0 ? [] : testLines(service)) add(tests, nodeOf(`- ${line}`), []);
  document.commentBefore = joined([...headLines(service).map(spaced), document.commentBefore]);
  return printPolicyYaml(documents);
}

function ensureList(map: YAMLMap, key: string): YAMLSeq {
  const known = listOf(map, key);
  if (known !== null) {
    // A list in brackets has no room for comments.
    known.flow = false;
    return known;
  }
  const made = new YAMLSeq();
  map.set(key, made);
  return made;
}

/** An entry is parsed from its own text, so that both ways of rendering write the same. */
function nodeOf(text: string): unknown {
  const { contents } = parseDocument(text, { version: '1.2', schema: 'core' }) as Document;
  return (contents as YAMLSeq | null)?.items[0];
}

function add(list: YAMLSeq, node: unknown, lines: readonly string[]): void {
  const first = isNodeWithComment(node) ? node : null;
  if (first !== null && lines.length > 0) first.commentBefore = lines.map(spaced).join('\n');
  list.add(node);
}

function isNodeWithComment(node: unknown): node is { commentBefore?: string | null } {
  return typeof node === 'object' && node !== null && !isScalar(node);
}

function spaced(line: string): string {
  return ` ${commentText(line)}`;
}

function joined(lines: readonly (string | null | undefined)[]): string {
  return lines.filter((line) => line !== null && line !== undefined).join('\n');
}
