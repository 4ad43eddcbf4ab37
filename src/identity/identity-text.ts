import { type Fault, failed, fault, ok, type Result } from '../base/index.ts';
import { parseLeaseSource } from './lease.ts';
import { type LocalName, parseLocalName } from './local-name.ts';
import { parseSpiffeId, type SpiffeId } from './spiffe-id.ts';

/** One term of an identity as text. `range` of a source is left as written: addresses are parsed by `destination`. */
export type IdentityTextTerm =
  | { readonly kind: 'spiffe'; readonly id: SpiffeId }
  | { readonly kind: 'credential'; readonly name: string }
  | { readonly kind: 'source'; readonly range: string }
  | { readonly kind: 'leased'; readonly name: string }
  | { readonly kind: 'token'; readonly issuer: string }
  | { readonly kind: 'local'; readonly name: LocalName };

/** What joins the terms of an `all:` list in the one spelling of an identity. */
const joiner = ' + ';
/** An `all:` list longer than this is a mistake; the bound keeps the work on a hostile text small. */
const maxTerms = 16;
/** A credential name is a Basic username, so it holds no colon; lower case so that two never differ by case only. */
const credentialNamePattern = /^[a-z0-9][a-z0-9._-]{0,63}$/;
/** The Basic username under which a token is sent as the password; so no credential may have this name. */
const tokenUsernameText = 'token';

/**
 * Parses the text of an identity: `spiffe://corp.example/api`, `credential:payments-api`, `source:10.20.0.0/24`,
 * `leased:ipam`, `token:https://ci.example.com`, `local:user:builder`, or several joined by ` + `. Faults: `identity_malformed` with what
 * is allowed.
 */
export function parseIdentityText(text: string): Result<readonly IdentityTextTerm[], Fault<'identity_malformed'>> {
  const parts = text.split(joiner, maxTerms + 1);
  if (parts.length > maxTerms) return malformed(`an identity has at most ${maxTerms} terms`);
  const terms: IdentityTextTerm[] = [];
  for (const part of parts) {
    const term = parseTerm(part);
    if (!term.ok) return term;
    terms.push(term.value);
  }
  return ok(terms);
}

/** Parses a credential name: 1 to 64 of `a-z`, `0-9`, `.`, `-`, `_`, first a letter or digit; `token` is taken. */
export function parseCredentialName(text: string): Result<string, Fault<'credential_name_malformed'>> {
  if (credentialNamePattern.test(text) && text !== tokenUsernameText) return ok(text);
  const message =
    text === tokenUsernameText
      ? '`token` is the username that goes with a token: choose another name'
      : 'a credential name is 1 to 64 of `a-z`, `0-9`, `.`, `-`, `_` and starts with a letter or digit';
  return failed(fault('credential_name_malformed', message));
}

/** The Basic username under which a signed token is presented as the password: `token`. */
export const tokenUsername: string = tokenUsernameText;

function parseTerm(text: string): Result<IdentityTextTerm, Fault<'identity_malformed'>> {
  if (text.startsWith('spiffe:')) {
    const id = parseSpiffeId(text);
    return id.ok ? ok({ kind: 'spiffe', id: id.value }) : malformed(id.fault.message);
  }
  const colon = text.indexOf(':');
  const value = text.slice(colon + 1);
  switch (colon === -1 ? '' : text.slice(0, colon)) {
    case 'credential':
      return parseNamed('credential', parseCredentialName(value));
    case 'source':
      return /^[0-9a-fA-F.:]+(?:\/[0-9]{1,3})?$/.test(value)
        ? ok({ kind: 'source', range: value })
        : malformed('`source:` takes an address or a range such as `10.20.0.0/24`');
    case 'leased':
      return parseNamed('leased', parseLeaseSource(value));
    case 'token':
      return /^[\x21-\x7e]{1,2048}$/.test(value)
        ? ok({ kind: 'token', issuer: value })
        : malformed('`token:` takes an issuer such as `https://ci.example.com`');
    case 'local':
      return parseLocalTerm(value);
    default:
      return malformed(
        'an identity starts with `spiffe://`, `credential:`, `source:`, `leased:`, `token:` or `local:`',
      );
  }
}

function parseLocalTerm(value: string): Result<IdentityTextTerm, Fault<'identity_malformed'>> {
  const name = parseLocalName(value);
  return name.ok ? ok({ kind: 'local', name: name.value }) : malformed(name.fault.message);
}

function parseNamed(
  kind: 'credential' | 'leased',
  name: Result<string, Fault>,
): Result<IdentityTextTerm, Fault<'identity_malformed'>> {
  return name.ok ? ok({ kind, name: name.value }) : malformed(name.fault.message);
}

function malformed(message: string): { readonly ok: false; readonly fault: Fault<'identity_malformed'> } {
  return failed(fault('identity_malformed', message));
}
