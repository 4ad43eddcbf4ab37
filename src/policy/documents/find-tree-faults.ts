import { nearestWord } from '../../base/index.ts';
import type { PolicyFault, PolicyFaultCode } from '../fault.ts';
import type { BoundaryNode, PolicyDocument, PolicyTree, RuleNode, SourceAt } from '../nodes.ts';
import { boundaryDocumentName, ruleId } from '../rule-id.ts';
import { toText } from './parse-rule.ts';

/** More faults than this over the tree help nobody. */
const maxTreeFaults = 200;

/** Names that the tree defines. */
interface TreeNames {
  readonly destinations: ReadonlyMap<string, SourceAt>;
  readonly segments: ReadonlyMap<string, SourceAt>;
  readonly environments: ReadonlySet<string>;
}

/** The mend is made only when the fault is kept: looking for near words among many names is dear. */
type Report = (code: PolicyFaultCode, at: SourceAt, message: string, mend?: () => string | null) => void;

/** What only the whole tree can tell: doubled names and boundary rules, and references to nothing. In order of documents. */
export function findTreeFaults(tree: PolicyTree): readonly PolicyFault[] {
  const faults: PolicyFault[] = [];
  const report: Report = (code, at, message, mend) => {
    if (faults.length < maxTreeFaults) faults.push({ code, message, at, mend: mend?.() ?? null });
  };
  const names = collectNames(tree, report);
  findDoubledBoundaryRules(tree, report);
  findDoubledTiers(tree, report);
  for (const document of tree.documents) checkDocument(document, names, report);
  return faults;
}

function collectNames(tree: PolicyTree, report: Report): TreeNames {
  const names = { service: new Map(), destinations: new Map(), space: new Map(), segment: new Map() } as const;
  const environments = new Set<string>();
  const note = (kind: keyof typeof names, name: string, at: SourceAt): void => {
    const first: SourceAt | undefined = names[kind].get(name);
    if (first === undefined) names[kind].set(name, at);
    else report('name_duplicate', at, `${kind} \`${name}\` is defined at ${first.file}:${first.line} already`);
  };
  for (const document of tree.documents) {
    for (const environment of environmentsIn(document)) environments.add(environment);
    if (document.kind === 'segments') for (const { name, at } of document.segments) note('segment', name, at);
    else if (document.kind !== 'boundary' && document.kind !== 'unattributed' && document.kind !== 'tiers')
      note(document.kind, document.name, document.at);
  }
  return { destinations: names.destinations, segments: names.segment, environments };
}

function environmentsIn(document: PolicyDocument): readonly string[] {
  const places = document.kind === 'segments' ? document.segments : document.kind === 'space' ? [document] : [];
  return places.flatMap(({ environment }) => environment ?? []);
}

/** Every boundary document has one name in rule ids, so two of them may not say the same. */
function findDoubledBoundaryRules(tree: PolicyTree, report: Report): void {
  const seen = new Map<string, RuleNode>();
  for (const document of tree.documents) {
    if (document.kind !== 'boundary') continue;
    for (const rule of document.deny) {
      const text = toText(rule.to);
      const first = seen.get(text);
      if (first === undefined) seen.set(text, rule);
      else {
        const id = ruleId(boundaryDocumentName, 'deny', rule.to);
        report('rule_duplicate', rule.at, `rule \`${id}\` stands at ${first.at.file}:${first.at.line} already`);
      }
    }
  }
}

/** Two documents would leave it open which of them counts. */
function findDoubledTiers(tree: PolicyTree, report: Report): void {
  const [first, ...others] = tree.documents.filter(({ kind }) => kind === 'tiers');
  for (const { at } of others)
    report('tiers_duplicate', at, `\`tiers\` stands at ${first?.at.file}:${first?.at.line} already`);
}

function checkDocument(document: PolicyDocument, names: TreeNames, report: Report): void {
  if (document.kind === 'service') for (const rule of document.allow) checkRule(rule, names, report);
  if (document.kind !== 'service' && document.kind !== 'boundary') return;
  for (const rule of document.deny) checkRule(rule, names, report);
  if (document.kind === 'boundary') checkRequirements(document, names, report);
}

function checkRequirements({ requires }: BoundaryNode, names: TreeNames, report: Report): void {
  for (const { from, at } of requires) for (const segment of from) checkSegment(segment, at, names, report);
}

function checkRule(rule: RuleNode, names: TreeNames, report: Report): void {
  if (rule.to.kind === 'reference' && !names.destinations.has(rule.to.name))
    report(
      'reference_unknown',
      rule.at,
      `\`@${rule.to.name}\` refers to no destinations document`,
      didYouMean(rule.to.name, () => names.destinations.keys()),
    );
  for (const segment of rule.via) checkSegment(segment, rule.at, names, report);
  if (rule.crossing === null) return;
  for (const environment of [rule.crossing.from, rule.crossing.to])
    if (!names.environments.has(environment))
      report(
        'environment_unknown',
        rule.at,
        `no space or segment has environment \`${environment}\``,
        didYouMean(environment, () => names.environments),
      );
}

function checkSegment(segment: string, at: SourceAt, names: TreeNames, report: Report): void {
  if (!names.segments.has(segment))
    report(
      'segment_unknown',
      at,
      `segment \`${segment}\` is not defined`,
      didYouMean(segment, () => names.segments.keys()),
    );
}

function didYouMean(name: string, names: () => Iterable<string>): () => string | null {
  return () => {
    const near = nearestWord(name, names());
    return near === null ? null : `did you mean \`${near}\``;
  };
}
