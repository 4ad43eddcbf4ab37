import { z } from 'zod';
import { acts, type Endpoint, makes, type Nothing, reads, scopes } from './endpoint.ts';
import { instant } from './fields.ts';
import { type PersonAnswer, personSchema } from './people.ts';

const tag = 'session';

/** Somebody signed in at a browser. `csrf` goes back in the header `Exeat-Csrf` with every act. */
export interface SessionAnswer {
  readonly person: PersonAnswer;
  readonly scopes: readonly string[];
  readonly csrf: string;
  /** When it is over without further use. */
  readonly idleAt: string;
  /** When it is over whatever happens. */
  readonly endsAt: string;
}

const sessionSchema: z.ZodType<SessionAnswer> = z
  .strictObject({
    person: personSchema,
    scopes: z.array(z.string()).readonly(),
    csrf: z.string().describe('goes back in the header `Exeat-Csrf` with every act'),
    idleAt: instant.describe('when it is over without further use'),
    endsAt: instant.describe('when it is over whatever happens'),
  })
  .readonly()
  .meta({ id: 'Session' });

/** The endpoints of sessions, by operation id. */
export interface SessionEndpoints {
  readonly openSession: Endpoint<Nothing, Nothing, { readonly token: string }, SessionAnswer>;
  readonly showSession: Endpoint<Nothing, Nothing, Nothing, SessionAnswer>;
  readonly endSession: Endpoint<Nothing, Nothing, Nothing, { readonly isOver: boolean }>;
}

/** The endpoints of sessions: how people at a browser come in and go out. */
export const sessionEndpoints: SessionEndpoints = {
  openSession: makes({
    path: '/session',
    tag,
    summary: 'sign in with a token, from a page of the console; the answer sets the cookie of the session',
    scopes: null,
    body: z.strictObject({ token: z.string().min(1).max(512) }),
    answer: sessionSchema,
  }),
  showSession: reads({
    path: '/session',
    tag,
    summary: 'who is signed in',
    scopes,
    answer: sessionSchema,
  }),
  endSession: acts({
    path: '/session/end',
    tag,
    summary: 'sign out',
    scopes,
    answer: z.strictObject({ isOver: z.boolean() }).readonly(),
  }),
};
