import type { PresentedProof } from '../identity/index.ts';

/** Who sent a query, as far as its socket knows. One object may be filled again for each datagram. */
export interface DnsClient {
  readonly transport: 'udp' | 'tcp' | 'tls' | 'https';
  /** Canonical text. */
  readonly address: string;
  readonly port: number;
  readonly proofs: readonly PresentedProof[];
}
