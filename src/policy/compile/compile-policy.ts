import { type Fault, failed, fault, ok, type Result } from '../../base/index.ts';
import { destinationClasses } from '../../destination/index.ts';
import { strengths } from '../../identity/index.ts';
import { asciiKey } from '../ascii-key.ts';
import { serviceKinds } from '../format/codes.ts';
import { hashSeed } from '../format/keyed-hash.ts';
import { headBit, metaWord, none, owner } from '../format/layout.ts';
import type { PolicyDocument, PolicyTree, ServiceNode } from '../nodes.ts';
import { boundaryDocumentName, unattributedServiceName } from '../rule-id.ts';
import { spaceIndexOf } from '../space-index.ts';
import { assembleBuffer } from './assemble-buffer.ts';
import { builtInBoundary } from './built-in-boundary.ts';
import { compileIdentities, compileUnattributed, instantWords } from './compile-identities.ts';
import { compileOwner, type NameTables } from './compile-rules.ts';
import { targetWords } from './match-entry.ts';
import { OwnerEntries } from './owner-entries.ts';
import { PolicyBuilder } from './policy-builder.ts';

/** What the compiled policy is stamped with. `seed` keys the hash: 16 random bytes, fresh for each compilation. */
export interface CompileStamp {
  readonly version: string;
  readonly seed: Uint8Array;
}

/** More entries than this are a mistake and would outgrow the places of the format. */
const mostEntries = 8_000_000;

/**
 * Compiles a policy without faults to one flat buffer (see `format/layout.ts`). The order of documents and entries changes
 * nothing of what it decides. Faults: `policy_uncompilable` where something is referred to that does not exist, a name is taken
 * twice or the policy is too large; the message names it.
 */
export function compilePolicy(
  tree: PolicyTree,
  stamp: CompileStamp,
): Result<Uint8Array<ArrayBuffer>, Fault<'policy_uncompilable'>> {
  if (stamp.seed.length !== 16) throw new TypeError('"seed" must be 16 bytes');
  const seedWords = wordsOf(stamp.seed);
  const builder = new PolicyBuilder(hashSeed(seedWords));
  const parts = sortDocuments(tree);
  const tooLarge = countEntries(parts) > mostEntries || parts.service.length > mostEntries;
  if (tooLarge) return failed(fault('policy_uncompilable', `a policy has at most ${mostEntries} entries and services`));
  compileParts(builder, parts, stamp.version);
  const [first] = builder.faults;
  if (first !== undefined) return failed(fault('policy_uncompilable', first));
  return ok(assembleBuffer(builder, seedWords));
}

type Parts = {
  readonly [K in PolicyDocument['kind']]: readonly Extract<PolicyDocument, { kind: K }>[];
} & { environmentOf(file: string): string | null };

function compileParts(builder: PolicyBuilder, parts: Parts, version: string): void {
  // Row 0 of the attributes says nothing: neither segment nor crossing.
  builder.section('attributes').pushAll([0, 0, none, none]);
  const segments = compileSegments(builder, parts);
  const groups = numberNames(builder, 'destinations document', parts.destinations);
  const names: NameTables = {
    segment: (name) => segments.get(name) ?? null,
    group: (name) => groups.get(name) ?? null,
  };
  compileBoundary(builder, parts, names);
  compileMembers(builder, parts);
  writeEmptyOwner(builder, owner.serviceNames);
  writeEmptyOwner(builder, owner.identities);
  const services = numberNames(builder, 'service', parts.service);
  for (const name of [boundaryDocumentName, unattributedServiceName]) {
    if (services.has(name)) builder.faults.push(`\`${name}\` is taken: rename the service`);
  }
  compileIdentities(
    builder,
    parts.service.flatMap((service) =>
      service.identities
        .filter((identity) => identity.terms.length > 0)
        .map((identity) => ({ service: services.get(service.name) ?? none, serviceName: service.name, identity })),
    ),
  );
  compileUnattributed(builder, parts.unattributed);
  writeEmptyOwner(builder, owner.revoked);
  for (const [row, service] of parts.service.entries()) compileService(builder, parts, { service, row, names });
  const unattributed = compileUnattributedService(builder, parts, names);
  writeMeta(builder, parts, version, unattributed);
}

function writeMeta(builder: PolicyBuilder, parts: Parts, version: string, unattributed: number): void {
  const meta = new Array<number>(12).fill(0);
  const requires = parts.boundary.flatMap((each) => each.requires);
  meta[metaWord.version] = builder.texts.place(version);
  meta[metaWord.ruleCount] = countEntries(parts);
  meta[metaWord.serviceCount] = parts.service.length;
  meta[metaWord.unattributedService] = unattributed;
  meta[metaWord.classMask] = requires.reduce((mask, each) => mask | (1 << destinationClasses.indexOf(each.class)), 0);
  meta[metaWord.revokedCount] = parts.boundary.reduce((sum, each) => sum + each.revoked.length, 0);
  meta[metaWord.ruleDepths] = builder.ruleDepths >>> 0;
  meta[metaWord.sharedHomes] = builder.sharedKeys.homes;
  meta[metaWord.nameHomes] = builder.nameKeys.homes;
  meta[metaWord.serviceHomes] = builder.serviceKeys.homes;
  meta[metaWord.ruleHomes] = builder.ruleKeys.homes;
  builder.section('meta').pushAll(meta);
}

function compileSegments(builder: PolicyBuilder, parts: Parts): ReadonlyMap<string, number> {
  const nodes = parts.segments.flatMap((each) => each.segments).sort(byName);
  const numbers = numberNames(builder, 'segment', nodes);
  for (const segment of nodes) {
    const ranges = builder.section('ranges');
    const at = ranges.length / 6;
    for (const { first, length } of segment.ranges) {
      ranges.pushAll([first.family, length, ...[0, 1, 2, 3].map((index) => first.words[index] ?? 0)]);
    }
    const texts = [segment.name, segment.environment].map((text) => builder.texts.place(text));
    builder.section('segments').pushAll([...texts, at, segment.ranges.length]);
  }
  return numbers;
}

function compileBoundary(builder: PolicyBuilder, parts: Parts, names: NameTables): void {
  const rules = parts.boundary.flatMap((each) => each.deny);
  compileOwner(builder, owner.boundary, names, {
    serviceName: null,
    lists: [{ name: `${boundaryDocumentName}/deny`, list: 'deny', rules }],
    builtIn: builtInBoundary(builder),
  });
  for (const { requires, revoked } of parts.boundary) {
    for (const each of requires) {
      const from = builder.placeSegments(each.from, names.segment);
      const strength = each.strength === null ? 0 : strengths.indexOf(each.strength) + 1;
      builder.section('requires').pushAll([destinationClasses.indexOf(each.class), strength, from, each.from.length]);
    }
    for (const { identity, reason, at } of revoked) {
      const row = builder.placeRule({ list: `${boundaryDocumentName}/revoked`, to: identity, reason, at });
      builder.addKey(owner.revoked, asciiKey(identity), row);
    }
  }
}

function compileMembers(builder: PolicyBuilder, parts: Parts): void {
  const entries = new OwnerEntries();
  for (const [group, document] of parts.destinations.entries()) {
    const texts = [builder.texts.place(document.name), destinationClasses.indexOf(document.class)];
    builder.section('groups').pushAll(texts);
    for (const { target, at } of document.members) {
      const words = targetWords(target, builder.placePorts);
      const row = builder.placeRule({ list: `${document.name}/members`, to: target.canonical, reason: null, at });
      entries.add(target.host, [words.flags, words.ports, row, group]);
    }
  }
  builder.writeOwner(owner.members, entries, null);
}

interface ServicePlace {
  readonly service: ServiceNode;
  readonly row: number;
  readonly names: NameTables;
}

function compileService(builder: PolicyBuilder, parts: Parts, { service, row, names }: ServicePlace): void {
  const { keys, hasGroups } = compileOwner(builder, owner.firstService + row, names, {
    serviceName: service.name,
    lists: [
      { name: `${service.name}/allow`, list: 'allow', rules: service.allow },
      { name: `${service.name}/deny`, list: 'deny', rules: service.deny },
    ],
  });
  const { texts } = builder;
  const environment = parts.environmentOf(service.at.file);
  const isObserved = service.mode === 'observe' && service.observeUntil !== null;
  const bits = (isObserved ? headBit.observed : 0) | (hasGroups ? headBit.groups : 0);
  builder.addHead(service.name, [row, bits, ...keys]);
  builder
    .section('services')
    .pushAll([
      texts.place(service.name),
      texts.place(service.owner),
      serviceKinds.indexOf(service.serviceKind),
      isObserved ? 1 : 0,
      ...instantWords(service.observeUntil),
      texts.place(environment),
      texts.place(service.at.file),
      service.at.line,
      hasGroups ? 1 : 0,
      0,
      0,
    ]);
}

/** The principal `unattributed` as a service without rules, observed until the last of its dates; `none` where there is none. */
function compileUnattributedService(builder: PolicyBuilder, parts: Parts, names: NameTables): number {
  const [first] = parts.unattributed;
  if (first === undefined) return none;
  const row = parts.service.length;
  const until = Math.max(...parts.unattributed.map((each) => each.until));
  const node: ServiceNode = {
    kind: 'service',
    name: unattributedServiceName,
    owner: first.owner,
    at: first.at,
    serviceKind: 'app',
    mode: 'observe',
    observeUntil: until,
    identities: [],
    allow: [],
    deny: [],
    tests: [],
  };
  compileService(builder, parts, { service: node, row, names });
  return row;
}

function writeEmptyOwner(builder: PolicyBuilder, _owner: number): void {
  builder.section('owners').pushAll([0, none, 0, 0]);
}

function sortDocuments(tree: PolicyTree): Parts {
  const of = <K extends PolicyDocument['kind']>(kind: K): Extract<PolicyDocument, { kind: K }>[] =>
    tree.documents.filter((each): each is Extract<PolicyDocument, { kind: K }> => each.kind === kind);
  return {
    service: of('service').sort(byName),
    destinations: of('destinations').sort(byName),
    boundary: of('boundary'),
    segments: of('segments'),
    space: of('space'),
    unattributed: of('unattributed'),
    tiers: of('tiers'),
    environmentOf: spaceIndexOf(tree).environmentOf,
  };
}

function countEntries(parts: Parts): number {
  const rules = parts.service.reduce((sum, each) => sum + each.allow.length + each.deny.length, 0);
  const members = parts.destinations.reduce((sum, each) => sum + each.members.length, 0);
  return parts.boundary.reduce((sum, each) => sum + each.deny.length, rules + members);
}

function byName(a: { readonly name: string }, b: { readonly name: string }): number {
  return a.name < b.name ? -1 : a.name > b.name ? 1 : 0;
}

function numberNames(
  builder: PolicyBuilder,
  what: string,
  nodes: readonly { readonly name: string }[],
): ReadonlyMap<string, number> {
  const numbers = new Map<string, number>();
  for (const { name } of nodes) {
    if (numbers.has(name)) builder.faults.push(`${what} \`${name}\` is defined twice`);
    numbers.set(name, numbers.size);
  }
  return numbers;
}

function wordsOf(seed: Uint8Array): [number, number, number, number] {
  const word = (at: number): number =>
    ((seed[at] ?? 0) | ((seed[at + 1] ?? 0) << 8) | ((seed[at + 2] ?? 0) << 16) | ((seed[at + 3] ?? 0) << 24)) >>> 0;
  return [word(0), word(4), word(8), word(12)];
}
