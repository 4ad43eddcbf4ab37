import { failed, fault, ok, type Result } from '../../base/index.ts';
import { families, tableName } from './kernel-names.ts';
import type { AddressRun, Binding, KernelPlan, OpenEntry, PortRun, SourceEntry } from './kernel-plan.ts';
import { localElements } from './local-table.ts';
import { rulesText } from './rules-text.ts';
import { createServiceLookup, fillSourceGaps } from './source-gaps.ts';
import { chainNames, needlessChains, planMaps, planSets, tableText } from './table-text.ts';
import { recentSets } from './untracked-rules.ts';

/** A thing in our table that is not ours: `{ kind: 'chain', name: 'x' }`. */
export interface StrangeObject {
  readonly kind: string;
  readonly name: string;
}

/**
 * One transaction that makes the kernel hold this plan: chains and the sets of the plan are emptied and filled, what was told, lives
 * or was counted stays. `strange` is what goes besides. Fault: `plan_malformed` when sources overlap.
 */
export function planText(plan: KernelPlan, strange: readonly StrangeObject[] = []): Result<string> {
  const who = families.map(({ family }) => fillSourceGaps(family, plan.sources));
  if (who.some((filled) => filled === null)) {
    return failed(fault('plan_malformed', 'two sources of the plan share an address, make them disjoint'));
  }
  const [sources4, sources6] = who as readonly (readonly SourceEntry[])[];
  const filled = [sources4 ?? [], sources6 ?? []];
  const elements = [
    ...placeElements(plan),
    ...localElements(plan).flatMap(([name, mine]) => addElements(name, mine)),
    ...runElements(plan),
    ...whoElements(filled),
    ...boundElements(plan.bindings, filled),
  ];
  const needless = needlessChains(plan.place);
  return ok(
    [
      tableText(needless),
      ...chainNames.map((name) => `flush chain ${tableName} ${name}\n`),
      // What was found in order under another plan is looked at anew.
      ...[...planSets, ...recentSets].map((name) => `flush set ${tableName} ${name}\n`),
      ...planMaps.map((name) => `flush map ${tableName} ${name}\n`),
      // Emptied first: rules that jump to each other would keep each other.
      ...strange.filter(({ kind }) => kind === 'chain').map(({ name }) => `flush chain ${tableName} ${name}\n`),
      ...needless.map((name) => `delete chain ${tableName} ${name}\n`),
      ...strange.map(({ kind, name }) => `delete ${kind} ${tableName} ${name}\n`),
      rulesText(plan.place, plan.local.cgroups),
      ...elements,
    ].join(''),
  );
}

/** The same plan in a table that is made anew, with nothing told and nothing counted: where ours cannot be mended. */
export function newTableText(plan: KernelPlan): Result<string> {
  const text = planText(plan);
  return text.ok ? ok(`table ${tableName} { }\ndelete table ${tableName}\n${text.value}`) : text;
}

/** The service, addresses, protocol and ports of an entry as an element. */
export function entryElement(entry: Omit<OpenEntry, 'verdict'>): string {
  return `${entry.serviceId} . ${runText(entry)} . ${entry.protocol} . ${portsText(entry.ports)}`;
}

function placeElements({ place }: KernelPlan): readonly string[] {
  return [
    ...addElements(
      'inside',
      place.inside.map((name) => `"${name}"`),
    ),
    ...addElements('names', place.namePorts.map(String)),
    // Read by name, or questions of DNS: never judged by address alone.
    ...addElements('worded', [...new Set([...place.namePorts, 53])].map(String)),
  ];
}

function runElements(plan: KernelPlan): readonly string[] {
  return families.flatMap(({ family }) => {
    const mine = <T extends { readonly family: 4 | 6 }>(entries: readonly T[]): readonly T[] =>
      entries.filter((entry) => entry.family === family);
    const open = (verdict: string, isOne: boolean): readonly string[] =>
      mine(plan.open)
        .filter((entry) => entry.verdict === verdict && isOneEdge(entry) === isOne)
        .map(entryElement);
    return [
      ...addElements(`closed${family}`, mine(plan.closed).map(runText)),
      ...addElements(`openone${family}`, open('allow', true)),
      ...addElements(`open${family}`, open('allow', false)),
      ...addElements(`watchedone${family}`, open('observe', true)),
      ...addElements(`watched${family}`, open('observe', false)),
    ];
  });
}

function whoElements(filled: readonly (readonly SourceEntry[])[]): readonly string[] {
  return filled.flatMap((sources, at) =>
    addElements(
      `who${families[at]?.family}`,
      sources.map((source) => `${runText(source)} : ${source.serviceId}`),
    ),
  );
}

// With its service beside it, a packet asks once whether its address is bound and whose it is.
function boundElements(bindings: readonly Binding[], filled: readonly (readonly SourceEntry[])[]): readonly string[] {
  return families.flatMap(({ family }, at) => {
    const serviceOf = createServiceLookup(filled[at] ?? []);
    const mine = bindings.filter((binding) => binding.family === family);
    return [
      ...addElements(
        `bound${family}`,
        mine.map(({ address, mac }) => `${address} . ${mac} : ${serviceOf(address)}`),
      ),
      // An address may be bound to several hardware addresses.
      ...addElements(
        `home${family}`,
        [...new Set(mine.map(({ address }) => address))].map((address) => `${address} : ${serviceOf(address)}`),
      ),
    ];
  });
}

// Sets of intervals of several fields take far longer to fill, and longer for a packet to look up.
function isOneEdge({ from, to, ports }: OpenEntry): boolean {
  return from === to && ports.from === ports.to;
}

// Lines of a bounded length: nft points at what is wrong by repeating the line.
const elementsALine = 500;

function addElements(set: string, elements: readonly string[]): readonly string[] {
  const lines: string[] = [];
  for (let at = 0; at < elements.length; at += elementsALine) {
    lines.push(`add element ${tableName} ${set} { ${elements.slice(at, at + elementsALine).join(', ')} }\n`);
  }
  return lines;
}

function runText({ from, to }: AddressRun): string {
  return from === to ? from : `${from}-${to}`;
}

function portsText({ from, to }: PortRun): string {
  return from === to ? String(from) : `${from}-${to}`;
}
