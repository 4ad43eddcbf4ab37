import { nobodysLease, tableName } from './kernel-names.ts';
import type { LeaseEntry } from './kernel-plan.ts';
import { leaseMaps, leaseSets } from './lease-rules.ts';
import { recentSets } from './untracked-rules.ts';

/** What is to become of the leases that the kernel holds, in one transaction. */
export interface LeaseChange {
  /** Everything that it holds goes first. */
  readonly isReset: boolean;
  /** As they were told; those that have ended meanwhile too. */
  readonly gone: readonly LeaseEntry[];
  readonly held: readonly LeaseEntry[];
}

// Lines of a bounded length: nft points at what is wrong by repeating the line.
const elementsALine = 500;

/** The text of the transaction. An address is in `gone` before it is in `held` with another lease. */
export function leaseText({ isReset, gone, held }: LeaseChange): string {
  // Whose an address is may be another by now: what was found in order is judged anew.
  const judgedAnew = recentSets.map((name) => `flush set ${tableName} ${name}\n`);
  const emptied = [
    ...leaseMaps.map((name) => `flush map ${tableName} ${name}\n`),
    ...leaseSets.map((name) => `flush set ${tableName} ${name}\n`),
  ];
  // Deleting what is not there would fail the whole transaction, so it is added first.
  const last = gone.map((entry) => ({ ...entry, milliseconds: 1_000 }));
  return [...(isReset ? emptied : []), ...addLines(last), ...deleteLines(gone), ...addLines(held), ...judgedAnew].join(
    '',
  );
}

function addLines(entries: readonly LeaseEntry[]): readonly string[] {
  return lines('add', elementsOf(entries, true));
}

function deleteLines(entries: readonly LeaseEntry[]): readonly string[] {
  return lines('delete', elementsOf(entries, false));
}

type Elements = ReadonlyMap<string, readonly string[]>;

function elementsOf(entries: readonly LeaseEntry[], isWhole: boolean): Elements {
  const elements = new Map<string, string[]>();
  const add = (set: string, key: string, milliseconds: number, value?: number): void => {
    const known = elements.get(set) ?? [];
    elements.set(set, known);
    known.push(isWhole ? `${key} timeout ${milliseconds}ms${value === undefined ? '' : ` : ${value}`}` : key);
  };
  for (const { family, address, tenure, serviceId, milliseconds, mac } of entries) {
    add(`lease${family}`, address, milliseconds, tenure);
    if (tenure !== nobodysLease && serviceId !== 0) add('tenants', String(tenure), milliseconds, serviceId);
    if (mac !== null) add(`leasebound${family}`, `${address} . ${mac}`, milliseconds);
  }
  return elements;
}

function lines(verb: 'add' | 'delete', elements: Elements): readonly string[] {
  return [...elements].flatMap(([set, all]) => {
    const made: string[] = [];
    for (let at = 0; at < all.length; at += elementsALine) {
      made.push(`${verb} element ${tableName} ${set} { ${all.slice(at, at + elementsALine).join(', ')} }\n`);
    }
    return made;
  });
}
