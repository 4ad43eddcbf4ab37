import { canonicalJson, type JsonObject } from '../audit/index.ts';
import { failed, fault, ok, type Result } from '../base/index.ts';
import { parsePolicyTarget } from '../destination/index.ts';

/** What whoever breaks glass declares to control. `for` is in seconds. */
export interface Declaration {
  readonly for: number;
  readonly key: string;
  readonly nonce: string;
  readonly reason: string;
  readonly service: string;
  readonly to: string;
}

/** What people declare to one point while control is down. */
export interface OfflineDeclaration {
  readonly kind: 'exeat-break-glass';
  readonly v: 1;
  readonly point: string;
  readonly nonce: string;
  readonly service: string;
  readonly to: string;
  readonly reason: string;
  readonly durationMs: number;
  readonly bytesUp: number;
}

/** The longest that break-glass lasts, and the most bytes up: more is refused where it is taken, so it is not signed either. */
export const longestSeconds = 3_600;
/** The most bytes up of break-glass. */
export const mostBytesUp: number = 2 ** 30;

/** The document that is signed: canonical JSON (RFC 8785). Fault: `json_not_canonical`. */
export function writeDocument(declared: Declaration | OfflineDeclaration): Result<string> {
  return canonicalJson({ ...declared } satisfies JsonObject);
}

/** What is signed towards control. The first line is of this use alone: a signature over something else never counts as one over this. */
export function signedText(document: string): string {
  return `exeat-break-glass-v1\n${document}`;
}

/**
 * One host and one port in canonical spelling. Two people who find out at the point that they signed a wildcard have lost their minutes.
 * Faults: those of `parsePolicyTarget`, `target_not_exact`.
 */
export function readExactTarget(text: string): Result<string> {
  const parsed = parsePolicyTarget(text);
  if (!parsed.ok) return failed(parsed.fault);
  const { canonical, host, ports } = parsed.value;
  const [port] = ports;
  const isOnePort = ports.length === 1 && port?.first === port?.last;
  const isOneHost =
    host.kind === 'name' ||
    (host.kind === 'prefix' && host.prefix.length === (host.prefix.first.family === 4 ? 32 : 128));
  if (isOnePort && isOneHost) return ok(canonical);
  return failed(fault('target_not_exact', `\`${text}\` is not one host and one port, write \`bank.example.com:443\``));
}

/** Checks what break-glass bounds. Fault: `break_glass_too_wide`. */
export function checkBounds(seconds: number, bytesUp: number): Result<null> {
  if (seconds > longestSeconds) return failed(fault('break_glass_too_wide', 'break-glass lasts at most `1h`'));
  if (bytesUp > mostBytesUp) return failed(fault('break_glass_too_wide', 'break-glass carries at most `1GiB` up'));
  return ok(null);
}
