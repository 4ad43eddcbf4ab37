import { type Fault, failed, fault, ok, type Result } from '../base/index.ts';
import {
  fieldMembers,
  type HeaderField,
  type RequestHead,
  type ResponseHead,
  writeRequestHead,
  writeResponseHead,
} from '../wire/index.ts';

// RFC 9110 section 7.6.1; `proxy-*` is dropped by prefix. Transfer-Encoding is kept: bodies travel as they are framed.
const hopByHop = new Set(['connection', 'keep-alive', 'te', 'upgrade', 'http2-settings']);
// A Connection that names one of these would change where the message goes, or where it ends.
const undroppable = new Set(['host', 'content-length', 'transfer-encoding', 'via']);

/** What a request head becomes on its way to the origin. */
export interface ForwardOptions {
  readonly target: string;
  readonly host: string;
  /** The field value that marks the request as ours; null inside a tunnel, where we are no proxy. */
  readonly via: string | null;
  /** Whether `Connection: close` is said: one request for each upstream connection. */
  readonly closes: boolean;
}

/** Whether the request asks for the one upgrade that passes: `Upgrade: websocket` (RFC 6455), by GET in HTTP/1.1. */
export function isWebSocketUpgrade(head: RequestHead): boolean {
  const upgrades = fieldMembers(head, 'upgrade');
  return (
    head.method === 'GET' &&
    head.version === '1.1' &&
    upgrades.length === 1 &&
    upgrades[0] === 'websocket' &&
    fieldMembers(head, 'connection').includes('upgrade')
  );
}

/**
 * Rewrites a request head for the origin: Host is the authority that was judged; hop-by-hop fields, what Connection names and every
 * `Proxy-*` are dropped; only a websocket upgrade stays. An HTTP/1.0 client is answered in HTTP/1.0 framing. Fault:
 * `connection_malformed` when Connection names a field that says where the message goes or ends.
 */
export function forwardRequest(head: RequestHead, options: ForwardOptions): Result<Uint8Array, Fault> {
  const named = fieldMembers(head, 'connection');
  if (named.some((member) => undroppable.has(member))) {
    return failed(
      fault(
        'connection_malformed',
        '`Connection` names a field that must not be dropped, name only fields of your own',
      ),
    );
  }
  const upgrade = isWebSocketUpgrade(head);
  const kept = head.fields.filter(([name]) => name !== 'host' && !isDropped(name, named));
  const fields: HeaderField[] = [['host', options.host], ...kept];
  if (upgrade) fields.push(['connection', 'Upgrade'], ['upgrade', 'websocket']);
  else if (options.closes) fields.push(['connection', 'close']);
  if (options.via !== null) fields.push(['via', options.via]);
  const bytes = writeRequestHead({ method: head.method, target: options.target, fields });
  if (head.version === '1.0') bytes[bytes.indexOf(13) - 1] = 0x30;
  return ok(bytes);
}

/** How a response head is sent on. */
export interface ResponseOptions {
  readonly closes: boolean;
  readonly isUpgrade: boolean;
}

/**
 * Rewrites a response head for the client: hop-by-hop fields, `Proxy-*` and `Exeat-*` of the origin are dropped, since they would speak
 * in our name; a 407 becomes a 502, since only the proxy may ask for the client's proof.
 */
export function forwardResponse(head: ResponseHead, options: ResponseOptions): Uint8Array {
  const named = fieldMembers(head, 'connection');
  const fields = head.fields.filter(([name]) => !isDropped(name, named) && !name.startsWith('exeat-'));
  if (options.isUpgrade) fields.push(['connection', 'Upgrade'], ['upgrade', 'websocket']);
  else if (options.closes && head.status >= 200) fields.push(['connection', 'close']);
  const isChallenge = head.status === 407;
  return writeResponseHead({
    status: isChallenge ? 502 : head.status,
    reason: isChallenge ? 'Bad Gateway' : head.reason,
    fields,
  });
}

function isDropped(name: string, named: readonly string[]): boolean {
  if (hopByHop.has(name) || name.startsWith('proxy-')) return true;
  return named.includes(name) && !undroppable.has(name);
}
