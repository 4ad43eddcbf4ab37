import { registrableDomain } from '../../destination/index.ts';
import type { RiverFacts, RiverQuery, RiverRule } from './river.ts';
import { type TrafficRow, together } from './traffic-edge.ts';

/** What the four columns call a row: who, service, point, destination. */
export type RowEnds = readonly [string, string, string, string];

// No name of a policy and no host has parentheses, so nothing takes these places.
const unknownWho = '(nobody proven)';
const unknownService = '(no service)';
const unknownPoint = '(not known)';
const severalHosts = '(several together)';
const unreadableHost = '(not readable)';
const noTeam = '(no team)';
const noEnvironment = '(no environment)';
const severalIdentities = '(several identities)';

/** Where an entry of the policy leads from and to, named as rows are. `group` is null for identities, of which none was seen. */
export interface RuleEnds {
  readonly group: string | null;
  readonly service: string;
  readonly to: string;
}

/** Names nodes, for one picture. */
export interface EndNames {
  ofRow(row: TrafficRow): RowEnds;
  ofRule(rule: RiverRule): RuleEnds;
}

/** Makes the names of one picture. A host that many rows and entries have is looked up once. */
export function createEnds(facts: RiverFacts, { from, to }: Pick<RiverQuery, 'from' | 'to'>): EndNames {
  const known = new Map<string, string>();
  const placeOf = (host: string): string => {
    if (to === 'destination') return nameOf(host);
    const place = known.get(host) ?? domainOf(host);
    known.set(host, place);
    return place;
  };
  return {
    ofRow: (row) => [
      from === 'identity' ? identityOf(row) : groupOfService(row.service, facts, from),
      row.service === '' ? unknownService : row.service,
      row.point === '' ? unknownPoint : row.point,
      to === 'class' ? row.class : placeOf(row.host),
    ],
    ofRule: (rule) => ({
      group: from === 'identity' ? null : groupOfService(rule.service, facts, from),
      service: rule.service,
      to: to === 'class' ? rule.class : placeOf(hostOfTarget(rule.to)),
    }),
  };
}

/** The destination of a row with its port, as paths show it; the group where destinations are grouped. */
export function destinationOf(row: TrafficRow, label: string, { to }: Pick<RiverQuery, 'to'>): string {
  if (to !== 'destination' || row.port === null || row.host === '' || row.host === together) return label;
  return row.host.includes(':') ? `[${row.host}]:${row.port}` : `${row.host}:${row.port}`;
}

/** The host of a row, null where it stands for none that could be looked for. */
export function hostOfRow({ host }: TrafficRow): string | null {
  return host === '' || host === together ? null : host;
}

function identityOf({ identity }: TrafficRow): string {
  if (identity === '') return unknownWho;
  return identity === together ? severalIdentities : identity;
}

function groupOfService(service: string, { services }: RiverFacts, by: 'team' | 'environment'): string {
  const known = services.get(service);
  return by === 'team' ? (known?.owner ?? noTeam) : (known?.environment ?? noEnvironment);
}

function nameOf(host: string): string {
  if (host === '') return unreadableHost;
  return host === together ? severalHosts : host;
}

function domainOf(host: string): string {
  const name = nameOf(host);
  if (name !== host || isAddress(host)) return name;
  // `*.example.net` is as much of example.net as what is below it.
  return registrableDomain(host.replace(/^\*\./, '')) ?? host;
}

// No name ends in a number.
function isAddress(host: string): boolean {
  return host.includes(':') || /(?:^|\.)\d+(?:\/\d+)?$/.test(host);
}

const scheme = /^[a-z]+:\/\//;
const bracketed = /^\[([^\]]*)\]/;

// `tcp://[2001:db8::/32]:443`, `*.example.net:443`, `*:443`.
function hostOfTarget(to: string): string {
  const place = to.replace(scheme, '');
  const inBrackets = bracketed.exec(place)?.[1];
  if (inBrackets !== undefined) return inBrackets;
  const end = place.lastIndexOf(':');
  const host = end < 0 ? place : place.slice(0, end);
  return host === together ? '(any host)' : host;
}
