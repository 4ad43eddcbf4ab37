import { failed, ok, type Result } from '../../base/index.ts';
import {
  type DnsRecord,
  dnsTypes,
  internetClass,
  isBelow,
  lowerName,
  readPlainName,
  writeName,
} from '../../wire/index.ts';

/** A record of local data; its owner is whatever name was asked. */
export interface RpzData {
  readonly type: number;
  readonly ttlSeconds: number;
  readonly data: Uint8Array;
}

/**
 * What a rule does with a question or an answer. `local_data`: these records are the answer, for other types there is none (NODATA).
 * `rewrite`: an alias to the asked name below `below` (`*.garden.example` in the zone).
 */
export type RpzAction =
  | { readonly kind: 'nxdomain' | 'nodata' | 'passthru' | 'drop' | 'tcp_only' }
  | { readonly kind: 'local_data'; readonly records: readonly RpzData[] }
  | { readonly kind: 'rewrite'; readonly below: string; readonly ttlSeconds: number };

/** Why a record of a policy zone means nothing here; `findUnsupported` counts by these. */
export type RpzRefusal =
  | 'nsdname'
  | 'nsip'
  | 'unknown_trigger'
  | 'malformed_address'
  | 'unknown_action'
  | 'record_type'
  | 'conflicting_records'
  | 'too_many_records'
  | 'out_of_zone'
  | 'at_apex'
  | 'wrong_class';

const nxdomain: RpzAction = { kind: 'nxdomain' };
const nodata: RpzAction = { kind: 'nodata' };
const passthru: RpzAction = { kind: 'passthru' };

/** Targets of CNAME that name an action (draft-vixie-dnsop-dns-rpz section 3). */
const namedActions: ReadonlyMap<string, RpzAction> = new Map([
  ['', nxdomain],
  ['*', nodata],
  ['rpz-passthru', passthru],
  ['rpz-drop', { kind: 'drop' }],
  ['rpz-tcp-only', { kind: 'tcp_only' }],
]);

/** Types that say something of the zone or its signatures and not of an answer: NS, DNAME, and those of DNSSEC (RFC 4034, RFC 5155). */
const zoneTypes: ReadonlySet<number> = new Set([dnsTypes.ns, dnsTypes.soa, dnsTypes.dname, 43, 46, 47, 48, 50, 51]);

/**
 * The action of one record. `owner` is the trigger as the zone spells it, below `origin`; a CNAME to itself is the old spelling of
 * PASSTHRU. Fails with the kind of trouble: a type that is no answer, or `rpz-` words that are unknown or lack their last dot.
 */
export function readRpzAction(record: DnsRecord, owner: string, origin: string): Result<RpzAction, RpzRefusal> {
  if (zoneTypes.has(record.type)) return failed('record_type');
  if (record.type !== dnsTypes.cname) return ok(dataOf(record));
  // Nearly every rule points at the root.
  const target = record.data.length === 1 ? '' : lowerName(readPlainName(record.data, 0)?.text ?? '');
  const named = namedActions.get(target);
  if (named !== undefined) return ok(named);
  if (target === owner) return ok(passthru);
  if (/(?:^|\.)rpz-[^.]*$/.test(target)) return failed('unknown_action');
  // `CNAME rpz-drop` without its last dot is a name below the zone, which nobody means.
  if (target.startsWith('rpz-') && isBelow(target, origin)) return failed('unknown_action');
  if (target.startsWith('*.')) return ok({ kind: 'rewrite', below: target.slice(2), ttlSeconds: record.ttl });
  return ok(dataOf(record));
}

function dataOf({ type, ttl, data }: DnsRecord): RpzAction {
  // A copy: the record may be a view into a whole transfer, which would stay in memory with it.
  return { kind: 'local_data', records: [{ type, ttlSeconds: ttl, data: new Uint8Array(data) }] };
}

/**
 * The records that an action gives for a question, owned by the asked name: `local_data` of that type or its CNAME, `rewrite` as a CNAME.
 * Empty for a type that has none, and for every other action; then the answer is NODATA or what the action says.
 */
export function localDataOf(action: RpzAction, name: string, type: number): readonly DnsRecord[] {
  if (action.kind === 'rewrite') {
    const data = writeName(action.below === '' ? name : `${name}.${action.below}`);
    if (data === null) return [];
    return [{ name, type: dnsTypes.cname, class: internetClass, ttl: action.ttlSeconds, data }];
  }
  if (action.kind !== 'local_data') return [];
  return action.records
    .filter((record) => record.type === type || record.type === dnsTypes.cname || type === dnsTypes.any)
    .map(({ type: own, ttlSeconds, data }) => ({ name, type: own, class: internetClass, ttl: ttlSeconds, data }));
}
