import type { IpAddress, IpPrefix } from '../../destination/index.ts';

/** A rule for a block of addresses: the trigger as its zone spells it, and a number. */
export interface PrefixEntry {
  readonly trigger: string;
  readonly value: number;
}

/** Blocks of addresses, the longest that holds an address first. One map for each length that occurs, so a look-up costs as many. */
export class PrefixTable {
  size = 0;
  readonly #byLength: Readonly<Record<4 | 6, Map<number, Map<string, PrefixEntry>>>> = { 4: new Map(), 6: new Map() };
  #lengths: Readonly<Record<4 | 6, readonly number[]>> = { 4: [], 6: [] };

  /** The entry of exactly this block, or null. */
  get(prefix: IpPrefix): PrefixEntry | null {
    const { family, words } = prefix.first;
    return this.#byLength[family].get(prefix.length)?.get(maskedKey(words, prefix.length)) ?? null;
  }

  /** Sets the entry of a block. */
  set(prefix: IpPrefix, entry: PrefixEntry): void {
    const { family, words } = prefix.first;
    const byLength = this.#byLength[family];
    const entries = byLength.get(prefix.length) ?? new Map<string, PrefixEntry>();
    if (entries.size === 0) {
      byLength.set(prefix.length, entries);
      this.#lengths = { ...this.#lengths, [family]: [...byLength.keys()].sort((a, b) => b - a) };
    }
    const key = maskedKey(words, prefix.length);
    if (!entries.has(key)) this.size += 1;
    entries.set(key, entry);
  }

  /** The entry of the longest block that holds an address, or null. */
  match(address: IpAddress): PrefixEntry | null {
    for (const length of this.#lengths[address.family]) {
      const entry = this.#byLength[address.family].get(length)?.get(maskedKey(address.words, length));
      if (entry !== undefined) return entry;
    }
    return null;
  }
}

function maskedKey(words: readonly number[], length: number): string {
  let key = '';
  for (let at = 0; at * 32 < length; at += 1) {
    const bits = Math.min(32, length - at * 32);
    // Shifts count modulo 32, but here at least one bit stays.
    key += `${((words[at] ?? 0) & (0xffffffff << (32 - bits))) >>> 0},`;
  }
  return key;
}
