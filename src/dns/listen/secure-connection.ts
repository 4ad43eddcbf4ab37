import type { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import type { PresentedProof } from '../../identity/index.ts';
import { presentedChain } from '../../transport/index.ts';
import type { DnsListenTls } from './listen-options.ts';

/** How to make an accepted socket secure. */
export interface Securing {
  readonly tls: DnsListenTls;
  /** What is spoken inside, most wanted first. A client that names none of them is refused; one that names nothing is not. */
  readonly protocols: readonly string[];
  readonly timeoutMs: number;
}

// The context may allow more for the sake of others; RFC 8310 and RFC 9325 do not.
const takenVersions: readonly (string | null)[] = ['TLSv1.2', 'TLSv1.3'];

/** Makes an accepted socket secure: gives the one to talk on, or null when it was cut. Never rejects. */
export function secureConnection(raw: Socket, { tls, protocols, timeoutMs }: Securing): Promise<TLSSocket | null> {
  return new Promise((resolve) => {
    const secured = startTls(raw, tls, protocols);
    if (secured === null) {
      raw.destroy();
      return resolve(null);
    }
    const cut = (): void => void raw.destroy();
    const timer = setTimeout(cut, timeoutMs);
    // Half open, nobody else ends the wait for a client that left in the middle of the handshake.
    secured.once('end', cut);
    secured.on('error', () => secured.destroy());
    secured.once('close', () => raw.destroy());
    raw.once('close', () => {
      clearTimeout(timer);
      secured.destroy();
      resolve(null);
    });
    secured.once('secure', () => {
      clearTimeout(timer);
      secured.removeListener('end', cut);
      // A client that begins anew and anew makes us work for nothing (CVE-2011-1473).
      secured.disableRenegotiation();
      if (takenVersions.includes(secured.getProtocol())) return resolve(secured);
      raw.destroy();
    });
  });
}

function startTls(raw: Socket, tls: DnsListenTls, protocols: readonly string[]): TLSSocket | null {
  try {
    return new TLSSocket(raw, {
      isServer: true,
      secureContext: tls.context(),
      requestCert: tls.requestCertificate,
      // The chain is verified by `trust`, against its own bundle and revocation list; a bad one is a failed proof, not a broken pipe.
      rejectUnauthorized: false,
      ALPNProtocols: [...protocols],
    });
  } catch {
    // No certificate that can be used: whoever holds it logs why, and nobody is answered in the clear.
    return null;
  }
}

/** The proofs of a connection: the chain that the client presented, as DER, the leaf first; none where there is none. */
export function presentedProofs(secured: TLSSocket): readonly PresentedProof[] {
  const chain = presentedChain(secured);
  return chain.length === 0 ? [] : [{ kind: 'certificate', chain }];
}
