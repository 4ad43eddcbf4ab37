import { parsePolicyTarget } from '../../destination/index.ts';
import { strengths } from '../../identity/index.ts';
import type { RuleNode, ToNode } from '../nodes.ts';
import { type QueryType, queryTypes } from '../query-types.ts';
import { ruleId } from '../rule-id.ts';
import type { PlainEntry, PlainNode } from './plain-node.ts';
import { type ReadMap, readMap, shorten } from './read-map.ts';
import { readChoice, readList, readName, readNames, readReason, readText, requireKey } from './read-value.ts';
import type { SourceFile } from './source-file.ts';

/** Where a list of rules stands: the document's name in rule ids, and which list it is. */
export interface RuleList {
  readonly document: string;
  readonly list: 'allow' | 'deny';
}

/** Parses the entries of an `allow:` or `deny:` list. Broken ones are reported and left out, and so is the second of one id. */
export function parseRules(entry: PlainEntry | null, where: RuleList, file: SourceFile): readonly RuleNode[] {
  const rules: RuleNode[] = [];
  const seen = new Map<string, RuleNode>();
  for (const item of readList(entry, `\`${where.list}\``, file)) {
    const rule = parseRule(item, where, file);
    if (rule === null) continue;
    const key = toText(rule.to);
    const first = seen.get(key);
    if (first === undefined) {
      seen.set(key, rule);
      rules.push(rule);
    } else reportDuplicate(item, rule, { where, first }, file);
  }
  return rules;
}

/** The text of a `to:` in its one spelling: `bank-gateway.example.com:443`, `@card-schemes`. */
export function toText(to: ToNode): string {
  return to.kind === 'target' ? to.target.canonical : `@${to.name}`;
}

/** Parses what an entry points at: `@name` or a target. Null after reporting what is wrong. */
export function parseTo(node: PlainNode, file: SourceFile): ToNode | null {
  const text = readText(node, '`to`', file);
  if (text === null) return null;
  if (text.value.startsWith('@')) {
    const name = readName({ ...text, value: text.value.slice(1) }, 'reference', file);
    return name === null ? null : { kind: 'reference', name };
  }
  const target = parsePolicyTarget(text.value);
  if (target.ok) return { kind: 'target', target: target.value };
  file.report('target_malformed', text.offset, target.fault.message);
  return null;
}

function parseRule(node: PlainNode, where: RuleList, file: SourceFile): RuleNode | null {
  const isAllow = where.list === 'allow';
  const map = readMap(node, isAllow ? 'allowRule' : 'denyRule', `a rule of \`${where.list}\``, file);
  if (map === null) return null;
  const toEntry = requireKey(map, 'to', 'a rule', file);
  const to = toEntry === null ? null : parseTo(toEntry.value, file);
  const reason = readReason(map, 'a rule', file);
  if (to === null || reason === null) return null;
  const at = file.at(map.offset);
  return { to, reason, ...(isAllow ? readConditions(map, to, file) : unconditional), at };
}

const unconditional = { via: [], crossing: null, ech: false, sniNone: false, strength: null, queries: [] } as const;

/** What an allow asks beside the target. */
type Conditions = Pick<RuleNode, 'via' | 'crossing' | 'ech' | 'sniNone' | 'strength' | 'queries'>;

function readConditions(map: ReadMap, to: ToNode, file: SourceFile): Conditions {
  const ech = map.get('ech');
  const sni = map.get('sni');
  const strength = map.get('strength');
  return {
    via: readNames(map.get('via'), '`via`', file),
    crossing: readCrossing(map.get('crossing'), file),
    ech: ech !== null && readChoice(ech.value, ['allow'], '`ech`', file) !== null,
    sniNone: sni !== null && readSniNone(sni, to, file),
    strength: strength === null ? null : readChoice(strength.value, strengths, '`strength`', file),
    queries: readQueries(map.get('queries'), to, file),
  };
}

function readQueries(entry: PlainEntry | null, to: ToNode, file: SourceFile): readonly QueryType[] {
  if (entry === null) return [];
  if (to.kind === 'target' && to.target.host.kind === 'prefix') {
    file.report('key_misplaced', entry.keyOffset, '`queries` is for rules on names: nobody asks for an address');
    return [];
  }
  const types = readList(entry, '`queries`', file).flatMap(
    (item) => readChoice(item, queryTypes, 'query type', file) ?? [],
  );
  return [...new Set(types)].sort();
}

function readSniNone(sni: PlainEntry, to: ToNode, file: SourceFile): boolean {
  if (readChoice(sni.value, ['none'], '`sni`', file) === null) return false;
  if (to.kind === 'target' && to.target.host.kind !== 'prefix') {
    file.report(
      'key_misplaced',
      sni.keyOffset,
      '`sni: none` is for rules on addresses: a name always has its server name',
    );
    return false;
  }
  return true;
}

function readCrossing(entry: PlainEntry | null, file: SourceFile): RuleNode['crossing'] {
  if (entry === null) return null;
  const map = readMap(entry.value, 'crossing', '`crossing`', file);
  if (map === null) return null;
  const fromEntry = requireKey(map, 'from', '`crossing`', file);
  const toEntry = requireKey(map, 'to', '`crossing`', file);
  const from = fromEntry === null ? null : readName(fromEntry.value, 'environment', file);
  const to = toEntry === null ? null : readName(toEntry.value, 'environment', file);
  if (from === null || to === null) return null;
  if (from !== to) return { from, to };
  file.report('value_malformed', map.offset, `\`crossing\` from \`${from}\` to itself crosses nothing`);
  return null;
}

function reportDuplicate(
  item: PlainNode,
  rule: RuleNode,
  { where, first }: { readonly where: RuleList; readonly first: RuleNode },
  file: SourceFile,
): void {
  const id = shorten(ruleId(where.document, where.list, rule.to));
  file.report(
    'rule_duplicate',
    item.offset,
    `rule \`${id}\` stands on line ${first.at.line} already`,
    'merge the two entries',
  );
}
