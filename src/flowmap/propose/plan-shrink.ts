import {
  type PortRange,
  patternCovers,
  portsCover,
  portsText,
  type Target,
  targetCovers,
} from '../../destination/index.ts';
import type { RuleNode, ServiceNode } from '../../policy/index.ts';
import type { MapEdge } from '../flow-map.ts';
import type { DeclaredEndpoint } from '../observation.ts';

/** More names than this in place of one wildcard are nobody's to read: the wildcard stays, and the plan says so. */
const mostNames = 200;

/** What becomes of a rule that does not stay as it is, or that stays for a reason. `closes` says what is no longer open. */
export interface RuleChange {
  readonly service: string;
  readonly file: string;
  readonly line: number;
  readonly rule: string;
  readonly to: string;
  readonly change: 'drop' | 'narrow_ports' | 'name_names' | 'keep_declared' | 'keep_unnamed' | 'keep_wide';
  /** The `to` of the entries that take its place; empty for a drop. */
  readonly replacedBy: readonly string[];
  readonly says: string;
}

/** What a plan for one service is made from: all edges of the window, and what configuration states for the service. */
export interface ShrinkFacts {
  readonly service: ServiceNode;
  readonly edges: readonly MapEdge[];
  readonly declared: readonly DeclaredEndpoint[];
  readonly membersOf: (name: string) => readonly Target[];
  readonly days: number;
}

/** Plans how the allow list of a service shrinks to what was used: unused rules go, ports narrow, wildcards become the seen names. */
export function planShrink(facts: ShrinkFacts): readonly RuleChange[] {
  const standing = new Set(facts.service.allow.map(toOf));
  return facts.service.allow.flatMap((rule) => {
    const change = planRule(rule, facts, standing);
    if (change === null) return [];
    const { file, line } = rule.at;
    const place = { service: facts.service.name, file, line, rule: idOf(rule, facts.service), to: toOf(rule) };
    return [{ ...place, ...change }];
  });
}

/** The text of a rule's `to` in its one spelling. */
export function toOf({ to }: RuleNode): string {
  return to.kind === 'target' ? to.target.canonical : `@${to.name}`;
}

type Plan = Pick<RuleChange, 'change' | 'replacedBy' | 'says'> | null;

function planRule(rule: RuleNode, facts: ShrinkFacts, standing: ReadonlySet<string>): Plan {
  const id = idOf(rule, facts.service);
  const used = facts.edges.filter(({ judgement }) =>
    judgement?.ruleIds.some((one) => one === id || one.startsWith(`${id}#`)),
  );
  if (used.length === 0) return planUnused(rule, facts) ?? planUnnamed(rule, facts) ?? planDrop(facts);
  if (rule.to.kind === 'reference') return null;
  const { target } = rule.to;
  const isWild = target.host.kind === 'below' || target.host.kind === 'any-name';
  if (!isWild) return planPorts(target, used);
  return planUnnamed(rule, facts) ?? planWildcard(target, used, standing);
}

function idOf(rule: RuleNode, service: ServiceNode): string {
  return `${service.name}/allow/${toOf(rule)}`;
}

function targetsOf({ to }: RuleNode, { membersOf }: ShrinkFacts): readonly Target[] {
  return to.kind === 'target' ? [to.target] : membersOf(to.name);
}

// Flows by address alone that nothing explains may be those of a rule by name: what cannot be seen is not closed.
function planUnnamed(rule: RuleNode, facts: ShrinkFacts): Plan {
  const targets = targetsOf(rule, facts).filter(({ host }) => host.kind !== 'prefix');
  const unnamed = facts.edges.filter(
    ({ edge, judgement }) =>
      !edge.isName &&
      edge.candidates.length === 0 &&
      edge.connections > 0 &&
      judgement?.verdict !== 'allow' &&
      targets.some(({ ports }) => edge.port < 1 || portsCover(ports, edge.port)),
  );
  if (unnamed.length === 0) return null;
  const count = unnamed.reduce((sum, { edge }) => sum + edge.connections, 0);
  return {
    change: 'keep_unnamed',
    replacedBy: [toOf(rule)],
    says: `${count} connections by address alone may be its: kept`,
  };
}

function planDrop({ days }: ShrinkFacts): Plan {
  return { change: 'drop', replacedBy: [], says: `nothing used it on ${days} days` };
}

function planUnused(rule: RuleNode, facts: ShrinkFacts): Plan {
  const targets = targetsOf(rule, facts);
  const { declared } = facts;
  const promise = declared.find((endpoint) => targets.some((target) => coversDeclared(target, endpoint)));
  if (promise === undefined) return null;
  const { file, line, schedule } = promise;
  const when = schedule === null ? '' : `, runs on "${schedule}"`;
  const says = `unused, and declared at ${file}:${line}${when}: kept`;
  return { change: 'keep_declared', replacedBy: [toOf(rule)], says };
}

function coversDeclared(target: Target, { host, port }: DeclaredEndpoint): boolean {
  const isPort = port === null || portsCover(target.ports, port);
  if (host.includes('*')) return target.host.kind === 'below' && host.endsWith(`.${target.host.name}`) && isPort;
  return isPort && patternCovers(target.host, { kind: 'name', name: host });
}

function planPorts(target: Target, used: readonly MapEdge[]): Plan {
  const ports = seenPorts(target, used);
  if (portsText(ports) === portsText(target.ports)) return null;
  const to = withHost(target, hostOf(target), ports);
  return {
    change: 'narrow_ports',
    replacedBy: [to],
    says: `of ports ${portsText(target.ports)} only ${portsText(ports)} were used`,
  };
}

// A record without a port may have been on any of them.
function seenPorts(target: Target, used: readonly MapEdge[]): readonly PortRange[] {
  if (used.some(({ edge }) => edge.port < 1)) return target.ports;
  const ports = [...new Set(used.map(({ edge }) => edge.port))].filter((port) => portsCover(target.ports, port));
  const ranges: { first: number; last: number }[] = [];
  for (const port of ports.sort((a, b) => a - b)) {
    const last = ranges.at(-1);
    if (last !== undefined && port === last.last + 1) last.last = port;
    else ranges.push({ first: port, last: port });
  }
  return ranges.length === 0 ? target.ports : ranges;
}

function planWildcard(target: Target, used: readonly MapEdge[], standing: ReadonlySet<string>): Plan {
  const byName = new Map<string, MapEdge[]>();
  for (const map of used) {
    for (const name of map.edge.isName ? [map.edge.destination] : map.edge.candidates) {
      if (!patternCovers(target.host, { kind: 'name', name })) continue;
      byName.set(name, [...(byName.get(name) ?? []), map]);
    }
  }
  if (byName.size === 0) return null;
  if (byName.size > mostNames) {
    return {
      change: 'keep_wide',
      replacedBy: [target.canonical],
      says: `${byName.size} names were seen under it: kept, list them by hand`,
    };
  }
  const tos = [...byName]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, maps]) => withHost(target, name, seenPorts(target, maps)));
  const replacedBy = tos.filter((to) => !standing.has(to));
  return { change: 'name_names', replacedBy, says: `any name below becomes the ${byName.size} that were seen` };
}

function hostOf({ canonical }: Target): string {
  return canonical.replace(/^[a-z]+:\/\//, '').replace(/:[^:]*$/, '');
}

function withHost({ protocol }: Target, host: string, ports: readonly PortRange[]): string {
  return `${protocol === 'tls' ? '' : `${protocol}://`}${host}:${portsText(ports)}`;
}

/** Whether targets cover what a test asks for. */
export function coversTest(targets: readonly Target[], asked: Parameters<typeof targetCovers>[1]): boolean {
  return targets.some((target) => targetCovers(target, asked));
}
