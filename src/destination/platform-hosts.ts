import type { IpAddress } from './ip-address.ts';
import { prefixContains } from './ip-prefix.ts';
import { platformAddresses, type SpecialRange } from './special-ranges.ts';
import { isBelow } from './target-covers.ts';

/** A name by which a platform, or this machine, answers. `below`: names below it count too. */
export interface PlatformName {
  readonly name: string;
  readonly below: boolean;
  readonly what: string;
  readonly source: string;
}

/** Metadata and platform names, names of this machine, and zones that answer with the address spelled in the name. Never grantable. */
export const platformNames: readonly PlatformName[] = [
  { name: 'localhost', below: true, what: 'this machine', source: 'RFC 6761 section 6.3' },
  { name: 'metadata.google.internal', below: true, what: 'Google Cloud metadata', source: 'GCE metadata server' },
  { name: 'metadata.goog', below: true, what: 'Google Cloud metadata', source: 'GCE metadata server' },
  { name: 'metadata', below: false, what: 'Google Cloud metadata', source: 'GCE metadata server, search domain' },
  { name: 'instance-data', below: false, what: 'AWS metadata', source: 'EC2 instance metadata, search domain' },
  { name: 'instance-data.ec2.internal', below: true, what: 'AWS metadata', source: 'EC2 instance metadata' },
  { name: 'metadata.tencentyun.com', below: true, what: 'Tencent Cloud metadata', source: 'Tencent CVM metadata' },
  { name: 'api.metadata.cloud.ibm.com', below: true, what: 'IBM Cloud metadata', source: 'IBM VPC metadata service' },
  { name: 'metadata.packet.net', below: true, what: 'Equinix Metal metadata', source: 'Packet metadata service' },
  {
    name: 'metadata.platformequinix.com',
    below: true,
    what: 'Equinix Metal metadata',
    source: 'Equinix metadata service',
  },
  { name: 'rancher-metadata', below: true, what: 'Rancher metadata', source: 'Rancher metadata service' },
  { name: 'nip.io', below: true, what: 'the address is spelled in the name', source: 'nip.io' },
  { name: 'sslip.io', below: true, what: 'the address is spelled in the name', source: 'sslip.io' },
  { name: 'xip.io', below: true, what: 'the address is spelled in the name', source: 'xip.io' },
];

const byName: ReadonlyMap<string, PlatformName> = new Map(platformNames.map((row) => [row.name, row]));
const rowsBelow = platformNames.filter((row) => row.below);

/** The row of a canonical name that is, or is below, a platform name; null for other names. */
export function findPlatformName(name: string): PlatformName | null {
  const exact = byName.get(name);
  if (exact !== undefined) return exact;
  for (const row of rowsBelow) if (isBelow(name, row.name)) return row;
  return null;
}

/** The platform row that holds an address, or null. `classifyAddress` forbids all of them. */
export function findPlatformAddress(address: IpAddress): SpecialRange | null {
  for (const row of platformAddresses) if (prefixContains(row.prefix, address)) return row;
  return null;
}
