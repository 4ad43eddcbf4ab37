import { readFileSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { z } from 'zod';
import type { BreakGlassChallenge, SignedDocument } from '../app/index.ts';
import { failed, fault, ok, type Result } from '../base/index.ts';
import { parseJson } from './api-problem.ts';
import { type OfflineDeclaration, writeDocument } from './break-glass-document.ts';

// A declaration with a paragraph of reason, and a signature of everybody.
const maxFileBytes = 64 * 1024;

const signedSchema: z.ZodType<SignedDocument> = z
  .strictObject({
    document: z.string().min(2).max(8_192),
    signatures: z
      .array(z.strictObject({ key: z.string().min(1).max(128), signature: z.string().min(16).max(256) }).readonly())
      .max(32)
      .readonly(),
  })
  .readonly();

const challengeSchema: z.ZodType<BreakGlassChallenge> = z
  .strictObject({ pointId: z.string().min(1).max(128), nonce: z.string().min(16).max(128), now: z.number() })
  .readonly();

const declarationSchema: z.ZodType<OfflineDeclaration> = z.strictObject({
  kind: z.literal('exeat-break-glass'),
  v: z.literal(1),
  point: z.string(),
  nonce: z.string(),
  service: z.string(),
  to: z.string(),
  reason: z.string(),
  durationMs: z.int().min(1),
  bytesUp: z.int().min(1),
});

/** Reads a challenge as `break-glass challenge -o json` printed it. Fault: `file_malformed`. */
export function readChallengeFile(path: string): Result<BreakGlassChallenge> {
  return readJsonFile(path, challengeSchema, 'a challenge of `exeat break-glass challenge -o json`');
}

/** Reads a signed document; null where there is no such file yet. Fault: `file_malformed`. */
export function readSignedFile(path: string): Result<SignedDocument | null> {
  const isThere = statSync(path, { throwIfNoEntry: false }) !== undefined;
  return isThere ? readJsonFile(path, signedSchema, 'a document of `exeat break-glass sign`') : ok(null);
}

/** What a document declares. Fault: `file_malformed` for anything that `break-glass sign` does not write. */
export function readOfflineDeclaration({ document }: SignedDocument): Result<OfflineDeclaration> {
  const parsed = declarationSchema.safeParse(parseJson(document));
  // Members that people are not shown would be signed all the same, and so would a second spelling.
  const written = parsed.success ? writeDocument(parsed.data) : null;
  if (parsed.success && written?.ok && written.value === document) return ok(parsed.data);
  return failed(fault('file_malformed', 'the document is none that `exeat break-glass sign` writes, sign it anew'));
}

/** Writes a signed document whole or not at all. Fault: `file_unwritable`. */
export function writeSignedFile(path: string, signed: SignedDocument): Result<string> {
  const beside = `${path}.${process.pid}.new`;
  try {
    writeFileSync(beside, `${JSON.stringify(signed, null, 2)}\n`, { mode: 0o600, flag: 'wx' });
    renameSync(beside, path);
    return ok(path);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? 'unknown';
    return failed(fault('file_unwritable', `\`${path}\` cannot be written (${code})`));
  }
}

function readJsonFile<T>(path: string, schema: z.ZodType<T>, what: string): Result<T> {
  let text: string;
  try {
    if (statSync(path).size > maxFileBytes)
      return failed(fault('file_malformed', `\`${path}\` is too large for ${what}`));
    text = readFileSync(path, 'utf8');
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? 'unknown';
    return failed(fault('file_malformed', `\`${path}\` cannot be read (${code}), give ${what}`));
  }
  const parsed = schema.safeParse(parseJson(text));
  return parsed.success ? ok(parsed.data) : failed(fault('file_malformed', `\`${path}\` is not ${what}`));
}
