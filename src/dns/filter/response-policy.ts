import type { IpAddress } from '../../destination/index.ts';
import type { DnsRecord } from '../../wire/index.ts';

/** What a response policy zone does with a query. `local-data`: it has records of its own for it. */
export type ZoneAction =
  | { readonly kind: 'nxdomain' | 'nodata' | 'passthru' | 'drop' | 'tcp-only' }
  | { readonly kind: 'local-data'; recordsFor(name: string, type: number): readonly DnsRecord[] };

/** An entry of a zone that met a query. */
export interface ZoneMatch {
  readonly zone: string;
  /** As the zone spells it. */
  readonly trigger: string;
  readonly action: ZoneAction;
}

/** Response policy zones in their order; the first that matches says what happens. */
export interface ResponsePolicy {
  matchQuestion(name: string, client: IpAddress | null): ZoneMatch | null;
  /** An alias on the way from a question to its answer. */
  matchName(name: string): ZoneMatch | null;
  matchAddress(address: IpAddress): ZoneMatch | null;
}

/** No zones. */
export const noZones: ResponsePolicy = {
  matchQuestion: () => null,
  matchName: () => null,
  matchAddress: () => null,
};
