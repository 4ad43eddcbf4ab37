import { type Fault, failed, fault, ok, type Result } from '../base/index.ts';
import type { ListenAddress } from '../transport/index.ts';

/** A parent proxy: where it listens, and the `Proxy-Authorization` that it wants, or null. */
export interface ParentProxy {
  readonly address: ListenAddress;
  readonly authorization: string | null;
}

/** Reads `http://user:secret@parent.example:3128`. The fault's message never holds the userinfo. */
export function parseParentUrl(text: string): Result<ParentProxy, Fault<'parent_malformed'>> {
  if (!URL.canParse(text)) return malformed();
  const url = new URL(text);
  if (url.protocol !== 'http:' || url.hostname === '' || (url.pathname !== '/' && url.pathname !== ''))
    return malformed();
  const host = url.hostname.replace(/^\[|\]$/g, '');
  const hasProof = url.username !== '' || url.password !== '';
  const authorization = hasProof ? basic(url.username, url.password) : null;
  if (authorization === undefined) return malformed();
  return ok({ address: { host, port: url.port === '' ? 80 : Number(url.port) }, authorization });
}

function basic(username: string, password: string): string | undefined {
  try {
    const text = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
    return `Basic ${Buffer.from(text, 'utf8').toString('base64')}`;
  } catch {
    // A percent sign that encodes nothing: decodeURIComponent says so by throwing.
    return undefined;
  }
}

function malformed(): Result<never, Fault<'parent_malformed'>> {
  return failed(fault('parent_malformed', 'the parent proxy is not `http://[user:secret@]host:port`'));
}
