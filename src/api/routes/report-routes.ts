import type { Entry } from '../../audit/index.ts';
import { failed, fault, ok, type Result } from '../../base/index.ts';
import type { Answered, Handlers } from '../call.ts';
import type { Endpoints, EntryAnswer, EntryQuery, Page } from '../contract/index.ts';
import { readCursor, writeCursor } from '../cursor.ts';
import type { ApiPorts } from './api-ports.ts';
import { callerOf } from './exception-routes.ts';

/** The handlers of reports, the list of acts and the clock. */
export function reportRoutes(
  ports: ApiPorts,
): Pick<Handlers<Endpoints>, 'listOpen' | 'exportOpen' | 'listAudit' | 'resetClock' | 'showOverview'> {
  return {
    listOpen: async ({ query }) => {
      const open = await ports.listOpen(query);
      return open.ok ? ok({ body: open.value }) : open;
    },
    exportOpen: async (call) => {
      const caller = callerOf(call);
      // It holds the policy's ways out beside the log.
      if (!caller.scopes.includes('read')) return failed(fault('scope_missing', 'this needs the scope `read` too'));
      const taken = await ports.exportOpen(call.body, caller.actor);
      return taken.ok ? ok({ body: taken.value }) : taken;
    },
    listAudit: ({ query }) => listAudit(ports, query),
    showOverview: async () => ok({ body: await ports.overview() }),
    resetClock: async (call) => {
      const reset = await ports.resetClock(callerOf(call).actor, call.body.reason);
      return reset.ok ? ok({ body: reset.value }) : reset;
    },
  };
}

async function listAudit(ports: ApiPorts, query: EntryQuery): Promise<Result<Answered<Page<EntryAnswer>>>> {
  const { subject, action, actor, since, until, limit } = query;
  const list = JSON.stringify([subject, action, actor, since, until]);
  const cursor = readCursor(list, query.cursor);
  if (!cursor.ok) return cursor;
  const entries = await ports.ledger.entries({
    ...(subject === undefined ? {} : { subject }),
    ...(action === undefined ? {} : { actionPrefix: action }),
    ...(actor === undefined ? {} : { actor: actor.includes('/') ? actor : `person/${actor}` }),
    ...(since === undefined ? {} : { sinceMs: Date.parse(since) }),
    ...(until === undefined ? {} : { untilMs: Date.parse(until) }),
    after: cursor.value === null ? null : Number(cursor.value),
    order: 'newest',
    most: limit,
  });
  const last = entries.at(-1);
  const next = entries.length < limit || last === undefined ? null : writeCursor(list, String(last.seq));
  return ok({ body: { items: entries.map(toEntry), next } });
}

function toEntry({ seq, time, actor, subject, action, details }: Entry): EntryAnswer {
  return { seq, time, actor: actor.kind === 'person' ? actor.id : `(${actor.part})`, subject, action, details };
}
