import {
  type IpAddress,
  parseIpAddress,
  patternCovers,
  prefixContains,
  type Target,
  targetCovers,
} from '../../destination/index.ts';
import type { RuleNode, SegmentSummary } from '../../policy/index.ts';
import type { Edge } from '../edge.ts';
import type { PresentPolicy } from './proposal.ts';

/** What the present policy says that bounds any proposal; all empty where there is none. */
export interface PolicyBounds {
  /** The segment whose narrowest range holds an address, or null. */
  segmentOf(address: IpAddress): SegmentSummary | null;
  /** Whether a destinations document calls it a package registry. */
  isRegistry(edge: Edge): boolean;
  /** The `to` of the boundary entry that denies an edge, or null. */
  denialOf(edge: Edge): string | null;
  /** Whether the service has an allow with this canonical `to` already. */
  hasRule(service: string, to: string): boolean;
  /** Makes the question whether a rule of the service, or the boundary, covers a name on whatever port. */
  isNamed(service: string): (name: string) => boolean;
  /** The file of the service's document, or null. */
  fileOf(service: string): string | null;
}

/** Reads from a policy what bounds a proposal. */
export function createPolicyBounds(present: Pick<PresentPolicy, 'tree' | 'policy'> | null): PolicyBounds {
  const documents = present?.tree.documents ?? [];
  const segments = present?.policy.segments() ?? [];
  const denies = documents.flatMap((document) => (document.kind === 'boundary' ? document.deny : [])).flatMap(targetOf);
  const registries = documents.flatMap((document) =>
    document.kind === 'destinations' && document.class === 'package-registry'
      ? document.members.map(({ target }) => target)
      : [],
  );
  const members = new Map(
    documents.flatMap((one) =>
      one.kind === 'destinations' ? [[one.name, one.members.map(({ target }) => target)] as const] : [],
    ),
  );
  const services = new Map(documents.flatMap((one) => (one.kind === 'service' ? [[one.name, one] as const] : [])));
  return {
    segmentOf: (address) => narrowest(segments, address),
    isRegistry: (edge) => registries.some((target) => covers(target, edge)),
    denialOf: (edge) => denies.find((target) => covers(target, edge))?.canonical ?? null,
    hasRule: (service, to) => services.get(service)?.allow.some((rule) => targetOf(rule)[0]?.canonical === to) === true,
    isNamed: (service) => {
      const one = services.get(service);
      const rules = one === undefined ? [] : [...one.allow, ...one.deny];
      const targets = [...denies, ...rules.flatMap((rule) => targetsOf(rule, members))];
      return (name) => targets.some((target) => patternCovers(target.host, { kind: 'name', name }));
    },
    fileOf: (service) => services.get(service)?.at.file ?? null,
  };
}

function targetOf({ to }: RuleNode): readonly Target[] {
  return to.kind === 'target' ? [to.target] : [];
}

function targetsOf(rule: RuleNode, members: ReadonlyMap<string, readonly Target[]>): readonly Target[] {
  return rule.to.kind === 'reference' ? (members.get(rule.to.name) ?? []) : targetOf(rule);
}

// A deny of any protocol is a deny for people who read a proposal: only host and port are compared.
function covers(target: Target, edge: Edge): boolean {
  const address = parseIpAddress(edge.destination);
  const host = address.ok
    ? ({ kind: 'address', address: address.value } as const)
    : ({ kind: 'name', name: edge.destination } as const);
  return targetCovers(target, { host, port: edge.port > 0 ? edge.port : null, protocol: target.protocol });
}

function narrowest(segments: readonly SegmentSummary[], address: IpAddress): SegmentSummary | null {
  let best: SegmentSummary | null = null;
  let length = -1;
  for (const segment of segments) {
    for (const range of segment.ranges) {
      if (range.length <= length || !prefixContains(range, address)) continue;
      best = segment;
      length = range.length;
    }
  }
  return best;
}
