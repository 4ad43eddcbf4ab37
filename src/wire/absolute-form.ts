import { ok, type Result } from '../base/index.ts';
import { failedAs, type WireFault } from './wire-fault.ts';

/** An absolute-form target taken apart: the raw authority, and the target in origin form for the origin. */
export interface AbsoluteForm {
  readonly authority: string;
  readonly originTarget: string;
}

const schemePattern = /^([A-Za-z][A-Za-z0-9+.-]*):\/\//;

/**
 * Takes `http://authority/path?query` apart (RFC 9112 section 3.2.2). The authority goes to `parseAuthority` with default port 80.
 * An absent path is `/`, or `*` for OPTIONS. Faults: `scheme_unsupported` (https and others), `target_malformed`.
 */
export function parseAbsoluteForm(target: string, method: string): Result<AbsoluteForm, WireFault> {
  const scheme = schemePattern.exec(target);
  if (scheme === null) return failedAs('target_malformed', 'the target is not `http://authority/path`');
  if (scheme[1]?.toLowerCase() !== 'http') {
    return failedAs('scheme_unsupported', 'only http:// targets are forwarded: use CONNECT for others');
  }
  if (target.includes('#')) return failedAs('target_malformed', 'the target has a fragment');
  const rest = target.slice(scheme[0].length);
  const authorityEnd = rest.search(/[/?\\]/);
  const authority = authorityEnd < 0 ? rest : rest.slice(0, authorityEnd);
  if (authority === '') return failedAs('target_malformed', 'the target has no authority');
  if (authority.includes('@')) return failedAs('target_malformed', 'the target holds user information');
  return ok({ authority, originTarget: originTarget(authorityEnd < 0 ? '' : rest.slice(authorityEnd), method) });
}

// RFC 9112 section 3.2.4: OPTIONS of a whole server has no path in absolute form and `*` in origin form.
function originTarget(rest: string, method: string): string {
  if (rest === '') return method === 'OPTIONS' ? '*' : '/';
  return rest.startsWith('/') ? rest : `/${rest}`;
}
