import { type Fault, failed, fault, ok, quoteInput, type Result } from '../../../base/index.ts';
import { classifyAddress, parseIpAddress } from '../../../destination/index.ts';
import type { NetworkFacts } from '../../../policy/index.ts';

/** What a source says: an address belongs to a service from then until then. */
export interface Lease {
  /** The name of the source: `ipam`. */
  readonly source: string;
  /** Canonical text. */
  readonly address: string;
  readonly service: string;
  /** Epoch milliseconds: `from <= now < until`. */
  readonly from: number;
  readonly until: number;
  /** The hardware address that it binds (`02:00:00:00:20:11`), or null. */
  readonly mac: string | null;
}

/**
 * The canonical text of an address that may belong to a workload. Faults: `lease_address_malformed`, `lease_address_forbidden` for loopback,
 * link-local, multicast, metadata and the other addresses that no workload has, and for our own.
 */
export function parseLeasedAddress(text: string, { ownAddresses }: Pick<NetworkFacts, 'ownAddresses'>): Result<string> {
  const parsed = parseIpAddress(text);
  if (!parsed.ok) return failed(fault('lease_address_malformed', parsed.fault.message));
  const address = parsed.value;
  const { kind, row } = classifyAddress(address);
  if (kind === 'forbidden') return forbidden(text, row === null ? 'it carries another address' : row.name);
  if (ownAddresses.some((own) => own.text === address.text)) return forbidden(text, 'it is an address of this machine');
  return ok(address.text);
}

function forbidden(text: string, why: string): { readonly ok: false; readonly fault: Fault } {
  return failed(fault('lease_address_forbidden', `${quoteInput(text)} cannot be leased: ${why}`));
}
