import { classifyAddress, findPlatformName, parseIpAddress, platformAddresses } from '../../destination/index.ts';
import type { Edge } from '../edge.ts';
import type { NameAnswers } from '../lake.ts';

/** Where an edge leads: out to the internet, to private addresses, or to what platforms keep for their own machines (metadata). */
export type Reach = 'internet' | 'inside' | 'platform';

/** Says where edges lead. */
export type ReachOf = (edge: Pick<Edge, 'destination' | 'isName' | 'addresses'>) => Reach;

/** Ends of names that no public resolver answers. */
const insideEnds: readonly { readonly end: string; readonly source: string }[] = [
  { end: 'local', source: 'RFC 6762, and cluster.local of Kubernetes' },
  { end: 'home.arpa', source: 'RFC 8375' },
  { end: 'internal', source: 'ICANN board resolution 2024.07.29.06' },
  { end: 'test', source: 'RFC 6761 section 6.2' },
  { end: 'invalid', source: 'RFC 6761 section 6.4' },
  { end: 'svc', source: 'Kubernetes, names cut short' },
  { end: 'corp', source: 'ICANN name collision report, never delegated' },
  { end: 'home', source: 'ICANN name collision report, never delegated' },
  { end: 'lan', source: 'routers; in no root zone' },
  { end: 'intranet', source: 'RFC 6762 appendix G' },
  { end: 'private', source: 'RFC 6762 appendix G' },
];

// Credentials of machines and pods are handed out at these, inside of the link-local range.
const metadataAddresses: ReadonlySet<string> = new Set(['169.254.169.254', '169.254.170.2', '169.254.170.23']);

/**
 * Makes a {@link ReachOf}. Addresses that were seen decide; where a record had a name alone, the answers of DNS do; where there are none
 * either, a name that can be public counts as the internet, since leaving it out would be the mistake that costs.
 */
export function createReach(answers: readonly NameAnswers[]): ReachOf {
  const byName = new Map<string, readonly string[]>();
  for (const { name, addresses } of answers) byName.set(name, [...(byName.get(name) ?? []), ...addresses]);
  return ({ destination, isName, addresses }) => {
    if (!isName) return sideOf(destination) ?? 'inside';
    if (findPlatformName(destination) !== null) return 'platform';
    return reachOfAll(addresses) ?? reachOfAll(byName.get(destination) ?? []) ?? reachOfText(destination);
  };
}

/** Where an address leads; null for loopback, multicast and whatever else is nobody's. */
export function sideOf(text: string): Reach | null {
  const parsed = parseIpAddress(text);
  if (!parsed.ok) return null;
  const { kind, row } = classifyAddress(parsed.value);
  if (metadataAddresses.has(text) || (row !== null && platformAddresses.includes(row))) return 'platform';
  if (kind === 'public') return 'internet';
  return kind === 'private' ? 'inside' : null;
}

function reachOfAll(addresses: readonly string[]): Reach | null {
  const sides = addresses.map(sideOf).filter((side) => side !== null);
  if (sides.includes('internet')) return 'internet';
  return sides[0] ?? null;
}

function reachOfText(name: string): Reach {
  const isInside = !name.includes('.') || insideEnds.some(({ end }) => name.endsWith(`.${end}`));
  return isInside ? 'inside' : 'internet';
}
