import { isIP } from 'node:net';
import { connect, type TLSSocket } from 'node:tls';
import type { UpstreamServer } from './upstream-server.ts';

/** How to dial with TLS. */
export interface TlsDialOptions {
  /** Who may sign the server's certificate, PEM; null for those that the platform trusts. */
  readonly authorities: readonly string[] | null;
  /** The protocols to offer (RFC 7301); none leaves the extension out. */
  readonly protocols: readonly string[];
}

/** Makes what dials a server with TLS 1.2 or newer. The certificate is checked for the server's name; the last session is taken up again. */
export function createTlsDialler(server: UpstreamServer, options: TlsDialOptions): () => TLSSocket {
  let session: Buffer | undefined;
  return () => {
    const socket = connect({
      host: server.address,
      port: server.port,
      minVersion: 'TLSv1.2',
      rejectUnauthorized: true,
      // SNI holds names only (RFC 6066 section 3); without one the certificate is checked for the address that is dialled.
      ...(isIP(server.name) === 0 ? { servername: server.name } : {}),
      ...(options.authorities === null ? {} : { ca: [...options.authorities] }),
      ...(options.protocols.length === 0 ? {} : { ALPNProtocols: [...options.protocols] }),
      ...(session === undefined ? {} : { session }),
    });
    socket.on('session', (one) => {
      session = one;
    });
    socket.on('error', () => {
      // A session that the server does not like any more must not spoil the next attempt as well.
      session = undefined;
    });
    return socket;
  };
}
