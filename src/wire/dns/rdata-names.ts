import { dnsTypes } from './message.ts';

/** A piece of RDATA: that many bytes, a name, a string with its length in one byte, or all that is left. */
export type RdataPiece = number | 'name' | 'string' | 'rest';

// RFC 3597 section 4: names in RDATA of these types may be compressed and must be understood so; no later type may do it.
const layouts: ReadonlyMap<number, readonly RdataPiece[]> = new Map<number, readonly RdataPiece[]>([
  [dnsTypes.ns, ['name']],
  [3, ['name']], // MD
  [4, ['name']], // MF
  [dnsTypes.cname, ['name']],
  [dnsTypes.soa, ['name', 'name', 20]],
  [7, ['name']], // MB
  [8, ['name']], // MG
  [9, ['name']], // MR
  [dnsTypes.ptr, ['name']],
  [14, ['name', 'name']], // MINFO
  [dnsTypes.mx, [2, 'name']],
  [17, ['name', 'name']], // RP
  [18, [2, 'name']], // AFSDB
  [21, [2, 'name']], // RT
  [24, [18, 'name', 'rest']], // SIG
  [26, [2, 'name', 'name']], // PX
  [30, ['name', 'rest']], // NXT
  [dnsTypes.srv, [6, 'name']],
  [35, [4, 'string', 'string', 'string', 'name']], // NAPTR
  [36, [2, 'name']], // KX
  [dnsTypes.dname, ['name']],
]);

// RFC 3597 section 4: only names in these may be written compressed. MINFO and its kin are left out: nobody has them.
const compressed: ReadonlySet<number> = new Set([dnsTypes.ns, dnsTypes.cname, dnsTypes.soa, dnsTypes.ptr, dnsTypes.mx]);

/**
 * What RDATA of a type consists of, for types whose names may have come compressed; null for all others, whose RDATA is taken as it is.
 *
 * @internal
 */
export function rdataLayout(type: number): readonly RdataPiece[] | null {
  return layouts.get(type) ?? null;
}

/**
 * Whether names in RDATA of a type are written compressed.
 *
 * @internal
 */
export function isCompressible(type: number): boolean {
  return compressed.has(type);
}
