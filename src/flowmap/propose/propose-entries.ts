import { isBelow } from '../../destination/index.ts';
import type { MapEdge } from '../flow-map.ts';
import type { AimedEdge, Refusal } from './aim-of-edge.ts';
import { findOwnSuspicions, findSuspicions, type SuspicionContext } from './find-suspicions.ts';
import { foldEvidence } from './fold-evidence.ts';
import { generaliseNames } from './generalise-names.ts';
import type { ApartEntry, ProposedEntry } from './proposal.ts';

/** What became of the edges of a service. */
export interface SortedEdges {
  readonly entries: readonly ProposedEntry[];
  readonly apart: readonly ApartEntry[];
}

/** What sorting needs beside the edges. `hasRule`: the document that is extended holds an allow with this canonical `to`. */
export interface SortContext {
  readonly suspicion: SuspicionContext;
  readonly wildcardFrom: number;
  hasRule(to: string): boolean;
  /** Names that the present policy allows already. */
  readonly allowedNames: readonly string[];
}

/** Sorts edges that the present policy does not allow into entries to propose and what a person should judge. */
export function proposeEntries(aimed: readonly AimedEdge[], context: SortContext): SortedEdges {
  const entries: ProposedEntry[] = [];
  const apart: ApartEntry[] = [];
  const groups = groupByTarget(aimed.flatMap((one) => keepClean(one, context, apart)));
  for (const { suffix, groups: covered } of wildcardsOf(groups, context.wildcardFrom)) {
    const reasons = findSuspicions(mapsOf(covered), context.suspicion);
    if (reasons.length > 0) apart.push(...covered.map((group) => apartGroup(group, reasons, context)));
    else entries.push(wildcardEntry(suffix, covered, context));
    for (const { to } of covered) groups.delete(to);
  }
  for (const group of groups.values()) {
    const reasons = [...findStanding(group, context), ...findSuspicions(mapsOf([group]), context.suspicion)];
    if (reasons.length > 0) apart.push(apartGroup(group, reasons, context));
    else entries.push(exactEntry(group, context));
  }
  return {
    entries: entries.sort(byTarget),
    apart: dropCovered(apart, entries, context.allowedNames).sort(byDestination),
  };
}

/** Edges with one canonical target. */
interface TargetGroup {
  readonly to: string;
  readonly aimed: AimedEdge[];
}

function keepClean(one: AimedEdge, context: SortContext, apart: ApartEntry[]): readonly AimedEdge[] {
  const reasons = one.refusals.length > 0 ? one.refusals : findOwnSuspicions(one.map, context.suspicion);
  if (reasons.length === 0 && one.aim !== null) return [one];
  // Told at once, with the other suspicions: a person judges the edge once.
  const more = findSuspicions([one.map], context.suspicion).filter(
    ({ reason }) => !reasons.some((known) => known.reason === reason),
  );
  apart.push(apartEdge(one, [...reasons, ...more], context));
  return [];
}

function groupByTarget(aimed: readonly AimedEdge[]): Map<string, TargetGroup> {
  const groups = new Map<string, TargetGroup>();
  for (const one of aimed) {
    const to = one.aim?.target.canonical ?? '';
    const known = groups.get(to);
    if (known === undefined) groups.set(to, { to, aimed: [one] });
    else known.aimed.push(one);
  }
  return groups;
}

/** Groups under a wildcard, by protocol and port. Names that resolve into segments stay names: a segment is a place of few. */
function wildcardsOf(
  groups: ReadonlyMap<string, TargetGroup>,
  wildcardFrom: number,
): readonly { readonly suffix: string; readonly groups: readonly TargetGroup[] }[] {
  const byPort = new Map<string, Map<string, TargetGroup>>();
  for (const group of groups.values()) {
    const [first] = group.aimed;
    if (first?.aim?.isName !== true || first.aim.via.length > 0) continue;
    const key = `${first.aim.target.protocol}:${first.map.edge.port}`;
    const names = byPort.get(key) ?? new Map<string, TargetGroup>();
    byPort.set(key, names.set(first.map.edge.destination, group));
  }
  return [...byPort.values()].flatMap((names) =>
    generaliseNames([...names.keys()], wildcardFrom).wildcards.map(({ suffix, names: under }) => ({
      suffix,
      groups: under.flatMap((name) => names.get(name) ?? []),
    })),
  );
}

function wildcardEntry(suffix: string, groups: readonly TargetGroup[], context: SortContext): ProposedEntry {
  const [first] = groups[0]?.aimed ?? [];
  const names = [...new Set(mapsOf(groups).map(({ edge }) => edge.destination))].sort();
  const scheme = first?.aim?.target.protocol ?? 'tls';
  return {
    to: `${scheme === 'tls' ? '' : `${scheme}://`}*.${suffix}:${first?.map.edge.port}`,
    via: [],
    sniNone: false,
    names,
    evidence: foldEvidence(mapsOf(groups), context.suspicion.observedDays),
    notes: first?.aim?.notes ?? [],
  };
}

function exactEntry({ to, aimed }: TargetGroup, context: SortContext): ProposedEntry {
  return {
    to,
    via: viaOf(aimed),
    sniNone: aimed.some(({ aim }) => aim?.sniNone === true),
    names: [],
    evidence: foldEvidence(mapsOf([{ to, aimed }]), context.suspicion.observedDays),
    notes: [...new Set(aimed.flatMap(({ aim }) => aim?.notes ?? []))],
  };
}

// One entry cannot both need a segment and be public: the name has answers of both kinds, at different times.
function findStanding({ to, aimed }: TargetGroup, { hasRule }: SortContext): readonly Refusal[] {
  const withVia = aimed.filter(({ aim }) => (aim?.via.length ?? 0) > 0).length;
  const isMixed = withVia > 0 && withVia < aimed.length;
  return [
    ...(hasRule(to) ? [{ reason: 'rule_stands', detail: null } as const] : []),
    ...(isMixed ? [{ reason: 'addresses_mixed', detail: null } as const] : []),
  ];
}

function viaOf(aimed: readonly AimedEdge[]): readonly string[] {
  return [...new Set(aimed.flatMap(({ aim }) => aim?.via ?? []))].sort();
}

function apartGroup({ to, aimed }: TargetGroup, reasons: readonly Refusal[], context: SortContext): ApartEntry {
  const maps = aimed.map(({ map }) => map);
  return {
    to,
    via: viaOf(aimed),
    sniNone: aimed.some(({ aim }) => aim?.sniNone === true),
    destination: maps[0]?.edge.destination ?? '',
    reasons,
    evidence: foldEvidence(maps, context.suspicion.observedDays),
  };
}

function apartEdge({ map, aim }: AimedEdge, reasons: readonly Refusal[], context: SortContext): ApartEntry {
  return {
    to: aim?.target.canonical ?? null,
    via: aim?.via ?? [],
    sniNone: aim?.sniNone ?? false,
    destination: map.edge.destination,
    reasons,
    evidence: foldEvidence([map], context.suspicion.observedDays),
  };
}

/** Of an address whose name is uncertain these say nothing: how often its names were seen was judged with the names. */
const judgedByName: ReadonlySet<string> = new Set(['undeclared_alone', 'one_off', 'rare', 'night_only']);

// An address each of whose possible names is allowed or proposed needs nobody's judgement.
function dropCovered(
  apart: readonly ApartEntry[],
  entries: readonly ProposedEntry[],
  allowedNames: readonly string[],
): ApartEntry[] {
  const proposed = entries.map(({ to }) => to.replace(/^[a-z]+:\/\//, '').replace(/:[^:]*$/, ''));
  const hosts = [...proposed, ...allowedNames];
  const exact = new Set(hosts);
  const suffixes = hosts.filter((host) => host.startsWith('*.')).map((host) => host.slice(2));
  const isCovered = (name: string): boolean => exact.has(name) || suffixes.some((suffix) => isBelow(name, suffix));
  return apart.filter(({ reasons }) => {
    const [only, ...others] = reasons.filter(({ reason }) => !judgedByName.has(reason));
    if (only?.reason !== 'name_uncertain' || others.length > 0) return true;
    return !(only.detail ?? '').split(' ').every(isCovered);
  });
}

function mapsOf(groups: readonly TargetGroup[]): readonly MapEdge[] {
  return groups.flatMap(({ aimed }) => aimed.map(({ map }) => map));
}

function byTarget(a: ProposedEntry, b: ProposedEntry): number {
  return a.to < b.to ? -1 : 1;
}

function byDestination(a: ApartEntry, b: ApartEntry): number {
  return a.destination < b.destination ? -1 : a.destination > b.destination ? 1 : (a.to ?? '') < (b.to ?? '') ? -1 : 1;
}
