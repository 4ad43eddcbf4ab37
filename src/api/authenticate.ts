import type { FastifyRequest } from 'fastify';
import { type Clock, failed, fault, ok, type Result } from '../base/index.ts';
import type { Attempts } from './attempts.ts';
import type { Caller, Door } from './call.ts';
import type { AnyEndpoint } from './contract/index.ts';
import { isFromOwnPage } from './own-page.ts';
import type { RequestFault } from './problems.ts';
import { endedCookie, readSessionCookie, sessionCookie } from './session-cookie.ts';
import { isSameText, type Session, type Sessions } from './sessions.ts';

/** What a request is looked at with. */
export interface Authenticating {
  readonly options: {
    readonly authenticate: (token: string) => Promise<Result<Caller, RequestFault>>;
    readonly recall: (session: Pick<Session, 'credential' | 'seal'>) => Result<Caller, RequestFault>;
    readonly clock: Clock;
    readonly tls: object | null;
  };
  readonly endpoint: Pick<AnyEndpoint, 'scopes'>;
  readonly attempts: Attempts;
  readonly sessions: Sessions;
  readonly request: FastifyRequest;
  /** Whether the request counts as use of a session. Default: an act does, and a read where the page says that somebody is there. */
  readonly isUse?: boolean;
}

/** Who calls, null where the endpoint asks nobody; and the cookie that the answer sets, null for none. */
export interface Authenticated {
  readonly caller: Caller | null;
  readonly door: Door;
  cookie(): string | null;
}

type Said<T> = Result<T, RequestFault>;

/**
 * Finds out who calls: by the token of the request, else by the session of its cookie. A request with a token is a program's, and its
 * cookie does not count. Faults: `token_missing`, `token_refused`, `too_many_attempts`, `session_over`, `origin_refused`.
 */
export async function authenticate(asked: Authenticating): Promise<Said<Authenticated>> {
  const { endpoint, request } = asked;
  if (endpoint.scopes === null) return ok(standing(asked, null, null));
  const { authorization } = request.headers;
  const cookie = authorization === undefined ? readSessionCookie(request.headers.cookie) : null;
  if (cookie !== null) return bySession(asked, cookie);
  const token = /^Bearer ([\x21-\x7e]{1,512})$/i.exec(authorization ?? '')?.[1];
  if (token === undefined) {
    return failed(fault('token_missing', 'send `Authorization: Bearer …` with a token of `exeat token create`'));
  }
  const caller = await byToken(asked, token);
  return caller.ok ? ok(standing(asked, caller.value, null)) : caller;
}

async function byToken({ options, attempts, request }: Authenticating, token: string): Promise<Said<Caller>> {
  const caller = await options.authenticate(token);
  if (caller.ok) return caller;
  // Only those who are refused are counted and held back: everybody on a machine has one address, and a program that sends wrong tokens
  // must not keep the others from revoking.
  const nowMs = options.clock.now();
  const mayTry = attempts.mayTry(request.ip, nowMs);
  attempts.refused(request.ip, nowMs);
  return mayTry
    ? caller
    : failed(fault('too_many_attempts', 'too many refused tokens from this address, wait a minute'));
}

function bySession(asked: Authenticating, cookie: string): Said<Authenticated> {
  const { options, sessions, request } = asked;
  // Pages renew themselves: without this a window that nobody looks at would never be idle.
  const { isUse = request.method !== 'GET' || request.headers['exeat-active'] !== undefined } = asked;
  const session = sessions.find(cookie, options.clock.now(), isUse);
  if (session === null) return failed(fault('session_over', 'the session is over, sign in again'));
  const caller = options.recall(session);
  if (!caller.ok) {
    sessions.end(session.key);
    return caller;
  }
  return isOwn(asked, session) ? ok(standing(asked, caller.value, session)) : notOwn;
}

const notOwn: Said<never> = failed(
  fault('origin_refused', 'a session counts only for pages of the console itself: open it and try again'),
);

function isOwn(asked: Authenticating, session: Session): boolean {
  const { method, headers } = asked.request;
  if (!isOwnPage(asked)) return false;
  const sent = headers['exeat-csrf'];
  return method === 'GET' || method === 'HEAD' || (typeof sent === 'string' && isSameText(sent, session.csrf));
}

function isOwnPage({ request, options }: Authenticating): boolean {
  const { host, origin } = request.headers;
  const site = request.headers['sec-fetch-site'];
  const fetchSite = typeof site === 'string' ? site : undefined;
  return isFromOwnPage({ method: request.method, host, origin, fetchSite, isTls: options.tls !== null });
}

function standing(asked: Authenticating, caller: Caller | null, session: Session | null): Authenticated {
  const { sessions, options } = asked;
  let cookie: string | null = null;
  const door: Door = {
    session,
    open: async (token) => {
      // Nobody is signed in by a page of a stranger's, as somebody else.
      if (!isOwnPage(asked)) return notOwn;
      const known = await byToken(asked, token);
      if (!known.ok) return known;
      const { person, actor, seal } = known.value;
      const credential = actor.kind === 'person' ? actor.credential : '';
      const opened = sessions.open({ person, credential, seal }, options.clock.now());
      cookie = sessionCookie(opened.text);
      return ok({ session: opened.session, caller: known.value });
    },
    prove: (token) => byToken(asked, token),
    end: () => {
      if (session !== null) sessions.end(session.key);
      cookie = endedCookie;
    },
  };
  return { caller, door, cookie: () => cookie };
}
