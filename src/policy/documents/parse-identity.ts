import { parseIpPrefix } from '../../destination/index.ts';
import { parseIdentityText } from '../../identity/index.ts';
import type { IdentityNode, IdentityTerm } from '../nodes.ts';
import { parseLocal } from './parse-local.ts';
import type { PlainEntry, PlainMap, PlainNode } from './plain-node.ts';
import { readMap, shorten } from './read-map.ts';
import { readList, readText, requireKey } from './read-value.ts';
import type { SourceFile } from './source-file.ts';

/** More terms in one `all:` list, or more claims of one token, than anybody needs. */
const maxTerms = 16;
const maxClaimLength = 1024;

/** What joins the terms of an `all:` list in its one spelling. */
const joiner = ' + ';

/** The one spelling of an identity, used in records, tests and conflicts: its terms, which are sorted, joined by ` + `. */
export function identityText(identity: Pick<IdentityNode, 'terms'>): string {
  return identity.terms.map(({ text }) => text).join(joiner);
}

/**
 * Parses one entry of `identities:`: a SPIFFE id, `credential:name`, `source:range`, `leased:name`, the same as maps, `token: {issuer, claims}`,
 * `local: {user}`, or an `all:` list of these. Null after reporting what is wrong.
 */
export function parseIdentity(node: PlainNode, file: SourceFile): IdentityNode | null {
  const at = file.at(node.offset);
  const [entry, ...others] = node.kind === 'map' ? node.entries : [];
  if (entry?.key === 'all' && others.length === 0) {
    const terms = parseAll(entry, file);
    return terms === null ? null : { terms, at };
  }
  const term = parseTerm(node, file);
  return term === null ? null : { terms: [term], at };
}

function parseAll(all: PlainEntry, file: SourceFile): readonly IdentityTerm[] | null {
  const items = readList(all, '`all`', file);
  if (items.length < 1 || items.length > maxTerms) {
    file.report('identity_malformed', all.value.offset, `\`all\` needs 1 to ${maxTerms} identities`);
    return null;
  }
  const terms: IdentityTerm[] = [];
  for (const item of items) {
    const term = parseTerm(item, file);
    if (term === null) return null;
    if (terms.some(({ text }) => text === term.text)) {
      file.report('identity_duplicate', item.offset, `\`${term.text}\` is listed twice in \`all\``);
      return null;
    }
    terms.push(term);
  }
  return terms.sort((a, b) => (a.text < b.text ? -1 : 1));
}

function parseTerm(node: PlainNode, file: SourceFile): IdentityTerm | null {
  if (node.kind === 'text') return parseTextTerm(node.value, node.offset, file);
  if (node.kind !== 'map') return malformed(file, node.offset, 'an identity must be text or a map');
  return parseMapTerm(node, file);
}

function parseMapTerm(node: PlainMap, file: SourceFile): IdentityTerm | null {
  const map = readMap(node, 'identity', 'an identity', file);
  const [entry, ...others] = node.entries;
  if (map === null || entry === undefined || others.length > 0)
    return malformed(
      file,
      node.offset,
      'an identity has one key: `spiffe`, `credential`, `source`, `leased`, `token` or `local`',
    );
  if (entry.key === 'all') return malformed(file, entry.keyOffset, '`all` does not stand inside `all`');
  if (entry.key === 'token') return parseToken(entry, file);
  if (entry.key === 'local' && entry.value.kind === 'map') return parseLocal(entry.value, file);
  const value = readText(entry.value, `\`${shorten(entry.key)}\``, file);
  if (value === null || map.get(entry.key) === null) return null;
  return parseTextTerm(entry.key === 'spiffe' ? value.value : `${entry.key}:${value.value}`, value.offset, file);
}

function parseTextTerm(text: string, offset: number, file: SourceFile): IdentityTerm | null {
  const parsed = parseIdentityText(text);
  const [term, ...others] = parsed.ok ? parsed.value : [];
  if (!parsed.ok) return malformed(file, offset, `\`${shorten(text)}\`: ${parsed.fault.message}`);
  if (term === undefined || others.length > 0)
    return malformed(file, offset, 'several proofs that must hold together are written as an `all:` list');
  switch (term.kind) {
    case 'spiffe':
      return { kind: 'spiffe', id: term.id.text, text: term.id.text };
    case 'credential':
      return { kind: 'credential', name: term.name, text: `credential:${term.name}` };
    case 'source':
      return parseSource(term.range, offset, file);
    case 'local':
      return { kind: 'local', name: term.name, text: `local:${term.name.text}` };
    case 'leased':
      return { kind: 'leased', name: term.name, text: `leased:${term.name}` };
    case 'token':
      return malformed(file, offset, 'a token needs claims: `token: { issuer: …, claims: { … } }`');
    default:
      return term satisfies never;
  }
}

function parseSource(range: string, offset: number, file: SourceFile): IdentityTerm | null {
  const prefix = parseIpPrefix(range);
  if (prefix.ok) return { kind: 'source', prefix: prefix.value, text: `source:${prefix.value.text}` };
  file.report('range_malformed', offset, prefix.fault.message);
  return null;
}

function parseToken(entry: PlainEntry, file: SourceFile): IdentityTerm | null {
  const map = readMap(entry.value, 'token', '`token`', file);
  if (map === null) return null;
  const issuerEntry = requireKey(map, 'issuer', '`token`', file);
  const claimsEntry = requireKey(map, 'claims', '`token`', file);
  if (issuerEntry === null || claimsEntry === null) return null;
  const issuer = readText(issuerEntry.value, '`issuer`', file);
  const claims = readClaims(claimsEntry, file);
  if (issuer === null || claims === null) return null;
  // `#` and `?` would blur issuer and claims in the identity's text; an OpenID Connect issuer has neither (Discovery 1.0, section 3).
  if (!/^[\x21-\x7e]{1,1024}$/.test(issuer.value) || /[#?]/.test(issuer.value))
    return malformed(
      file,
      issuer.offset,
      `issuer \`${shorten(issuer.value)}\` must be printable ASCII without \`#\` and \`?\``,
    );
  return { kind: 'token', issuer: issuer.value, claims, text: tokenText(issuer.value, claims) };
}

function readClaims(entry: PlainEntry, file: SourceFile): Readonly<Record<string, string>> | null {
  const node = entry.value;
  if (node.kind !== 'map' || node.entries.length < 1 || node.entries.length > maxTerms)
    return malformed(file, node.offset, `\`claims\` must be a map with 1 to ${maxTerms} claims`);
  const claims = new Map<string, string>();
  for (const { key, keyOffset, value } of node.entries) {
    const text = readText(value, `claim \`${shorten(key)}\``, file);
    if (text === null) return null;
    if (claims.has(key)) {
      file.report('key_duplicate', keyOffset, `claim \`${shorten(key)}\` is written twice`);
      return null;
    }
    if (!isClaim(key) || !isClaim(text.value))
      return malformed(
        file,
        keyOffset,
        `claim \`${shorten(key)}\` and its value must be 1 to ${maxClaimLength} characters`,
      );
    claims.set(key, text.value);
  }
  return Object.fromEntries([...claims].sort(([a], [b]) => (a < b ? -1 : 1)));
}

function isClaim(text: string): boolean {
  return text.length > 0 && text.length <= maxClaimLength && text.isWellFormed();
}

/** Issuer and claims, percent-encoded, so that two tokens of one issuer are two identities: `token:https://ci.example.com#env=prod`. */
function tokenText(issuer: string, claims: Readonly<Record<string, string>>): string {
  const pairs = Object.entries(claims).map(([key, value]) => `${encodeURIComponent(key)}=${encodeURIComponent(value)}`);
  return `token:${issuer}#${pairs.join('&')}`;
}

function malformed(file: SourceFile, offset: number, message: string): null {
  file.report('identity_malformed', offset, message);
  return null;
}
