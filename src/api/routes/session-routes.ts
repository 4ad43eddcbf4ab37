import { failed, fault, ok, type Result } from '../../base/index.ts';
import type { Answered, Caller, Handlers } from '../call.ts';
import type { Endpoints, SessionAnswer } from '../contract/index.ts';
import { idleMs, longestMs, type Session } from '../sessions.ts';
import type { ApiPorts } from './api-ports.ts';
import { callerOf } from './exception-routes.ts';
import { instant } from './instants.ts';
import { showPerson } from './people-routes.ts';

/** The handlers of sessions. Signing in and out stands in the log of acts. */
export function sessionRoutes(
  ports: ApiPorts,
): Pick<Handlers<Endpoints>, 'openSession' | 'showSession' | 'endSession'> {
  return {
    openSession: async ({ body, door }) => {
      const opened = await door.open(body.token);
      if (!opened.ok) return opened;
      const { session, caller } = opened.value;
      await ports.noteSession('session.opened', caller.actor);
      return show(ports, session, caller);
    },
    showSession: async (call) =>
      call.door.session === null ? byToken : show(ports, call.door.session, callerOf(call)),
    endSession: async (call) => {
      if (call.door.session === null) return byToken;
      call.door.end();
      await ports.noteSession('session.ended', callerOf(call).actor);
      return ok({ body: { isOver: true } });
    },
  };
}

const byToken: Result<never> = failed(fault('session_over', 'this call came by a token and has no session'));

function show(ports: ApiPorts, session: Session, { scopes }: Caller): Result<Answered<SessionAnswer>> {
  const person = showPerson(ports, session.person);
  if (person === null) return failed(fault('session_over', 'nobody of this name is there any more'));
  const { csrf, openedAtMs, lastSeenMs } = session;
  const endsAtMs = openedAtMs + longestMs;
  const idleAtMs = Math.min(lastSeenMs + idleMs, endsAtMs);
  return ok({ body: { person, scopes, csrf, idleAt: instant(idleAtMs), endsAt: instant(endsAtMs) } });
}
