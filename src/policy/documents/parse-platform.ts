import { destinationClasses, parseIpPrefix } from '../../destination/index.ts';
import { parseIdentityText, strengths } from '../../identity/index.ts';
import type { BoundaryNode, SpaceNode, UnattributedNode } from '../nodes.ts';
import { parsePathGlob } from '../path-glob.ts';
import { boundaryDocumentName } from '../rule-id.ts';
import { readInstant } from './parse-instant.ts';
import { parseRules } from './parse-rule.ts';
import type { DocumentHead } from './parse-service.ts';
import { readRanges } from './parse-shared.ts';
import type { PlainEntry } from './plain-node.ts';
import { type ReadMap, readMap, shorten } from './read-map.ts';
import {
  readChoice,
  readList,
  readName,
  readNames,
  readReason,
  readSentence,
  readText,
  requireKey,
} from './read-value.ts';
import type { SourceFile } from './source-file.ts';

type Requirement = BoundaryNode['requires'][number];
type Revocation = BoundaryNode['revoked'][number];

/** Parses a `boundary:` document: what nobody exceeds. */
export function parseBoundary(map: ReadMap, head: DocumentHead, file: SourceFile): BoundaryNode | null {
  const entry = map.get('boundary');
  const body = entry === null ? null : readMap(entry.value, 'boundaryBody', '`boundary`', file);
  if (body === null) return null;
  return {
    ...head,
    kind: 'boundary',
    deny: parseRules(body.get('deny'), { document: boundaryDocumentName, list: 'deny' }, file),
    requires: parseRequirements(body.get('requires'), file),
    revoked: parseRevocations(body.get('revoked'), file),
  };
}

function parseRequirements(entry: PlainEntry | null, file: SourceFile): readonly Requirement[] {
  if (entry === null) return [];
  if (entry.value.kind !== 'map') {
    file.report('value_malformed', entry.value.offset, '`requires` must be a map from classes to what they require');
    return [];
  }
  const requirements: Requirement[] = [];
  for (const item of entry.value.entries) {
    const requirement = parseRequirement(item, file);
    if (requirement === null) continue;
    if (requirements.some((other) => other.class === requirement.class))
      file.report('key_duplicate', item.keyOffset, `class \`${requirement.class}\` is written twice in \`requires\``);
    else requirements.push(requirement);
  }
  return requirements;
}

function parseRequirement(entry: PlainEntry, file: SourceFile): Requirement | null {
  const key = { kind: 'text', value: entry.key, offset: entry.keyOffset } as const;
  const destinationClass = readChoice(key, destinationClasses, 'class', file);
  const map = readMap(entry.value, 'requirement', 'a requirement', file);
  if (destinationClass === null || map === null) return null;
  const strengthEntry = map.get('strength');
  const strength = strengthEntry === null ? null : readChoice(strengthEntry.value, strengths, '`strength`', file);
  const from = readNames(map.get('from'), '`from`', file);
  if (strengthEntry === null && map.get('from') === null) {
    file.report('key_missing', map.offset, 'a requirement needs `strength` or `from`');
    return null;
  }
  return { class: destinationClass, strength, from, at: file.at(entry.keyOffset) };
}

function parseRevocations(entry: PlainEntry | null, file: SourceFile): readonly Revocation[] {
  const revocations: Revocation[] = [];
  for (const item of readList(entry, '`revoked`', file)) {
    const map = readMap(item, 'revoked', 'a revocation', file);
    if (map === null) continue;
    const identityEntry = requireKey(map, 'identity', 'a revocation', file);
    const identity = identityEntry === null ? null : readRevokedIdentity(identityEntry, file);
    const reason = readReason(map, 'a revocation', file);
    if (identity !== null && reason !== null) revocations.push({ identity, reason, at: file.at(map.offset) });
  }
  return revocations;
}

/** The identity as records spell it: terms sorted, ranges in their one spelling, so that how it is written here says nothing. */
function readRevokedIdentity(entry: PlainEntry, file: SourceFile): string | null {
  const text = readText(entry.value, '`identity`', file);
  if (text === null) return null;
  const parsed = parseIdentityText(text.value);
  if (!parsed.ok) {
    file.report('identity_malformed', text.offset, `\`${shorten(text.value)}\`: ${parsed.fault.message}`);
    return null;
  }
  const terms: string[] = [];
  for (const [index, term] of text.value.split(' + ').entries()) {
    const read = parsed.value[index];
    const prefix = read?.kind === 'source' ? parseIpPrefix(read.range) : null;
    if (prefix?.ok === false) {
      file.report('range_malformed', text.offset, prefix.fault.message);
      return null;
    }
    terms.push(prefix === null ? term : `source:${prefix.value.text}`);
  }
  return terms.sort().join(' + ');
}

/** Parses a `space:` document: who owns which part of the tree and what it may claim. */
export function parseSpace(map: ReadMap, head: DocumentHead, file: SourceFile): SpaceNode | null {
  const entry = map.get('space');
  const name = entry === null ? null : readName(entry.value, 'space', file);
  const path = readPathGlob(requireKey(map, 'path', 'a space', file), file);
  const owners = readSentences(requireKey(map, 'owners', 'a space', file), 'owner', file);
  const identities = readGlobs(requireKey(map, 'identities', 'a space', file), file);
  const environmentEntry = map.get('environment');
  const environment = environmentEntry === null ? null : readName(environmentEntry.value, 'environment', file);
  if (name === null || path === null) return null;
  return { ...head, kind: 'space', name, path, owners, environment, identities };
}

function readPathGlob(entry: PlainEntry | null, file: SourceFile): string | null {
  const text = entry === null ? null : readText(entry.value, '`path`', file);
  if (text === null) return null;
  const glob = parsePathGlob(text.value);
  if (glob.ok) return text.value;
  file.report('value_malformed', text.offset, glob.fault.message);
  return null;
}

function readSentences(entry: PlainEntry | null, what: string, file: SourceFile): readonly string[] {
  const sentences: string[] = [];
  for (const item of readList(entry, `\`${what}s\``, file)) {
    const sentence = readSentence(item, what, file);
    if (sentence !== null) sentences.push(sentence);
  }
  return sentences;
}

function readGlobs(entry: PlainEntry | null, file: SourceFile): readonly string[] {
  const globs: string[] = [];
  for (const item of readList(entry, '`identities`', file)) {
    const text = readText(item, 'an identity claim', file);
    if (text === null) continue;
    if (/^(?:spiffe:\/\/|credential:|source:|token:|local:)[\x21-\x7e]{1,2048}$/.test(text.value))
      globs.push(text.value);
    else
      file.report(
        'identity_malformed',
        text.offset,
        `claim \`${shorten(text.value)}\` must start with \`spiffe://\`, \`credential:\`, \`source:\`, \`token:\` or \`local:\``,
      );
  }
  return globs;
}

/** Parses an `unattributed:` document: sources without an identity, observed until a date. */
export function parseUnattributed(map: ReadMap, head: DocumentHead, file: SourceFile): UnattributedNode | null {
  const entry = map.get('unattributed');
  const body = entry === null ? null : readMap(entry.value, 'unattributedBody', '`unattributed`', file);
  if (body === null) return null;
  const sources = readRanges(requireKey(body, 'sources', '`unattributed`', file), '`sources`', file);
  const untilEntry = requireKey(body, 'until', '`unattributed`', file);
  const until = untilEntry === null ? null : readInstant(untilEntry.value, '`until`', file);
  const reason = readReason(body, '`unattributed`', file);
  if (until === null || reason === null) return null;
  return { ...head, kind: 'unattributed', sources, until, reason };
}
