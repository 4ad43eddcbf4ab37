import { destinationClasses } from '../../destination/index.ts';
import { strengths } from '../../identity/index.ts';
import { queryTypes } from '../query-types.ts';
import { reasons } from '../reasons.ts';
import type { MapName } from './known-keys.ts';

/** What a key of the grammar means, for an editor. */
export interface KeyHelp {
  readonly says: string;
  /** The values that it may have, where they are a closed set. */
  readonly values?: readonly string[];
  /** The map that stands below it, or that the items of its list are. */
  readonly inside?: MapName;
  /** The map of each name, where names of people's choice stand below it. */
  readonly named?: MapName;
}

const owner: KeyHelp = { says: 'the team that answers for it' };
const apiVersion: KeyHelp = { says: 'the version of the grammar', values: ['exeat/v1'] };
const why: KeyHelp = { says: 'why, in one line; required' };
const strength: KeyHelp = { says: 'at least this strength of proof', values: strengths };
const longest: KeyHelp = { says: 'how long at most: `8h`' };
const cumulative: KeyHelp = { says: 'how long in all, of one owner to one domain within 90 days: `3d`' };
const reviewWithin: KeyHelp = { says: 'until when it is reviewed: `48h`' };
const confirm: KeyHelp = {
  says: 'whether a decision is confirmed with a passkey or an enrolled key',
  values: ['never', 'registered', 'always'],
};
const tier: KeyHelp = { says: 'what such requests need', inside: 'tier' };

/** Every key of the grammar with what it means; a test holds it against the keys that are read. */
export const grammarHelp: Readonly<Record<MapName, Readonly<Record<string, KeyHelp>>>> = {
  service: {
    apiVersion,
    owner,
    service: { says: 'what one service may reach: its name' },
    kind: { says: 'what it is', values: ['app', 'build', 'operator', 'agent'] },
    mode: { says: 'observe lets a miss out and records it as a would-be denial', values: ['enforce', 'observe'] },
    observeUntil: { says: 'the date from which it is enforced: `2026-12-20`, at most 30 days away' },
    identities: { says: 'any one of these proves the service', inside: 'identity' },
    allow: { says: 'what it may reach; everything else is denied', inside: 'allowRule' },
    deny: { says: 'what it may not reach, whatever is allowed', inside: 'denyRule' },
    tests: { says: 'what must stay true of this policy', inside: 'test' },
  },
  destinations: {
    apiVersion,
    owner,
    destinations: { says: 'a list that services share: its name, used as `@name`' },
    class: { says: 'what its members are; of several the strictest counts', values: destinationClasses },
    members: { says: 'targets: `host.example.com:443`, `"*.example.com:443"`' },
  },
  boundary: { apiVersion, owner, boundary: { says: 'what nobody exceeds', inside: 'boundaryBody' } },
  segments: { apiVersion, owner, segments: { says: 'private ranges by name', named: 'segment' } },
  space: {
    apiVersion,
    owner,
    space: { says: 'who owns a part of the tree: its name' },
    path: { says: 'a glob over files: `payments/**`' },
    owners: { says: 'who may own documents there' },
    environment: { says: 'inherited by the services there: `prod`' },
    identities: { says: 'globs of what may be claimed there: `"credential:payments-*"`' },
  },
  unattributed: {
    apiVersion,
    owner,
    unattributed: { says: 'sources without an identity, observed until a date', inside: 'unattributedBody' },
  },
  tiers: { apiVersion, owner, tiers: { says: 'what exceptions need and how long they last', inside: 'tiersBody' } },
  allowRule: {
    to: { says: 'a target `[scheme://]host:ports`, TLS without a scheme; or `"@name"`' },
    reason: why,
    via: { says: 'the segment that the name must resolve into; default: public addresses only' },
    crossing: { says: 'both environments, where the segment is of another one', inside: 'crossing' },
    ech: { says: 'an encrypted ClientHello passes', values: ['allow'] },
    sni: { says: 'for addresses: a tunnel may go without a server name', values: ['none'] },
    strength,
    queries: { says: 'DNS queries beside the usual ones', values: queryTypes },
  },
  denyRule: { to: { says: 'a target `[scheme://]host:ports`' }, reason: why },
  crossing: { from: { says: 'the environment of the service' }, to: { says: 'the environment of the segment' } },
  test: {
    allow: { says: 'one host and port that must be let out' },
    deny: { says: 'one host and port that must not be let out' },
    because: { says: 'the reason that is expected', values: Object.keys(reasons) },
    as: { says: 'one of the identities of the service; default: its first' },
  },
  identity: {
    all: { says: 'everything in the list must hold together', inside: 'identity' },
    credential: { says: 'a generated proxy credential' },
    source: { says: 'the address of the peer: `10.20.0.0/24`' },
    leased: { says: 'an address that this source of leases gave to the service' },
    token: { says: 'a signed token', inside: 'token' },
    spiffe: { says: 'a client certificate, or a token that carries it' },
    local: { says: 'what a process of the same host runs as', inside: 'local' },
  },
  token: { issuer: { says: 'who signs: `https://ci.example.com`' }, claims: { says: 'texts that its claims equal' } },
  local: { user: { says: 'by name or number' }, group: { says: 'by name or number' }, cgroup: { says: 'its path' } },
  boundaryBody: {
    deny: { says: 'targets that nobody reaches', inside: 'denyRule' },
    requires: { says: 'what a class of destinations asks for', named: 'requirement' },
    revoked: { says: 'identities that are withdrawn everywhere', inside: 'revoked' },
  },
  requirement: { strength, from: { says: 'segments that requests come from' } },
  revoked: { identity: { says: 'as records write it: `"credential:old-runner"`' }, reason: why },
  segment: {
    ranges: { says: 'private ranges: `10.60.0.0/16`' },
    environment: { says: 'whose it is; default: shared' },
  },
  unattributedBody: {
    sources: { says: 'ranges: `10.0.0.0/8`' },
    until: { says: 'the date from which they are denied' },
    reason: why,
  },
  tiersBody: { low: tier, medium: tier, high: tier, 'break-glass': { says: 'without approval', inside: 'breakGlass' } },
  tier: {
    quorum: { says: 'how many people approve, 1 to 5' },
    approvers: { says: 'who may', values: ['approver', 'security', 'destination-owner', 'service-owner'] },
    longest,
    cumulative,
    repeats: { says: 'such exceptions that start within 90 days' },
    pending: { says: 'how long a request waits: `24h`' },
    startWithin: { says: 'how late after the start that was asked for it may be approved: `8h`' },
    drain: { says: 'how long a connection may finish after the end: `0s` to `60s`' },
    confirm,
    strength,
    reviewWithin,
  },
  breakGlass: {
    longest,
    cumulative,
    bytesUp: { says: 'the most that goes out: `1GiB`' },
    acknowledgeWithin: { says: 'it ends then unless a second person acknowledged it: `10m`' },
    reviewWithin,
    signatures: { says: 'people who sign the offline variant, 2 to 5' },
    confirm,
    strength,
  },
};
