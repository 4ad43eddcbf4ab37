import { z } from 'zod';
import { failed, fault, ok, type Result } from '../../base/index.ts';
import type { Config } from '../../config/index.ts';
import { askLocal } from '../local-socket.ts';
import { statePaths } from '../state-folder.ts';
import type { GatewayStatus } from '../status.ts';
import type { DnsQueryAnswer, DnsQueryAsk } from './dns-question.ts';

/** What an offline break-glass is bound to: the point that takes it, and a nonce of its that is good once. `now` is epoch milliseconds. */
export interface BreakGlassChallenge {
  readonly pointId: string;
  readonly nonce: string;
  readonly now: number;
}

/** A document that enrolled people signed. `document` is canonical JSON, `signature` is Ed25519 over its UTF-8 bytes, base64. */
export interface SignedDocument {
  readonly document: string;
  readonly signatures: readonly { readonly key: string; readonly signature: string }[];
}

const challengeSchema: z.ZodType<BreakGlassChallenge> = z
  .object({ pointId: z.string().min(1).max(128), nonce: z.string().min(16).max(128), now: z.number() })
  .readonly();

/** Asks the running point for a challenge, which works with control down. Faults: `not_running`, `ask_failed`. */
export async function readBreakGlassChallenge(config: Config): Promise<Result<BreakGlassChallenge>> {
  const asked = await askLocal<unknown>(statePaths(config.state).pointSocket, 'break-glass-challenge');
  if (!asked.ok) return asked;
  const parsed = challengeSchema.safeParse(asked.value);
  if (parsed.success) return ok(parsed.data);
  return failed(fault('ask_failed', 'the challenge of the point is malformed, are both sides of one version?'));
}

/** Gives the running point a signed break-glass; what it answers is what it opened. Faults: `not_running`, `ask_failed` with why not. */
export async function applyBreakGlass(
  config: Config,
  signed: SignedDocument,
): Promise<Result<Readonly<Record<string, unknown>>>> {
  const asked = await askLocal<unknown>(statePaths(config.state).pointSocket, 'break-glass-apply', signed);
  if (!asked.ok) return asked;
  const parsed = z.record(z.string(), z.unknown()).safeParse(asked.value ?? {});
  if (parsed.success) return ok(parsed.data);
  return failed(fault('ask_failed', 'the answer of the point is malformed, are both sides of one version?'));
}

/** Asks the running point what a DNS query would come to. Faults: `not_running`, `ask_failed` with why. */
export async function askDnsQuery(config: Config, ask: DnsQueryAsk): Promise<Result<DnsQueryAnswer>> {
  return askLocal<DnsQueryAnswer>(statePaths(config.state).pointSocket, 'dns-query', ask, dnsQueryMs);
}

/** Asks the running point how its gateway stands. Faults: `not_running`, `ask_failed` where it has none. */
export async function askGatewayStatus(config: Pick<Config, 'state'>): Promise<Result<GatewayStatus>> {
  return askLocal<GatewayStatus>(statePaths(config.state).pointSocket, 'gateway');
}

// Longer than all servers together may take.
const dnsQueryMs = 8_000;
