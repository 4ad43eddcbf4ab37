import { tableName } from './kernel-names.ts';
import type { ToldEntry } from './kernel-plan.ts';
import { entryElement } from './plan-text.ts';
import { recentSets } from './untracked-rules.ts';

/** An entry that was told and for how long the kernel is to hold it. */
export interface TimedEntry extends ToldEntry {
  /** Whole seconds, 1 to 86,400. */
  readonly seconds: number;
}

/** A change of one set. One transaction is a list of them, done in order. */
export type EntryChange =
  | { readonly does: 'add'; readonly set: string; readonly entries: readonly TimedEntry[] }
  | { readonly does: 'delete'; readonly set: string; readonly entries: readonly ToldEntry[] }
  /** Takes everything out; `entries` is empty. */
  | { readonly does: 'flush'; readonly set: string; readonly entries: readonly [] };

/** The entry as the key that it has in the kernel: `257 . 203.0.113.7 . tcp . 5432`. */
export function entryKey(entry: ToldEntry): string {
  return entryElement({ ...entry, from: entry.address, to: entry.address });
}

/** The set that holds what was told in this manner. */
export function toldSetOf(entry: ToldEntry): string {
  const name = entry.ports.from === entry.ports.to ? 'told' : 'toldrange';
  return `${entry.verdict === 'allow' ? '' : 'watch'}${name}${entry.family}`;
}

/** The set of live edges that such an entry lets in. */
export function liveSetOf(entry: ToldEntry): string {
  return `${entry.verdict === 'allow' ? '' : 'watch'}live${entry.family}`;
}

/**
 * Changes that make the kernel hold the entries for their time from now on. `renews`: adding again gives an element its new time (kernel
 * 6.12 and later); before that the old time silently stays, so the element is made anew.
 */
export function learnChanges(entries: readonly TimedEntry[], renews: boolean): readonly EntryChange[] {
  return [...Map.groupBy(entries, toldSetOf)].flatMap(([set, mine]) => {
    // Two answers in one transaction may tell of one address: the longer time holds.
    const longest = new Map<string, TimedEntry>();
    for (const entry of mine) {
      const key = entryKey(entry);
      if ((longest.get(key)?.seconds ?? 0) < entry.seconds) longest.set(key, entry);
    }
    const add: EntryChange = { does: 'add', set, entries: [...longest.values()] };
    // Deleting what is not there would fail the whole transaction, so it is added first.
    return renews ? [add] : [add, { does: 'delete', set, entries: add.entries }, add];
  });
}

/** Changes that take entries back and cut what lives by them: what was found in order by them is judged anew. `live` are the edges of entries with a run of ports, one port each. */
export function forgetChanges(entries: readonly ToldEntry[], live: readonly ToldEntry[] = []): readonly EntryChange[] {
  const single = entries.filter(({ ports }) => ports.from === ports.to);
  const emptied = entries.length === 0 ? [] : recentSets;
  return [
    ...removals(entries, toldSetOf),
    ...removals([...single, ...live], liveSetOf),
    ...emptied.map((set): EntryChange => ({ does: 'flush', set, entries: [] })),
  ];
}

/** Changes as commands of `nft`. */
export function changeCommands(changes: readonly EntryChange[]): readonly string[] {
  return changes.map((change) => {
    if (change.does === 'flush') return `flush set ${tableName} ${change.set}`;
    const elements =
      change.does === 'add'
        ? change.entries.map((entry) => `${entryKey(entry)} timeout ${entry.seconds}s`)
        : change.entries.map(entryKey);
    return `${change.does} element ${tableName} ${change.set} { ${elements.join(', ')} }`;
  });
}

function removals(entries: readonly ToldEntry[], setOf: (entry: ToldEntry) => string): readonly EntryChange[] {
  return [...Map.groupBy(entries, setOf)].flatMap(([set, mine]): readonly EntryChange[] => {
    const unique = [...new Map(mine.map((entry) => [entryKey(entry), entry])).values()];
    return [
      { does: 'add', set, entries: unique.map((entry) => ({ ...entry, seconds: 1 })) },
      { does: 'delete', set, entries: unique },
    ];
  });
}
