import { destinationClasses, type IpPrefix, parseIpPrefix, parsePolicyTarget } from '../../destination/index.ts';
import type { DestinationsNode, SegmentNode, SegmentsNode } from '../nodes.ts';
import type { DocumentHead } from './parse-service.ts';
import type { PlainEntry, PlainNode } from './plain-node.ts';
import { type ReadMap, readMap, shorten } from './read-map.ts';
import { readChoice, readList, readName, readText, requireKey } from './read-value.ts';
import type { SourceFile } from './source-file.ts';

/** Parses a `destinations:` document. Null after reporting what is wrong with its name. */
export function parseDestinations(map: ReadMap, head: DocumentHead, file: SourceFile): DestinationsNode | null {
  const entry = map.get('destinations');
  const name = entry === null ? null : readName(entry.value, 'destinations', file);
  const membersEntry = requireKey(map, 'members', 'a destinations document', file);
  if (name === null) return null;
  const classEntry = map.get('class');
  const destinationClass =
    classEntry === null ? 'ordinary' : readChoice(classEntry.value, destinationClasses, '`class`', file);
  const members = parseMembers(membersEntry, file);
  return { ...head, kind: 'destinations', name, class: destinationClass ?? 'ordinary', members };
}

function parseMembers(entry: PlainEntry | null, file: SourceFile): DestinationsNode['members'] {
  const items = readList(entry, '`members`', file);
  if (entry?.value.kind === 'list' && items.length === 0)
    file.report('value_malformed', entry.value.offset, '`members` must list at least one');
  const members: DestinationsNode['members'][number][] = [];
  const seen = new Set<string>();
  for (const item of items) {
    const text = readText(item, 'a member', file);
    if (text === null) continue;
    const target = parsePolicyTarget(text.value);
    if (!target.ok) file.report('target_malformed', text.offset, target.fault.message);
    else if (seen.has(target.value.canonical))
      file.report('rule_duplicate', text.offset, `member \`${shorten(target.value.canonical)}\` is listed twice`);
    else {
      seen.add(target.value.canonical);
      members.push({ target: target.value, at: file.at(text.offset) });
    }
  }
  return members;
}

/** Parses a `segments:` document: a map from name to ranges and environment. */
export function parseSegments(map: ReadMap, head: DocumentHead, file: SourceFile): SegmentsNode | null {
  const entry = map.get('segments');
  if (entry === null) return null;
  if (entry.value.kind !== 'map' || entry.value.entries.length === 0) {
    file.report('value_malformed', entry.value.offset, '`segments` must be a map from names to `ranges`');
    return null;
  }
  const segments: SegmentNode[] = [];
  for (const item of entry.value.entries) {
    const segment = parseSegment(item, file);
    if (segment !== null) segments.push(segment);
  }
  return { ...head, kind: 'segments', segments };
}

function parseSegment(entry: PlainEntry, file: SourceFile): SegmentNode | null {
  const name = readName({ kind: 'text', value: entry.key, offset: entry.keyOffset }, 'segment', file);
  const map = readMap(entry.value, 'segment', 'a segment', file);
  if (name === null || map === null) return null;
  const ranges = readRanges(requireKey(map, 'ranges', 'a segment', file), '`ranges`', file);
  const environmentEntry = map.get('environment');
  const environment = environmentEntry === null ? null : readName(environmentEntry.value, 'environment', file);
  return { name, ranges, environment, at: file.at(entry.keyOffset) };
}

/** A list of CIDR ranges with at least one entry; a lone address counts as a range of one. */
export function readRanges(entry: PlainEntry | null, what: string, file: SourceFile): readonly IpPrefix[] {
  const items = readList(entry, what, file);
  if (entry?.value.kind === 'list' && items.length === 0)
    file.report('value_malformed', entry.value.offset, `${what} must list at least one range`);
  const ranges: IpPrefix[] = [];
  for (const item of items) {
    const range = readRange(item, file);
    if (range !== null) ranges.push(range);
  }
  return ranges;
}

function readRange(node: PlainNode, file: SourceFile): IpPrefix | null {
  const text = readText(node, 'a range', file);
  if (text === null) return null;
  const prefix = parseIpPrefix(text.value);
  if (prefix.ok) return prefix.value;
  file.report('range_malformed', text.offset, prefix.fault.message);
  return null;
}
