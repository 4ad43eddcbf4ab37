import { z } from 'zod';
import { failed, fault, ok, type Result } from '../../base/index.ts';
import { strengths } from '../../identity/index.ts';
import type { DecideAsk } from './decide-question.ts';

const schema: z.ZodType<DecideAsk> = z.strictObject({
  as: z.string().min(1).max(2_048),
  to: z.string().min(1).max(1_024),
  atMs: z.number().int().nonnegative().nullable(),
  strength: z.enum(strengths).nullable(),
  source: z.string().max(64).nullable(),
  isResolving: z.boolean(),
});

/** Reads a question that came over the local socket. Fault: `ask_malformed`. */
export function parseDecideAsk(body: unknown): Result<DecideAsk> {
  const parsed = schema.safeParse(body);
  if (parsed.success) return ok(parsed.data);
  const [issue] = parsed.error.issues;
  return failed(fault('ask_malformed', `\`${issue?.path.join('.') ?? ''}\` of the question is malformed`));
}
