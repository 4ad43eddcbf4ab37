import { failed, fault, ok, type Result } from '../base/index.ts';

/** What whoever breaks glass declares. `for` is in seconds. */
export interface Declaration {
  readonly for: number;
  readonly reason: string;
  readonly service: string;
  readonly to: string;
}

/**
 * A declaration as the canonical JSON (RFC 8785) that is signed: members in order of their names, no spaces. `bound` ties it to the
 * challenge it answers: `{ key, nonce }` towards control, `{ nonce, point }` towards a point. Fault: `declaration_malformed`.
 */
export function writeDeclaration(
  { for: seconds, reason, service, to }: Declaration,
  bound: Readonly<Record<string, string>>,
): Result<string> {
  const members: Readonly<Record<string, string | number>> = { ...bound, for: seconds, reason, service, to };
  const texts = Object.values(members).map(String);
  // Half a surrogate pair has no UTF-8, so nobody could say what was signed (RFC 8785 section 3.2.2.2).
  if (!texts.every((text) => text.isWellFormed())) {
    return failed(fault('declaration_malformed', 'a text of it is no Unicode: write it in plain characters'));
  }
  const sorted = Object.entries(members).sort(([left], [right]) => (left < right ? -1 : 1));
  return ok(JSON.stringify(Object.fromEntries(sorted)));
}
