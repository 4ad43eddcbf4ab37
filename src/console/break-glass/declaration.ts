import type { PasskeyAnswer } from '../../api/contract/index.ts';
import { call } from '../api/call.ts';
import { challengeOf, signWith } from '../passkeys/ceremony.ts';

/** What somebody declares; `to` is in its one spelling. */
export interface Declared {
  readonly service: string;
  readonly to: string;
  readonly seconds: number;
  readonly reason: string;
}

/** Declares break-glass by a passkey that is enrolled, and gives the id of what is open then. Throws as calls and devices do. */
export async function declare(declared: Declared, passkeys: readonly PasskeyAnswer[]): Promise<string> {
  // The document names what signs it, so which passkey it will be is chosen before: the one that was used last.
  const [passkey] = [...passkeys].sort((a, b) => (b.lastUsedAt ?? '').localeCompare(a.lastUsedAt ?? ''));
  const key = passkey?.id ?? '';
  const { nonce } = (await call('challengeBreakGlass', { body: { key } })).body;
  const { service, to, seconds, reason } = declared;
  // Canonical: keys sorted, no spaces. Control refuses any other spelling.
  const document = JSON.stringify({ for: seconds, key, nonce, reason, service, to });
  const challenge = await challengeOf(`exeat-break-glass-v1\n${document}`);
  const assertion = await signWith(passkey === undefined ? [] : [passkey], challenge);
  return (await call('declareBreakGlass', { body: { key, document, assertion } })).body.id;
}
