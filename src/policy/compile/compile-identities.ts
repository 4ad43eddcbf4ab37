import { identityKey } from '../ascii-key.ts';
import { none, owner, termKind } from '../format/layout.ts';
import type { IdentityNode, IdentityTerm, UnattributedNode } from '../nodes.ts';
import { blockOf, type PolicyBuilder } from './policy-builder.ts';

/** An identity with the row of its service, and its name. */
interface Claimed {
  readonly service: number;
  readonly serviceName: string;
  readonly identity: IdentityNode;
}

type TokenTerm = Extract<IdentityTerm, { kind: 'token' }>;
type SourceTerm = Extract<IdentityTerm, { kind: 'source' }>;
type LeasedTerm = Extract<IdentityTerm, { kind: 'leased' }>;

/**
 * Compiles every identity of every service. Each is found under one key of its most telling term; a token under the claim that
 * fewest identities share, so that a thousand services of one issuer cost one look-up. The others are checked term by term.
 */
export function compileIdentities(builder: PolicyBuilder, claimed: readonly Claimed[]): void {
  const frequency = countClaims(claimed);
  const byText = new Map<string, Claimed[]>();
  const byBlock = new Map<string, { prefix: SourceTerm['prefix']; list: Claimed[] }>();
  for (const each of claimed) {
    const { terms } = each.identity;
    const telling = terms.find(isProof) ?? terms.find((term) => term.kind === 'leased');
    if (telling !== undefined) push(byText, keyOf(telling, { frequency, service: each.serviceName }), each);
    else pushBlock(byBlock, narrowest(terms as readonly SourceTerm[]), each);
  }
  for (const [text, list] of byText) {
    builder.addKey(owner.identities, text, placeRun(builder, list));
  }
  writeBlockOwner(
    builder,
    owner.sources,
    [...byBlock.values()].map(({ prefix, list }) => ({ prefix, value: placeRun(builder, list) })),
  );
}

/** Compiles the sources that are let in without an identity until a date. */
export function compileUnattributed(builder: PolicyBuilder, documents: readonly UnattributedNode[]): void {
  const rows = builder.section('unattributed');
  const latest = new Map<string, { prefix: UnattributedNode['sources'][number]; until: number }>();
  for (const document of documents) {
    for (const prefix of document.sources) {
      const known = latest.get(prefix.text);
      if (known === undefined || known.until < document.until)
        latest.set(prefix.text, { prefix, until: document.until });
    }
  }
  const blocks = [...latest.values()].map(({ prefix, until }) => {
    const value = rows.length / 3;
    rows.pushAll([builder.texts.place(`source:${prefix.text}`), ...instantWords(until)]);
    return { prefix, value };
  });
  writeBlockOwner(builder, owner.unattributed, blocks);
}

/** An instant (epoch milliseconds) as two words, low first; null is `none` twice. */
export function instantWords(instant: number | null): [number, number] {
  if (instant === null) return [none, none];
  const whole = Math.max(0, Math.min(Math.trunc(instant), Number.MAX_SAFE_INTEGER));
  return [whole % 2 ** 32, Math.floor(whole / 2 ** 32)];
}

function writeBlockOwner(
  builder: PolicyBuilder,
  ownerIndex: number,
  blocks: readonly { readonly prefix: SourceTerm['prefix']; readonly value: number }[],
): void {
  const lengths = new Set(blocks.map(({ prefix }) => blockOf(prefix)));
  for (const { prefix, value } of blocks) builder.addBlock(ownerIndex, prefix, value);
  builder.section('owners').pushAll([0, none, builder.placeList([...lengths]), lengths.size]);
}

function countClaims(claimed: readonly Claimed[]): ReadonlyMap<string, number> {
  const frequency = new Map<string, number>();
  for (const { identity } of claimed) {
    for (const term of identity.terms) {
      if (term.kind !== 'token') continue;
      for (const key of claimKeys(term)) frequency.set(key, (frequency.get(key) ?? 0) + 1);
    }
  }
  return frequency;
}

function claimKeys(term: TokenTerm): readonly string[] {
  return Object.entries(term.claims).map(([name, value]) => identityKey.claim(term.issuer, name, value));
}

// What somebody presents tells more than where it comes from: only what needs no proof at all is looked up by its lease or source.
function isProof(term: IdentityTerm): term is Exclude<IdentityTerm, SourceTerm | LeasedTerm> {
  return term.kind !== 'source' && term.kind !== 'leased';
}

interface Keying {
  readonly frequency: ReadonlyMap<string, number>;
  readonly service: string;
}

function keyOf(term: Exclude<IdentityTerm, SourceTerm>, { frequency, service }: Keying): string {
  // A lease names the service, so that a thousand services of one source are apart.
  if (term.kind === 'leased') return identityKey.leased(term.name, service);
  if (term.kind === 'spiffe') return identityKey.spiffe(term.id);
  if (term.kind === 'credential') return identityKey.credential(term.name);
  if (term.kind === 'local') return identityKey.local(term.name.text);
  let best: string | null = null;
  for (const key of claimKeys(term)) {
    if (best === null || (frequency.get(key) ?? 0) < (frequency.get(best) ?? 0)) best = key;
  }
  return best ?? identityKey.issuer(term.issuer);
}

function narrowest(terms: readonly SourceTerm[]): SourceTerm['prefix'] {
  return terms.reduce((best, term) => (term.prefix.length > best.prefix.length ? term : best)).prefix;
}

function push<V>(map: Map<string, V[]>, key: string, value: V): void {
  const known = map.get(key);
  if (known === undefined) map.set(key, [value]);
  else known.push(value);
}

function pushBlock(
  map: Map<string, { prefix: SourceTerm['prefix']; list: Claimed[] }>,
  prefix: SourceTerm['prefix'],
  value: Claimed,
): void {
  const known = map.get(prefix.text);
  if (known === undefined) map.set(prefix.text, { prefix, list: [value] });
  else known.list.push(value);
}

/** Lays identities of one key down together: a list of their count and their rows. */
function placeRun(builder: PolicyBuilder, list: readonly Claimed[]): number {
  const rows = list.map((each) => placeIdentity(builder, each));
  return builder.placeList([rows.length, ...rows]);
}

function placeIdentity(builder: PolicyBuilder, { service, identity }: Claimed): number {
  const identities = builder.section('identities');
  const terms = builder.section('terms');
  const at = terms.length / 10;
  for (const term of identity.terms) terms.pushAll(termWords(builder, term));
  const text = identity.terms.map((term) => term.text).join(' + ');
  const row = identities.length / 4;
  identities.pushAll([service, at, identity.terms.length, builder.texts.place(text)]);
  return row;
}

function termWords(builder: PolicyBuilder, term: IdentityTerm): readonly number[] {
  const noBlock = [0, 0, 0, 0, 0, 0];
  switch (term.kind) {
    case 'spiffe':
      return [termKind.spiffe, builder.texts.place(term.id), 0, 0, ...noBlock];
    case 'credential':
      return [termKind.credential, builder.texts.place(term.name), 0, 0, ...noBlock];
    case 'local':
      return [termKind.local, builder.texts.place(term.name.text), 0, 0, ...noBlock];
    case 'leased':
      return [termKind.leased, builder.texts.place(term.name), 0, 0, ...noBlock];
    case 'token': {
      const claims = Object.entries(term.claims);
      const at = builder.placeList(claims.flatMap((pair) => pair.map((text) => builder.texts.place(text))));
      return [termKind.token, builder.texts.place(term.issuer), at, claims.length, ...noBlock];
    }
    case 'source': {
      const { first, length } = term.prefix;
      const words = [0, 1, 2, 3].map((index) => first.words[index] ?? 0);
      return [termKind.source, none, 0, 0, first.family, length, ...words];
    }
    default:
      return term satisfies never;
  }
}
