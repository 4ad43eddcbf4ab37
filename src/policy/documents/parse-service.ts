import { nearestWord } from '../../base/index.ts';
import { parsePolicyTarget } from '../../destination/index.ts';
import type { IdentityNode, PolicyTestNode, ServiceNode, SourceAt } from '../nodes.ts';
import { type Reason, reasons } from '../reasons.ts';
import { boundaryDocumentName, unattributedServiceName } from '../rule-id.ts';
import { identityText, parseIdentity } from './parse-identity.ts';
import { readInstant } from './parse-instant.ts';
import { parseRules } from './parse-rule.ts';
import type { PlainEntry, PlainNode } from './plain-node.ts';
import { type ReadMap, readMap, shorten } from './read-map.ts';
import { readChoice, readList, readName, readText, requireKey } from './read-value.ts';
import type { SourceFile } from './source-file.ts';

const serviceKinds = ['app', 'build', 'operator', 'agent'] as const;
const modes = ['enforce', 'observe'] as const;
const reservedNames: readonly string[] = [boundaryDocumentName, unattributedServiceName, 'built-in'];

/** What every document has, read before its kind is. */
export interface DocumentHead {
  readonly owner: string;
  readonly at: SourceAt;
}

/** Parses a `service:` document. Null after reporting what is wrong with its name; broken entries are reported and left out. */
export function parseService(map: ReadMap, head: DocumentHead, file: SourceFile): ServiceNode | null {
  const name = readServiceName(map, file);
  if (name === null) return null;
  const kindEntry = requireKey(map, 'kind', 'a service', file);
  const serviceKind = kindEntry === null ? null : readChoice(kindEntry.value, serviceKinds, '`kind`', file);
  const modeEntry = map.get('mode');
  const mode = modeEntry === null ? 'enforce' : readChoice(modeEntry.value, modes, '`mode`', file);
  return {
    ...head,
    kind: 'service',
    name,
    serviceKind: serviceKind ?? 'app',
    mode: mode ?? 'enforce',
    observeUntil: readObserveUntil(map, mode, file),
    identities: parseIdentities(map, file),
    allow: parseRules(map.get('allow'), { document: name, list: 'allow' }, file),
    deny: parseRules(map.get('deny'), { document: name, list: 'deny' }, file),
    tests: parseTests(map.get('tests'), file),
  };
}

function readServiceName(map: ReadMap, file: SourceFile): string | null {
  const entry = map.get('service');
  const name = entry === null ? null : readName(entry.value, 'service', file);
  if (entry === null || name === null || !reservedNames.includes(name)) return name;
  file.report('name_malformed', entry.value.offset, `service name \`${name}\` is reserved`);
  return null;
}

function readObserveUntil(map: ReadMap, mode: string | null, file: SourceFile): number | null {
  const entry = map.get('observeUntil');
  if (mode === 'observe') {
    if (entry !== null) return readInstant(entry.value, '`observeUntil`', file);
    file.report('key_missing', map.offset, '`mode: observe` needs `observeUntil`', 'add a date at most 30 days away');
    return null;
  }
  if (entry !== null && mode !== null)
    file.report(
      'key_misplaced',
      entry.keyOffset,
      '`observeUntil` has no meaning under `mode: enforce`',
      'remove the key',
    );
  return null;
}

function parseIdentities(map: ReadMap, file: SourceFile): readonly IdentityNode[] {
  const entry = requireKey(map, 'identities', 'a service', file);
  const items = readList(entry, '`identities`', file);
  if (entry?.value.kind === 'list' && items.length === 0)
    file.report('value_malformed', entry.value.offset, '`identities` must list at least one');
  const identities: IdentityNode[] = [];
  const seen = new Set<string>();
  for (const item of items) {
    const identity = parseIdentity(item, file);
    if (identity === null) continue;
    const text = identityText(identity);
    if (seen.has(text)) file.report('identity_duplicate', item.offset, `identity \`${shorten(text)}\` is listed twice`);
    else identities.push(identity);
    seen.add(text);
  }
  return identities;
}

function parseTests(entry: PlainEntry | null, file: SourceFile): readonly PolicyTestNode[] {
  const tests: PolicyTestNode[] = [];
  for (const item of readList(entry, '`tests`', file)) {
    const test = parseTest(item, file);
    if (test !== null) tests.push(test);
  }
  return tests;
}

function parseTest(node: PlainNode, file: SourceFile): PolicyTestNode | null {
  const map = readMap(node, 'test', 'a test', file);
  if (map === null) return null;
  const allow = map.get('allow');
  const deny = map.get('deny');
  const entry = allow ?? deny;
  if (entry === null || (allow !== null && deny !== null)) {
    file.report('value_malformed', map.offset, 'a test needs one of `allow`, `deny`');
    return null;
  }
  const to = readTestTarget(entry, file);
  const because = readBecause(map, file);
  const as = map.get('as');
  const asText = as === null ? null : readText(as.value, '`as`', file);
  if (to === null) return null;
  return { expect: allow === null ? 'deny' : 'allow', to, because, as: asText?.value ?? null, at: file.at(map.offset) };
}

/** A test asks for one destination: one name or address, one port. */
function readTestTarget(entry: PlainEntry, file: SourceFile): string | null {
  const text = readText(entry.value, `\`${entry.key}\``, file);
  if (text === null) return null;
  const target = parsePolicyTarget(text.value);
  if (!target.ok) {
    file.report('target_malformed', text.offset, target.fault.message);
    return null;
  }
  const { host, ports } = target.value;
  const [range, ...more] = ports;
  const isOneHost =
    host.kind === 'name' ||
    (host.kind === 'prefix' && host.prefix.length === (host.prefix.first.family === 4 ? 32 : 128));
  if (isOneHost && range !== undefined && more.length === 0 && range.first === range.last) return text.value;
  file.report('target_malformed', text.offset, `test \`${shorten(text.value)}\` must ask for one host and one port`);
  return null;
}

function readBecause(map: ReadMap, file: SourceFile): Reason | null {
  const entry = map.get('because');
  const text = entry === null ? null : readText(entry.value, '`because`', file);
  if (text === null) return null;
  if (Object.hasOwn(reasons, text.value)) return text.value as Reason;
  const near = nearestWord(text.value, Object.keys(reasons));
  const mend = near === null ? 'see the list of reasons in the reference' : `did you mean \`${near}\``;
  file.report('value_malformed', text.offset, `\`because\` \`${shorten(text.value)}\` is no reason code`, mend);
  return null;
}
