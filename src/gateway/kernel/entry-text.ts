import { tableName } from './kernel-names.ts';
import type { ToldEntry } from './kernel-plan.ts';
import { entryElement } from './plan-text.ts';

/** An entry that was told and for how long the kernel is to hold it. */
export interface TimedEntry extends ToldEntry {
  /** Whole seconds, 1 to 86,400. */
  readonly seconds: number;
}

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
 * Commands that make the kernel hold the entries for their time from now on. `renews`: adding again gives an element its new time (kernel
 * 6.12 and later); before that the old time silently stays, so the element is made anew.
 */
export function learnCommands(entries: readonly TimedEntry[], renews: boolean): readonly string[] {
  return bySet(entries, toldSetOf).flatMap(([set, mine]) => {
    // Two answers in one transaction may tell of one address: the longer time holds.
    const longest = new Map<string, number>();
    for (const entry of mine) {
      const key = entryKey(entry);
      longest.set(key, Math.max(entry.seconds, longest.get(key) ?? 0));
    }
    const timed = [...longest].map(([key, seconds]) => `${key} timeout ${seconds}s`);
    const add = `add element ${tableName} ${set} { ${timed.join(', ')} }`;
    // Deleting what is not there would fail the whole transaction, so it is added first.
    return renews ? [add] : [add, `delete element ${tableName} ${set} { ${[...longest.keys()].join(', ')} }`, add];
  });
}

/** Commands that take entries back and cut what lives by them. `liveKeys` are the edges of entries with a run of ports. */
export function forgetCommands(
  entries: readonly ToldEntry[],
  liveKeys: readonly (readonly [set: string, key: string])[],
): readonly string[] {
  const live = [
    ...entries
      .filter(({ ports }) => ports.from === ports.to)
      .map((entry) => [liveSetOf(entry), entryKey(entry)] as const),
    ...liveKeys,
  ];
  return [
    ...bySet(entries, toldSetOf).flatMap(([set, mine]) => removeCommands(set, mine.map(entryKey))),
    ...bySet(live, ([set]) => set).flatMap(([set, mine]) =>
      removeCommands(
        set,
        mine.map(([, key]) => key),
      ),
    ),
  ];
}

function removeCommands(set: string, keys: readonly string[]): readonly string[] {
  const unique = [...new Set(keys)];
  const added = unique.map((key) => `${key} timeout 1s`);
  return [
    `add element ${tableName} ${set} { ${added.join(', ')} }`,
    `delete element ${tableName} ${set} { ${unique.join(', ')} }`,
  ];
}

function bySet<T>(entries: readonly T[], setOf: (entry: T) => string): readonly (readonly [string, readonly T[]])[] {
  return [...Map.groupBy(entries, setOf)];
}
