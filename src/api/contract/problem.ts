import { z } from 'zod';

/**
 * What is wrong, as RFC 9457 problem details. `code` is from a closed set and stable; `detail` is for people; `requestId` finds the request in
 * the log.
 */
export interface Problem {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly code: string;
  readonly detail: string;
  readonly requestId: string;
  /** Which fields of the request are wrong, where that is what is wrong. */
  readonly fields?: readonly { readonly at: string; readonly message: string }[] | undefined;
}

/** Codes of problems that are the API's own, with the HTTP status of each; acts add the codes of their faults. */
export const apiProblems = {
  request_malformed: { status: 400, title: 'the request is not well-formed' },
  token_missing: { status: 401, title: 'a token is needed' },
  token_refused: { status: 401, title: 'the token is not accepted' },
  session_over: { status: 401, title: 'the session is over' },
  origin_refused: { status: 403, title: 'this was not sent by a page of the console' },
  scope_missing: { status: 403, title: 'the token does not carry what this needs' },
  not_found: { status: 404, title: 'there is no such thing' },
  method_not_allowed: { status: 405, title: 'this is not done this way' },
  changed_meanwhile: { status: 412, title: 'it changed since you looked' },
  body_too_large: { status: 413, title: 'the body is too large' },
  host_refused: { status: 421, title: 'this host name is not ours' },
  idempotency_key_reused: { status: 422, title: 'the idempotency key was used for something else' },
  too_many_attempts: { status: 429, title: 'too many attempts' },
  failed: { status: 500, title: 'something failed inside Exeat' },
  unavailable: { status: 503, title: 'this cannot be done now' },
} as const;

/** The schema of a problem. */
export const problemSchema: z.ZodType<Problem> = z
  .strictObject({
    type: z.string(),
    title: z.string(),
    status: z.int(),
    code: z.string().describe('what is wrong, from a closed set'),
    detail: z.string(),
    requestId: z.string(),
    fields: z
      .array(z.strictObject({ at: z.string(), message: z.string() }))
      .readonly()
      .optional(),
  })
  .meta({ id: 'Problem' });
