import type { ProofVerifier } from '../identity/index.ts';
import type { TrustProblem } from './file-part.ts';
import type { TlsServerOptions } from './tls-material.ts';
import type { ProofCounts } from './verify-proof.ts';

/** A credential that ends soon. */
export interface ExpiringCredential {
  readonly name: string;
  readonly expiresAt: number;
}

/** What is loaded and what is wrong. Instants in epoch milliseconds; a part is null where it is not configured. */
export interface TrustStatus {
  readonly generation: number;
  /** Proofs remembered now. */
  readonly remembered: number;
  /** Outcomes of checks since start. */
  readonly proofs: ProofCounts;
  readonly credentials: {
    readonly live: number;
    readonly expired: number;
    /** Within 14 days, soonest first. */
    readonly expiring: readonly ExpiringCredential[];
  } | null;
  readonly issuers: readonly {
    readonly issuer: string;
    readonly keys: number;
    /** Null for a file, and for a URL that never answered. */
    readonly fetchedAt: number | null;
  }[];
  /** The listener's certificate. */
  readonly server: { readonly notAfter: number } | null;
  readonly bundle: { readonly authorities: number; readonly nearestNotAfter: number } | null;
  readonly revocations: { readonly lists: number; readonly revoked: number; readonly nearestNextUpdate: number } | null;
  readonly problems: readonly TrustProblem[];
}

/** Everything that proofs are judged by, kept fresh. */
export interface Trust extends ProofVerifier {
  /** The options of a TLS listener as they are now, null where TLS is not configured. Holds the key: never log it. */
  tlsServerOptions(): TlsServerOptions | null;
  /** Calls the listener after the TLS material changed (`server.setSecureContext(options)`); gives the way to stop. */
  onTlsChange(listener: (options: TlsServerOptions) => void): () => void;
  /** Calls the listener after `generation` rose; gives the way to stop. */
  onChange(listener: () => void): () => void;
  status(nowMs: number): TrustStatus;
  /** Reads every file again now, as a watch would. */
  reload(): Promise<void>;
  close(): Promise<void>;
}
