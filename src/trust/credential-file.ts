import { z } from 'zod';
import { type Fault, failed, fault, ok, type Result } from '../base/index.ts';
import { parseCredentialName } from '../identity/index.ts';

/** One credential as kept: the digest of its secret, never the secret. Times are epoch milliseconds. */
export interface StoredCredential {
  readonly name: string;
  /** SHA-256 of the secret text, lower-case hexadecimal. */
  readonly sha256: string;
  readonly createdAt: number;
  readonly expiresAt: number;
}

/** Two, so that a secret can be rotated without a gap; more would be secrets that nobody looks after. */
export const maxLivePerName = 2;
/** Bounds the file and the memory; far above what one point serves. */
const maxCredentials = 20_000;

const instant = z.iso.datetime().transform((text) => Date.parse(text));
const fileSchema = z.strictObject({
  version: z.literal(1),
  credentials: z
    .array(
      z.strictObject({
        name: z.string().refine((name) => parseCredentialName(name).ok, 'is not a credential name'),
        sha256: z.string().regex(/^[0-9a-f]{64}$/, 'is not 64 hexadecimal digits'),
        createdAt: instant,
        expiresAt: instant,
      }),
    )
    .max(maxCredentials),
});

/**
 * Parses the text of `credentials.json`. Fault: `credentials_malformed`, naming the place, never the content.
 * Three live secrets of one name are a fault as well: `credential add` never makes them.
 */
export function parseCredentialFile(
  text: string,
  nowMs: number,
): Result<readonly StoredCredential[], Fault<'credentials_malformed'>> {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    // The parser's own message quotes the text, which must not reach a log.
    return malformed('the credential file is not JSON; restore it, or make it anew with `exeat credential add`');
  }
  const parsed = fileSchema.safeParse(json);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    return malformed(
      `the credential file is malformed at \`${issue?.path.join('.') ?? ''}\`: ${issue?.code ?? 'unknown'}`,
    );
  }
  const crowded = crowdedName(parsed.data.credentials, nowMs);
  if (crowded !== null) {
    return malformed(`credential \`${crowded}\` has more than ${maxLivePerName} live secrets; remove the oldest`);
  }
  return ok(parsed.data.credentials);
}

/** The text of `credentials.json` for these credentials. */
export function formatCredentialFile(credentials: readonly StoredCredential[]): string {
  const entries = credentials.map((each) => ({
    name: each.name,
    sha256: each.sha256,
    createdAt: new Date(each.createdAt).toISOString(),
    expiresAt: new Date(each.expiresAt).toISOString(),
  }));
  return `${JSON.stringify({ version: 1, credentials: entries }, null, 2)}\n`;
}

function crowdedName(credentials: readonly StoredCredential[], nowMs: number): string | null {
  const live = new Map<string, number>();
  for (const { name, expiresAt } of credentials) {
    const count = (live.get(name) ?? 0) + (expiresAt > nowMs ? 1 : 0);
    if (count > maxLivePerName) return name;
    live.set(name, count);
  }
  return null;
}

function malformed(message: string): { readonly ok: false; readonly fault: Fault<'credentials_malformed'> } {
  return failed(fault('credentials_malformed', message));
}
