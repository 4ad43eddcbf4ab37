import { type Destination, embeddedIpv4, type IpAddress } from '../destination/index.ts';
import type { OpenedPolicy } from './open-policy.ts';
import { pairId } from './policy-verdict.ts';

/**
 * The id of the boundary's entry that denies an address with a port (null: with every port), or null. For addresses that a name resolved to: a boundary
 * of addresses would be no boundary if a name led around it, or a gateway that translates to IPv4 (RFC 6052).
 */
export function boundaryBlocks(policy: OpenedPolicy, address: IpAddress, port: number | null): string | null {
  const collector = policy.addressCollector;
  for (const each of [address, ...embeddedIpv4(address)]) {
    collector.collectAddress({ host: { kind: 'address', address: each }, port, protocol: null }, each, -1);
    const { boundary } = collector;
    if (boundary.length > 0) return pairId(policy, boundary.at(0), boundary.at(1));
  }
  return null;
}

/**
 * Adds to the policy's collector what denies the IPv4 addresses that the destination carries inside, and the classes of those.
 * INVARIANT: decoding an embedded address adds denials and requirements only, never an allow.
 */
export function collectEmbedded(policy: OpenedPolicy, destination: Destination, head: number): void {
  if (destination.host.kind === 'name') return;
  for (const address of embeddedIpv4(destination.host.address)) {
    const inner = policy.addressCollector;
    inner.collectAddress(destination, address, head);
    policy.collector.addDenials(inner);
  }
}
