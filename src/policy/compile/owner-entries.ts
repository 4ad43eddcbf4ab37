import type { HostPattern, IpPrefix } from '../../destination/index.ts';
import type { MatchEntry } from './match-entry.ts';

/** The entries under one key. */
interface Keyed<K> {
  readonly key: K;
  readonly entries: MatchEntry[];
}

/** Every entry of one owner (a service, the boundary, the destinations documents), sorted into keys. */
export class OwnerEntries {
  readonly exact: Map<string, MatchEntry[]> = new Map();
  readonly below: Map<string, MatchEntry[]> = new Map();
  readonly blocks: Map<string, Keyed<IpPrefix>> = new Map();
  readonly any: MatchEntry[] = [];

  add(host: HostPattern, entry: MatchEntry): void {
    switch (host.kind) {
      case 'name':
        pushUnder(this.exact, host.name, entry);
        return;
      case 'below':
        pushUnder(this.below, host.name, entry);
        return;
      case 'any-name':
        this.any.push(entry);
        return;
      case 'prefix':
        this.#addBlock(host.prefix, entry);
        return;
      default:
        host satisfies never;
    }
  }

  #addBlock(prefix: IpPrefix, entry: MatchEntry): void {
    const known = this.blocks.get(prefix.text);
    if (known === undefined) this.blocks.set(prefix.text, { key: prefix, entries: [entry] });
    else known.entries.push(entry);
  }
}

function pushUnder(map: Map<string, MatchEntry[]>, key: string, entry: MatchEntry): void {
  const known = map.get(key);
  if (known === undefined) map.set(key, [entry]);
  else known.push(entry);
}

/** How many labels a name has; names have no empty labels. */
export function labelCount(name: string): number {
  let count = 1;
  for (let i = 0; i < name.length; i++) if (name.charCodeAt(i) === 46) count += 1;
  return count;
}
