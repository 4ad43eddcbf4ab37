import type { Socket } from 'node:net';
import { type DetailedPeerCertificate, TLSSocket } from 'node:tls';
import type { HandshakeMaterial } from '../transport.ts';

// A chain of more than eight certificates is an attack on whoever verifies it.
const maxChain = 8;

/** Starts TLS as a server on an accepted socket whose first bytes were read already. The raw socket must not be read any more. */
export function secureSocket(raw: Socket, first: Uint8Array, material: HandshakeMaterial): TLSSocket {
  // A flowing socket would hand the bytes to nobody before TLS takes them.
  raw.pause();
  raw.unshift(Buffer.from(first));
  return new TLSSocket(raw, {
    isServer: true,
    secureContext: material.context,
    requestCert: material.requestCertificate,
    // The chain is verified by `trust`, against its own bundle and revocation list; a bad one is a failed proof, not a broken pipe.
    rejectUnauthorized: false,
    ALPNProtocols: ['http/1.1'],
  });
}

/** The chain that the client presented, as DER, the leaf first; empty when there is none. */
export function presentedChain(socket: TLSSocket): readonly Uint8Array[] {
  const chain: Uint8Array[] = [];
  let at: DetailedPeerCertificate | undefined = socket.getPeerCertificate(true);
  while (at?.raw !== undefined && chain.length < maxChain) {
    chain.push(at.raw);
    if (at.issuerCertificate === at) break;
    at = at.issuerCertificate;
  }
  return chain;
}
