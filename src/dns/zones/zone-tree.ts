import { type DnsRecord, dnsTypes } from '../../wire/index.ts';
import type { ParsedZone } from './parse-zone.ts';
import { parentOf } from './zone-name.ts';

/** The records of one owner, by type. An owner that only has names below it has none (an empty non-terminal). */
export type ZoneNode = ReadonlyMap<number, readonly DnsRecord[]>;

/** A zone made for looking up: every name that exists in it, empty non-terminals too. */
export interface ZoneTree {
  readonly origin: string;
  /** The SOA as a "no" carries it: its TTL is at most its minimum (RFC 2308 section 3). */
  readonly negativeSoa: DnsRecord;
  readonly nodes: ReadonlyMap<string, ZoneNode>;
}

/** Makes the tree of a zone; records outside of it are not there any more (`parseZone`). */
export function createZoneTree(zone: ParsedZone): ZoneTree {
  const nodes = new Map<string, Map<number, DnsRecord[]>>();
  const nodeOf = (name: string): Map<number, DnsRecord[]> => {
    const node = nodes.get(name) ?? new Map<number, DnsRecord[]>();
    nodes.set(name, node);
    return node;
  };
  for (const record of zone.records) {
    const node = nodeOf(record.name);
    const set = node.get(record.type);
    if (set === undefined) node.set(record.type, [record]);
    else set.push(record);
    // Names between the owner and the origin exist too (RFC 4592 section 2.2.2).
    let above = record.name === zone.origin ? null : parentOf(record.name);
    while (above !== null && above !== zone.origin && !nodes.has(above)) {
      nodeOf(above);
      above = parentOf(above);
    }
  }
  const negativeSoa = { ...zone.soa, ttl: Math.min(zone.soa.ttl, zone.minimumSeconds) };
  return { origin: zone.origin, negativeSoa, nodes };
}

/** What a tree has for a name: its node, or a DNAME above it, or that the name does not exist. */
export type Found =
  | { readonly kind: 'node'; readonly node: ZoneNode }
  | { readonly kind: 'dname'; readonly record: DnsRecord }
  | { readonly kind: 'none' };

/**
 * Finds a name at or below the origin. A DNAME above the name stands for all below it (RFC 6672); otherwise the wildcard of the closest
 * name that exists (RFC 4592). Cuts by NS are not looked at: what is below them in the file is answered from the file.
 */
export function findInZone(tree: ZoneTree, name: string): Found {
  const exact = tree.nodes.get(name);
  let closest: string | null = exact === undefined ? null : name;
  let dname: DnsRecord | null = null;
  for (let above = stepUp(tree, name); above !== null; above = stepUp(tree, above)) {
    const node = tree.nodes.get(above);
    if (node === undefined) continue;
    closest ??= above;
    // The highest one counts: what stands below a DNAME is hidden.
    dname = node.get(dnsTypes.dname)?.[0] ?? dname;
  }
  if (dname !== null) return { kind: 'dname', record: dname };
  const node = exact ?? tree.nodes.get(closest === '' ? '*' : `*.${closest}`);
  return node === undefined ? { kind: 'none' } : { kind: 'node', node };
}

function stepUp(tree: ZoneTree, name: string): string | null {
  return name === tree.origin ? null : parentOf(name);
}
