import { z } from 'zod';

/** An instant as RFC 3339, UTC. */
export const instant: z.ZodType<string> = z.iso.datetime({ offset: true }).describe('RFC 3339 instant');

/** Seconds, whole. */
export const seconds: z.ZodType<number> = z
  .int()
  .min(1)
  .max(366 * 86_400);

/** Bytes, whole; null for no bound. */
export const byteCap: z.ZodType<number | null> = z
  .int()
  .min(1)
  .max(2 ** 50)
  .nullable();

/** A name of a person, a service, an owner: what stands in paths and tables. */
export const shortName: z.ZodType<string> = z
  .string()
  .min(1)
  .max(128)
  .regex(
    /^[A-Za-z0-9][A-Za-z0-9._@+-]*$/,
    'is letters, digits and `.`, `_`, `-`, `@`, `+`, starting with a letter or digit',
  );

// Control characters move a terminal's cursor, and direction characters make a reviewer read something else than was written.
const unwanted = /[\p{Cc}\u2028-\u202e\u2066-\u2069]/u;

/** What a person writes for other persons: a paragraph without control or direction characters. */
export const says: z.ZodType<string> = z
  .string()
  .trim()
  .min(1)
  .max(1000)
  .refine((text) => !unwanted.test(text.replaceAll('\n', ' ')), 'holds no control or direction characters');

/** A ULID. */
export const ulid: z.ZodType<string> = z.string().regex(/^[0-9A-HJKMNP-TV-Z]{26}$/, 'is 26 characters of an id');

/** The parameters of a path with the id of a thing. */
export interface ById {
  readonly id: string;
}

/** Their schema. */
export const byId: z.ZodType<ById> = z.strictObject({ id: z.string().min(1).max(128) });
