/**
 * What people signed at a point while control was down, as far as the log tells of it: break-glass for that point. `nonce` was the point's own
 * and used once; `to` is exactly one host and port; `notAfterMs` is an instant in epoch milliseconds. The point checked the signatures.
 */
export interface OfflineDocument {
  readonly point: string;
  readonly nonce: string;
  readonly service: string;
  readonly identity: string | null;
  readonly to: string;
  readonly via: readonly string[];
  readonly notAfterMs: number;
  readonly bytesUp: number;
  readonly owner: string;
  readonly reason: string;
}
