import { hostText, parseIpAddress } from '../../destination/index.ts';
import { parseCredentialName } from '../../identity/index.ts';
import { unattributedServiceName } from '../../policy/index.ts';
import type { Attribution } from '../edge.ts';
import type { Inventory } from '../inventory.ts';
import type { ProposedIdentity } from './proposal.ts';

const longestName = 48;
const reserved: ReadonlySet<string> = new Set(['boundary', unattributedServiceName, 'built-in']);

/** Names services as the grammar has it (`payments/api` is `payments-api`), each once. `taken` are names of the policy: a principal of that very name keeps it. */
export function nameServices(principals: readonly string[], taken: ReadonlySet<string>): ReadonlyMap<string, string> {
  const names = new Map<string, string>();
  const used = new Set<string>();
  const ordered = [...principals].sort((a, b) => Number(taken.has(b)) - Number(taken.has(a)) || (a < b ? -1 : 1));
  for (const principal of ordered) {
    const base = taken.has(principal) ? principal : slugOf(principal);
    let name = base;
    for (let at = 2; used.has(name) || (name !== principal && taken.has(name)); at += 1) name = `${base}-${at}`;
    used.add(name);
    names.set(principal, name);
  }
  return names;
}

function slugOf(principal: string): string {
  const address = parseIpAddress(principal);
  const text = address.ok ? `host-${hostText({ kind: 'address', address: address.value })}` : principal;
  const slug = text
    .toLowerCase()
    .replace(/[^a-z0-9-]+/g, '-')
    .slice(0, longestName)
    .replace(/^-+|-+$/g, '');
  if (slug === '') return 'service';
  return reserved.has(slug) ? `${slug}-flows` : slug;
}

/** Who a principal is, for its identities. `atMs`: the end of what was seen; sources of the inventory that ended before are history. */
export interface WhoFacts {
  readonly principal: string;
  readonly service: string;
  readonly how: readonly Attribution[];
  readonly inventory: Inventory;
  readonly atMs: number;
}

/** How a service proves itself, from how its flows were attributed. `isKnown` is false for a placeholder. */
export function identitiesOf(facts: WhoFacts): {
  readonly identities: readonly ProposedIdentity[];
  readonly isKnown: boolean;
} {
  const known = [...sourcesOf(facts), ...addressOf(facts), ...credentialOf(facts)];
  return known.length > 0 ? { identities: known, isKnown: true } : { identities: [placeholder(facts)], isKnown: false };
}

function sourcesOf({ principal, inventory, atMs }: WhoFacts): readonly ProposedIdentity[] {
  const own = inventory.services.filter(({ name }) => name === principal).flatMap(({ sources }) => sources);
  const current = own.filter(({ untilMs }) => untilMs === null || untilMs > atMs);
  const texts = [...new Set(current.map(({ prefix }) => prefix.text))];
  return texts.map((text) => ({ yaml: `{ source: ${JSON.stringify(text)} }`, comment: 'by the inventory' }));
}

function addressOf({ principal, how }: WhoFacts): readonly ProposedIdentity[] {
  const address = how.includes('address') ? parseIpAddress(principal) : null;
  if (address === null || !address.ok) return [];
  const { family, text } = address.value;
  const yaml = `{ source: ${JSON.stringify(`${text}/${family === 4 ? 32 : 128}`)} }`;
  return [{ yaml, comment: 'nobody claims this address: name its service in the inventory, and propose again' }];
}

function credentialOf({ principal, how }: WhoFacts): readonly ProposedIdentity[] {
  if (!how.includes('user') || !principal.startsWith('user:')) return [];
  const name = parseCredentialName(principal.slice('user:'.length));
  if (!name.ok) return [];
  const yaml = `{ credential: ${JSON.stringify(name.value)} }`;
  return [{ yaml, comment: 'the user of the proxy logs, made by `exeat credential add`' }];
}

// A credential that nobody holds lets nobody in, and a test of the document fails until it is written out.
function placeholder({ service, how }: WhoFacts): ProposedIdentity {
  const by = how.length === 0 ? 'nothing' : how.join(', ');
  return {
    yaml: `{ credential: ${JSON.stringify(`unknown-${service}`)} }`,
    comment: `placeholder: known by ${by} only; write how it proves itself, e.g. spiffe://TRUST-DOMAIN/ns/NAMESPACE/sa/NAME`,
  };
}
