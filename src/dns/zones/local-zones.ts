import {
  type DnsRecord,
  dnsTypes,
  internetClass,
  isBelow,
  lowerName,
  rcodes,
  readPlainName,
  writeName,
} from '../../wire/index.ts';
import type { ParsedZone } from './parse-zone.ts';
import { type ReservedZone, reservedZones } from './reserved-zones.ts';
import { parentOf } from './zone-name.ts';
import { createZoneTree, findInZone, type ZoneNode, type ZoneTree } from './zone-tree.ts';

/** An answer with authority. `answers` have the chain of CNAMEs first; `authorities` hold the SOA of a "no". */
export interface LocalAnswer {
  /** NOERROR, NXDOMAIN, or YXDOMAIN (6) for a DNAME whose target would be too long (RFC 6672 section 2.2). */
  readonly rcode: number;
  readonly answers: readonly DnsRecord[];
  readonly authorities: readonly DnsRecord[];
  /** The zone of the question, or the reserved one (`10.in-addr.arpa`), for records and explanations. */
  readonly zone: string;
  /** The name, lower-case, that the chain ends in where that is not ours: it still has to be resolved. Null when the answer is whole. */
  readonly target: string | null;
}

/** Zones that are answered here. */
export interface LocalZones {
  /** The answer to a question, or null for a name that is not ours. `name` is lower-case, without a last dot. Never throws. */
  answer(name: string, type: number): LocalAnswer | null;
}

/** What beside the zones is ours. */
export interface LocalZonesOptions {
  /** Zones that are asked elsewhere (conditional forwarding), lower-case: names at or below are not answered as reserved. Default: none. */
  readonly forwarded?: readonly string[];
}

/** As long as a chain from a server may be. */
const maxChain = 16;
const yxDomain = 6;
/** RFC 6303 section 3: the SOA of an empty zone. A "no" for a reserved name does not change soon. */
const emptySoaNumbers = [1, 3600, 1200, 604_800, 10_800];

/**
 * Makes the zones answer: the configured one with the longest origin first, else the reserved names of RFC 6303 and RFC 6761. Of two zones with
 * one origin the later holds.
 */
export function createLocalZones(zones: readonly ParsedZone[], options: LocalZonesOptions = {}): LocalZones {
  const trees = new Map(zones.map((zone) => [zone.origin, createZoneTree(zone)]));
  const reserved = new Map(reservedZones.map((zone) => [zone.origin, zone]));
  const forwarded = options.forwarded ?? [];
  const configured = (name: string): ZoneTree | null => {
    // Most installations have none, and every question passes here.
    return trees.size === 0 ? null : longestOf(trees, name);
  };
  return {
    answer: (name, type) => {
      const tree = configured(name);
      if (tree !== null) return answerFrom(tree, { name, type, treeOf: configured });
      const zone = longestOf(reserved, name);
      if (zone === null || forwarded.some((elsewhere) => isBelow(name, elsewhere))) return null;
      return answerReserved(zone, name, type);
    },
  };
}

function answerReserved(zone: ReservedZone, name: string, type: number): LocalAnswer {
  const exists = zone.exists && name === zone.origin;
  const soa = [emptySoa(zone.origin)];
  const rcode = exists ? rcodes.noError : rcodes.nxDomain;
  const isAsked = exists && type === dnsTypes.soa;
  return { rcode, answers: isAsked ? soa : [], authorities: isAsked ? [] : soa, zone: zone.origin, target: null };
}

function longestOf<T>(zones: ReadonlyMap<string, T>, name: string): T | null {
  for (let at: string | null = name; at !== null; at = parentOf(at)) {
    const zone = zones.get(at);
    if (zone !== undefined) return zone;
  }
  return null;
}

interface LocalQuestion {
  readonly name: string;
  readonly type: number;
  readonly treeOf: (name: string) => ZoneTree | null;
}

// Each turn is one link of the chain; a chain that is too long or circles ends with what there is.
function answerFrom(first: ZoneTree, question: LocalQuestion): LocalAnswer {
  const answers: DnsRecord[] = [];
  const seen = new Set<string>();
  let name = question.name;
  let tree: ZoneTree | null = first;
  let rcode: number = rcodes.noError;
  let authorities: readonly DnsRecord[] = [];
  let target: string | null = null;
  while (tree !== null && !seen.has(name) && seen.size < maxChain) {
    seen.add(name);
    const link = findLink(tree, name, question.type);
    answers.push(...link.records);
    rcode = link.rcode;
    if (link.target === null) {
      authorities = link.records.length === 0 && rcode !== yxDomain ? [tree.negativeSoa] : [];
      break;
    }
    name = link.target;
    tree = question.treeOf(name);
    target = tree === null ? name : null;
  }
  return { rcode, answers, authorities, zone: first.origin, target };
}

interface Link {
  readonly rcode: number;
  readonly records: readonly DnsRecord[];
  /** The name to go on with. */
  readonly target: string | null;
}

function findLink(tree: ZoneTree, name: string, type: number): Link {
  const found = findInZone(tree, name);
  if (found.kind === 'none') return { rcode: rcodes.nxDomain, records: [], target: null };
  return found.kind === 'dname' ? followDname(found.record, name) : followNode(found.node, name, type);
}

function followNode(node: ZoneNode, name: string, type: number): Link {
  // RFC 8482 section 4.1: one set is enough for who asks for any.
  const records = type === dnsTypes.any ? node.values().next().value : node.get(type);
  const alias = records === undefined ? node.get(dnsTypes.cname)?.[0] : undefined;
  const named = (alias === undefined ? (records ?? []) : [alias]).map((record) => ({ ...record, name }));
  return { rcode: rcodes.noError, records: named, target: alias === undefined ? null : nameIn(alias.data) };
}

// RFC 6672 section 3.1: the DNAME, and the CNAME that it means for this name.
function followDname(record: DnsRecord, name: string): Link {
  const prefix = name.slice(0, name.length - record.name.length - (record.name === '' ? 0 : 1));
  const below = nameIn(record.data);
  const target = below === '' ? prefix : `${prefix}.${below}`;
  const data = writeName(target);
  if (data === null) return { rcode: yxDomain, records: [], target: null };
  const alias = { name, type: dnsTypes.cname, class: internetClass, ttl: record.ttl, data };
  return { rcode: rcodes.noError, records: [record, alias], target };
}

function nameIn(data: Uint8Array): string {
  return lowerName(readPlainName(data, 0)?.text ?? '');
}

function emptySoa(origin: string): DnsRecord {
  const name = writeName(origin) ?? new Uint8Array(1);
  const admin = writeName('nobody.invalid') ?? new Uint8Array(1);
  const data = new Uint8Array(name.length + admin.length + 20);
  data.set(name);
  data.set(admin, name.length);
  const view = new DataView(data.buffer, name.length + admin.length);
  for (const [index, number] of emptySoaNumbers.entries()) view.setUint32(4 * index, number);
  return { name: origin, type: dnsTypes.soa, class: internetClass, ttl: emptySoaNumbers[4] ?? 0, data };
}
