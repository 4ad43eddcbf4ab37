import {
  type DestinationClass,
  hasPublicSuffixBelow,
  isPublicSuffix,
  parsePolicyTarget,
  portsText,
  type Target,
} from '../../destination/index.ts';
import type { TargetFacts, TierName } from '../../policy/index.ts';
import type { ExceptionSpec } from './exception-spec.ts';

/** Something notable about a request: a closed set, told to whoever decides. */
export type TierFinding =
  | 'package_registry'
  | 'data_store'
  | 'secret_manager'
  | 'control_plane'
  | 'admin_surface'
  | 'wildcard'
  | 'many_ports'
  | 'address'
  | 'address_block'
  | 'private_segment'
  | 'opaque_protocol'
  | 'cleartext'
  | 'new_domain';

/** Every finding with the tier that it asks for at least, and its sentence. The strictest finding's tier is the request's. */
export const tierFindings: Readonly<Record<TierFinding, { readonly tier: TierName; readonly says: string }>> = {
  package_registry: { tier: 'medium', says: 'it reaches a package registry' },
  data_store: { tier: 'medium', says: 'it reaches a data store' },
  secret_manager: { tier: 'high', says: 'it reaches a secret manager' },
  control_plane: { tier: 'high', says: 'it reaches a control plane' },
  admin_surface: { tier: 'high', says: 'it reaches an admin surface' },
  wildcard: { tier: 'medium', says: 'it names every host below a domain' },
  many_ports: { tier: 'medium', says: 'it names more than one port' },
  address: { tier: 'medium', says: 'it names an address, which shows no name' },
  address_block: { tier: 'high', says: 'it names a block of addresses' },
  private_segment: { tier: 'medium', says: 'it reaches into a private segment' },
  opaque_protocol: { tier: 'medium', says: 'nothing can be read of its protocol' },
  cleartext: { tier: 'medium', says: 'it goes in clear text' },
  new_domain: { tier: 'medium', says: 'no rule names anything under this domain yet' },
};

/** The tier of a request with what makes it that. */
export interface TierAnswer {
  readonly tier: TierName;
  readonly findings: readonly TierFinding[];
}

const order: readonly TierName[] = ['low', 'medium', 'high'];

const findingByClass: Readonly<Record<DestinationClass, TierFinding | null>> = {
  ordinary: null,
  'package-registry': 'package_registry',
  'data-store': 'data_store',
  'secret-manager': 'secret_manager',
  'control-plane': 'control_plane',
  admin: 'admin_surface',
};

/**
 * The tier of a request, from where it goes and how much of it. INVARIANT: neither who asks nor what is written as reason or ticket has a
 * say in it. A target that cannot be read is of the strictest tier.
 */
export function tierOf(spec: Pick<ExceptionSpec, 'to' | 'via'>, facts: TargetFacts): TierAnswer {
  const target = parsePolicyTarget(spec.to);
  if (!target.ok) return { tier: 'high', findings: [] };
  const findings = [...findFindings(target.value, spec.via, facts)];
  const tier = order.findLast((name) => findings.some((finding) => tierFindings[finding].tier === name)) ?? 'low';
  return { tier, findings };
}

function* findFindings(target: Target, via: readonly string[], facts: TargetFacts): Generator<TierFinding> {
  const { host, ports, protocol } = target;
  const byClass = findingByClass[facts.class];
  if (byClass !== null) yield byClass;
  if (host.kind === 'below' || host.kind === 'any-name') yield 'wildcard';
  if (host.kind === 'prefix') yield isOneAddress(target) ? 'address' : 'address_block';
  else if (!facts.isKnownDomain) yield 'new_domain';
  if (!isOnePort(ports)) yield 'many_ports';
  if (via.length > 0) yield 'private_segment';
  if (protocol === 'tcp' || protocol === 'udp') yield 'opaque_protocol';
  if (protocol === 'http') yield 'cleartext';
}

/** Why no exception may be so wide, or null. What stands open to many strangers, or at every port, is a change of the policy. */
export function whyTooWide(target: Target): string | null {
  const { host, ports } = target;
  if (portsText(ports) === '*') return 'it names every port';
  if (host.kind === 'any-name') return 'it names every host';
  if (host.kind === 'below' && (isPublicSuffix(host.name) || hasPublicSuffixBelow(host.name)))
    return 'strangers live side by side under that name';
  if (host.kind === 'prefix' && host.prefix.length < (host.prefix.first.family === 4 ? 24 : 48))
    return 'it names more than a /24, or a /48 of IPv6';
  return null;
}

/** Whether a target is exactly one host or address and one port, as break-glass needs it. */
export function isExact(target: Target): boolean {
  return isOnePort(target.ports) && (target.host.kind === 'name' || isOneAddress(target));
}

function isOneAddress({ host }: Target): boolean {
  return host.kind === 'prefix' && host.prefix.length === (host.prefix.first.family === 4 ? 32 : 128);
}

function isOnePort(ports: Target['ports']): boolean {
  return ports.length === 1 && ports[0]?.first === ports[0]?.last;
}
