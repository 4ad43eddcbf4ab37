import {
  classifyAddress,
  findPlatformName,
  hostText,
  type IpAddress,
  parseIpAddress,
  parsePolicyTarget,
  type Target,
} from '../../destination/index.ts';
import type { MapEdge } from '../flow-map.ts';
import { findKnownDestination, type KnownCategory, type KnownDestination } from '../known-destinations.ts';
import type { ApartReason } from './apart-reasons.ts';

import type { PolicyBounds } from './policy-bounds.ts';

/** What an entry for an edge would say. `isName`: by name; else by address, where no name exists. */
export interface Aim {
  readonly target: Target;
  readonly isName: boolean;
  readonly via: readonly string[];
  readonly sniNone: boolean;
  readonly notes: readonly string[];
}

/** An edge with its aim, and why it may not be proposed whatever its evidence is. `aim` is null where the grammar has no target for it. */
export interface AimedEdge {
  readonly map: MapEdge;
  readonly aim: Aim | null;
  readonly refusals: readonly Refusal[];
}

/** One reason to list an edge apart, with what it is about. */
export interface Refusal {
  readonly reason: ApartReason;
  readonly detail: string | null;
}

/** What is known of the service that an edge belongs to. */
export interface AimContext {
  readonly bounds: PolicyBounds;
  readonly kind: 'app' | 'build' | 'operator' | 'agent';
  /** Environment of the service in the present policy; null where it has none. */
  readonly environment: string | null;
}

const tcp = 6;
const udp = 17;

/**
 * Ports on which clients speak TLS from their first byte (IANA service names, and 8443, 6443, 2376 by their products' manuals). On other
 * ports nothing says so, and protocols that start in the clear (PostgreSQL, SMTP) would be refused under a TLS rule.
 */
const tlsPorts: ReadonlySet<number> = new Set([
  443, 465, 563, 636, 853, 989, 990, 992, 993, 994, 995, 2376, 5061, 5671, 6443, 6514, 8443, 8883, 9443,
]);

/** What is never proposed by its name alone. Registries are apart: a build may need them. */
const refusalOfCategory: Readonly<Partial<Record<KnownCategory, ApartReason>>> = {
  paste: 'paste_site',
  'file-storage': 'file_storage',
  tunnel: 'tunnel_site',
  'dynamic-dns': 'dynamic_dns',
};

/** Works out what an entry for an edge would say, and what forbids to propose it whatever was seen. */
export function aimOfEdge(map: MapEdge, context: AimContext): AimedEdge {
  const { edge } = map;
  const scheme = schemeOf(map);
  if (scheme === null) return { map, aim: null, refusals: [refusal('inexpressible')] };
  if (edge.port < 1) return { map, aim: null, refusals: [refusal('port_unknown')] };
  const address = parseIpAddress(edge.destination);
  const host = address.ok && address.value.family === 6 ? `[${address.value.text}]` : edge.destination;
  const target = parsePolicyTarget(`${scheme === 'tls' ? '' : `${scheme}://`}${host}:${edge.port}`);
  // What is not canonical could be read as a pattern, a block or another scheme: it is no target.
  if (!target.ok || !isExactly(target.value, edge.destination, { scheme, isAddress: address.ok })) {
    return { map, aim: null, refusals: [refusal('inexpressible')] };
  }
  const isName = !address.ok;
  const addresses = address.ok ? [address.value] : addressesOf(edge.addresses);
  const place = placeOf(addresses, context);
  const aim: Aim = {
    target: target.value,
    isName,
    via: place.via,
    sniNone: !isName && scheme === 'tls',
    notes: [...place.notes, ...notesOf(map, scheme)],
  };
  const refusals = [...nameRefusals(map, context), ...place.refusals, ...evidenceRefusals(map)];
  return { map, aim, refusals };
}

function isExactly(
  { protocol, host }: Target,
  destination: string,
  { scheme, isAddress }: { readonly scheme: string; readonly isAddress: boolean },
): boolean {
  if (protocol !== scheme) return false;
  return isAddress ? host.kind === 'prefix' : host.kind === 'name' && host.name === destination;
}

function schemeOf({ edge }: MapEdge): 'tls' | 'http' | 'tcp' | 'udp' | null {
  if (edge.protocol === udp) return 'udp';
  if (edge.protocol !== tcp && edge.protocol !== 0) return null;
  switch (edge.application) {
    case 'http':
    case 'tls':
      return edge.application;
    case 'dns':
    case 'other':
      return 'tcp';
    case 'tunnel':
    case 'unknown':
      if (edge.port === 80) return 'http';
      return tlsPorts.has(edge.port) ? 'tls' : 'tcp';
    default:
      return edge.application satisfies never;
  }
}

function notesOf({ edge }: MapEdge, scheme: string): readonly string[] {
  const notes: string[] = [];
  if (scheme === 'tcp' && (edge.application === 'unknown' || edge.application === 'tunnel')) {
    notes.push('what it speaks is not told: opaque, without a check of the name');
  }
  if (scheme === 'udp')
    notes.push(edge.port === 443 ? 'QUIC: without this entry clients fall back to TLS' : 'by a gateway only');
  return notes;
}

function nameRefusals({ edge }: MapEdge, { bounds, kind }: AimContext): readonly Refusal[] {
  const refusals: Refusal[] = [];
  const platform = findPlatformName(edge.destination);
  if (platform !== null) refusals.push(refusal('platform', platform.what));
  const known = findKnownDestination(edge.destination);
  const reason = known === null || isTenant(edge.destination, known) ? undefined : refusalOfCategory[known.category];
  if (reason !== undefined) refusals.push(refusal(reason, known?.suffix ?? null));
  const isRegistry = known?.category === 'package-registry' || bounds.isRegistry(edge);
  if (isRegistry && kind !== 'build') refusals.push(refusal('package_registry', known?.suffix ?? null));
  const denial = bounds.denialOf(edge);
  if (denial !== null) refusals.push(refusal('boundary_denied', denial));
  return refusals;
}

// `backups.s3.eu-central-1.amazonaws.com` is one bucket; `s3.eu-central-1.amazonaws.com` is every bucket of anybody.
function isTenant(name: string, { suffix, what }: KnownDestination): boolean {
  return / of anybody$/.test(what) && name.split('.').length > suffix.split('.').length;
}

function evidenceRefusals({ edge, judgement }: MapEdge): readonly Refusal[] {
  const refusals: Refusal[] = [];
  if (edge.connections === 0 && edge.denied > 0) refusals.push(refusal('source_denied', `${edge.denied} times`));
  if (!edge.isName && edge.candidates.length > 0) refusals.push(refusal('name_uncertain', edge.candidates.join(' ')));
  if (!edge.isName && edge.rank === 'provider') refusals.push(refusal('provider_address', edge.provider));
  const reason = judgement?.verdict === 'deny' ? judgement.reason : null;
  if (reason !== null && !mendedByRule.has(reason)) refusals.push(refusal('policy_denied', reason));
  return refusals;
}

/** Denials that an entry, or a document for the service, does away with. */
const mendedByRule: ReadonlySet<string> = new Set([
  'no_rule_matched',
  'identity_unknown',
  'address_forbidden',
  'environment_crossing',
  'boundary_denied',
]);

interface Place {
  readonly via: readonly string[];
  readonly notes: readonly string[];
  readonly refusals: readonly Refusal[];
}

function placeOf(addresses: readonly IpAddress[], { bounds, environment }: AimContext): Place {
  const kinds = addresses.map((address) => ({ address, kind: classifyAddress(address).kind }));
  const forbidden = kinds.find(({ kind }) => kind === 'forbidden');
  if (forbidden !== undefined) return refused('forbidden_address', textOf(forbidden.address));
  const inside = kinds.filter(({ kind }) => kind === 'private').map(({ address }) => address);
  if (inside.length === 0) return { via: [], notes: [], refusals: [] };
  if (inside.length < kinds.length) return refused('addresses_mixed', addresses.map(textOf).join(' '));
  const segments = inside.map((address) => bounds.segmentOf(address));
  const outside = inside.filter((_, at) => segments[at] === null);
  if (outside.length > 0) return refused('segment_missing', outside.map(textOf).join(' '));
  const known = segments.filter((segment) => segment !== null);
  const via = [...new Set(known.map(({ name }) => name))].sort();
  const foreign = known.find(
    (one) => one.environment !== null && environment !== null && one.environment !== environment,
  );
  if (foreign !== undefined) {
    return { ...refused('segment_crossing', `${environment} to ${foreign.environment}`), via };
  }
  const homeless = known.find((one) => one.environment !== null && environment === null);
  const notes =
    homeless === undefined
      ? []
      : [`place this file in a space of environment ${homeless.environment}: segments are closed to others`];
  return { via, notes, refusals: [] };
}

function refused(reason: ApartReason, detail: string): Place {
  return { via: [], notes: [], refusals: [refusal(reason, detail)] };
}

function refusal(reason: ApartReason, detail: string | null = null): Refusal {
  return { reason, detail };
}

function textOf(address: IpAddress): string {
  return hostText({ kind: 'address', address });
}

function addressesOf(texts: readonly string[]): readonly IpAddress[] {
  return texts.flatMap((text) => {
    const parsed = parseIpAddress(text);
    return parsed.ok ? [parsed.value] : [];
  });
}
