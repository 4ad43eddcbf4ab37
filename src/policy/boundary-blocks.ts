import type { IpAddress } from '../destination/index.ts';
import { owner } from './format/layout.ts';
import { MatchCollector } from './match-collector.ts';
import type { OpenedPolicy } from './open-policy.ts';
import { pairId } from './policy-verdict.ts';

/**
 * The id of the boundary's entry that denies an address with a port, or null. For addresses that a name resolved to: a boundary
 * of addresses would be no boundary if a name led around it.
 */
export function boundaryBlocks(policy: OpenedPolicy, address: IpAddress, port: number): string | null {
  const collector = new MatchCollector(policy.view);
  collector.collect({ host: { kind: 'address', address }, port, protocol: null }, owner.revoked, false);
  const { boundary } = collector;
  return boundary.length === 0 ? null : pairId(policy, boundary.at(0), boundary.at(1));
}
