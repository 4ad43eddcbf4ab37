import { classifyAddress, type IpAddress, parseIpAddress, prefixContains } from '../destination/index.ts';
import type { Attribution, ClientRole, WhoRow } from './edge.ts';
import type { Inventory, InventoryService, InventorySource } from './inventory.ts';
import type { ClientKey } from './lake.ts';
import type { LeaseObservation } from './observation.ts';

/** Everything that can say who a client is. */
export interface ClientDirectory {
  readonly inventory: Inventory;
  readonly leases: readonly LeaseObservation[];
  /** Whether the policy has a service of this name. */
  hasService(name: string): boolean;
  /** The services of the policy whose identities are this source address; empty without a policy. */
  servicesOfSource(address: string): readonly string[];
  /** The service of the policy that a proxy credential belongs to, or null. */
  serviceOfCredential(name: string): string | null;
}

/** Nobody is known by that: flows of logs that never say who asked. */
export const unattributedPrincipal = 'unattributed';

const earliestMs = 0;
/** The last instant that every engine which reads the lake can hold. */
const latestMs = Date.UTC(9999, 0, 1);

/**
 * Says who each client was, and for how long: the inventory first, then source ranges of the policy, exports of Kubernetes and clouds,
 * credentials and users of the logs themselves, DHCP and log-ons. What the record itself calls a service comes before all where policy or
 * inventory know that name, else behind the policy: it may be an instance's id. Where the answer changed in time, there is a row for each
 * stretch. A public address that nobody claims is `outside`.
 */
export function attributeClients(keys: readonly ClientKey[], directory: ClientDirectory): readonly WhoRow[] {
  const index = indexOf(directory);
  return keys.flatMap((key) => {
    const parsed = parseIpAddress(key.client);
    const address = parsed.ok ? parsed.value : null;
    const claims = address === null ? noClaims : claimsOn(address, index);
    const cuts = cutsOf(claims);
    return cuts.slice(0, -1).map((fromMs, at): WhoRow => {
      const untilMs = cuts[at + 1] ?? latestMs;
      const { client, user, service } = key;
      return { client, user, service, fromMs, untilMs, ...answer({ key, address, claims, atMs: fromMs }, directory) };
    });
  });
}

interface DirectoryIndex {
  readonly sources: readonly { readonly service: InventoryService; readonly source: InventorySource }[];
  readonly leases: ReadonlyMap<string, readonly LeaseObservation[]>;
}

interface Claims {
  readonly sources: DirectoryIndex['sources'];
  readonly leases: readonly LeaseObservation[];
}

const noClaims: Claims = { sources: [], leases: [] };

// The longest prefix first: a host inside a range of somebody else is its own.
function indexOf({ inventory, leases }: ClientDirectory): DirectoryIndex {
  const sources = inventory.services
    .flatMap((service) => service.sources.map((source) => ({ service, source })))
    .sort((a, b) => b.source.prefix.length - a.source.prefix.length || compare(a.service.name, b.service.name));
  const byAddress = new Map<string, LeaseObservation[]>();
  for (const lease of leases) {
    const known = byAddress.get(lease.address);
    if (known === undefined) byAddress.set(lease.address, [lease]);
    else known.push(lease);
  }
  return { sources, leases: byAddress };
}

function claimsOn(address: IpAddress, index: DirectoryIndex): Claims {
  return {
    sources: index.sources.filter(({ source }) => prefixContains(source.prefix, address)),
    leases: index.leases.get(address.text) ?? [],
  };
}

/** The instants at which an answer may change, first and last included. */
function cutsOf({ sources, leases }: Claims): readonly number[] {
  const inner = [...sources.map(({ source }) => source), ...leases].flatMap(({ fromMs, untilMs }) => [fromMs, untilMs]);
  const within = inner.filter((ms): ms is number => ms !== null && ms > earliestMs && ms < latestMs);
  return [...new Set([earliestMs, ...within, latestMs])].sort((a, b) => a - b);
}

interface Question {
  readonly key: ClientKey;
  readonly address: IpAddress | null;
  readonly claims: Claims;
  readonly atMs: number;
}

interface Answer {
  readonly principal: string;
  readonly how: Attribution;
  readonly role: ClientRole;
}

function answer(question: Question, directory: ClientDirectory): Answer {
  const { service } = question.key;
  const byRecord: Answer | null = service === '' ? null : { principal: service, how: 'record', role: 'principal' };
  if (byRecord !== null && isKnown(service, directory)) return byRecord;
  return (
    byInventory(question) ??
    byPolicy(question, directory) ??
    byRecord ??
    byLease(question, ['kubernetes', 'cloud']) ??
    byUser(question, directory) ??
    byLease(question, ['dhcp', 'logon']) ??
    byAddress(question)
  );
}

function isKnown(service: string, directory: ClientDirectory): boolean {
  return directory.hasService(service) || directory.inventory.services.some(({ name }) => name === service);
}

function byInventory({ claims, atMs }: Question): Answer | null {
  const found = claims.sources.find(({ source }) => isDuring(source, atMs));
  if (found === undefined) return null;
  const { name, kind } = found.service;
  const role = kind === 'proxy' || kind === 'resolver' ? kind : 'principal';
  return { principal: name, how: 'inventory', role };
}

// A range that two services of the policy claim names neither.
function byPolicy({ address }: Question, directory: ClientDirectory): Answer | null {
  const services = address === null ? [] : directory.servicesOfSource(address.text);
  const [service] = services;
  if (service === undefined || services.length > 1) return null;
  return { principal: service, how: 'policy-source', role: 'principal' };
}

// Of several that held the address at once the one that came last has it.
function byLease({ claims, atMs }: Question, origins: readonly LeaseObservation['origin'][]): Answer | null {
  const held = claims.leases
    .filter((lease) => origins.includes(lease.origin) && isDuring(lease, atMs))
    .sort((a, b) => (b.fromMs ?? 0) - (a.fromMs ?? 0) || compare(a.holder, b.holder));
  const [lease] = held;
  if (lease === undefined) return null;
  const role = lease.kind === 'proxy' || lease.kind === 'resolver' ? lease.kind : 'principal';
  const principal = lease.kind === 'user' ? `user:${lease.holder}` : lease.holder;
  return { principal, how: lease.origin, role };
}

function byUser({ key }: Question, directory: ClientDirectory): Answer | null {
  if (key.user === '') return null;
  const service = directory.serviceOfCredential(key.user);
  if (service !== null) return { principal: service, how: 'credential', role: 'principal' };
  return { principal: `user:${key.user}`, how: 'user', role: 'principal' };
}

function byAddress({ address }: Question): Answer {
  if (address === null) return { principal: unattributedPrincipal, how: 'address', role: 'principal' };
  const isOutside = classifyAddress(address).kind === 'public';
  return { principal: address.text, how: 'address', role: isOutside ? 'outside' : 'principal' };
}

function isDuring(
  { fromMs, untilMs }: { readonly fromMs: number | null; readonly untilMs: number | null },
  atMs: number,
): boolean {
  return (fromMs === null || fromMs <= atMs) && (untilMs === null || atMs < untilMs);
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
