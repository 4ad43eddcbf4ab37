import { latin1Bytes, type RequestHead } from '../wire/index.ts';
import type { ClientContext } from './client-context.ts';
import { type Step, send, tell } from './conversation.ts';
import { refuseUnjudged } from './flow.ts';
import { refuseRequest } from './refuse-request.ts';

/**
 * Answers a request in origin form: the PAC file, to anybody, since it says nothing but where the proxy is; everything else is no
 * request to a proxy. Says whether the connection goes on.
 */
export function* servePac(client: ClientContext, head: RequestHead): Step<boolean> {
  const { pac } = client.ports.settings;
  const isAsked = head.target === '/proxy.pac' && (head.method === 'GET' || head.method === 'HEAD');
  if (pac === null || !isAsked) {
    const detail = 'the target is not in absolute form';
    return yield* refuseRequest(client, null, refuseUnjudged(client, 'request_malformed', { detail }).refusal);
  }
  send(client, 'client', pacResponse(pac(client.facts.localAuthority), head.method === 'HEAD'));
  tell(client, { type: 'close' });
  return false;
}

/** The PAC file as a response; the same on the proxy listener and on `listen.pac`. */
export function pacResponse(script: string, isHead: boolean): Uint8Array {
  const lines = [
    'HTTP/1.1 200 OK',
    'Content-Type: application/x-ns-proxy-autoconfig',
    `Content-Length: ${script.length}`,
    'Cache-Control: max-age=300',
    'X-Content-Type-Options: nosniff',
    'Connection: close',
  ];
  return latin1Bytes(`${lines.join('\r\n')}\r\n\r\n${isHead ? '' : script}`);
}
