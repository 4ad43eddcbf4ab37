import { ok, type Result } from '../../base/index.ts';
import type { Answered, Handlers } from '../call.ts';
import type { Endpoints, PolicyEndpoints } from '../contract/index.ts';
import { readCursor, writeCursor } from '../cursor.ts';
import type { ApiPorts } from './api-ports.ts';
import { checkProposedSize } from './proposed-size.ts';

/** The handlers of policy. They read and try; what is in force is changed where its files are kept. */
export function policyRoutes({ policies }: ApiPorts): Pick<Handlers<Endpoints>, keyof PolicyEndpoints> {
  return {
    listServices: async ({ query }) => {
      const { limit, cursor, find = null, mode = null } = query;
      const list = JSON.stringify(['services', find, mode]);
      const after = readCursor(list, cursor);
      if (!after.ok) return after;
      const found = await policies.services({ find, mode, after: after.value, most: limit });
      if (!found.ok) return found;
      const { isEnd, ...answer } = found.value;
      const last = answer.items.at(-1);
      return ok({ body: { ...answer, next: isEnd || last === undefined ? null : writeCursor(list, last.name) } });
    },
    showService: async ({ params }) => bodied(await policies.service(params.id)),
    showPolicy: async () => bodied(await policies.files()),
    showPolicyFile: async ({ query }) => bodied(await policies.file(query.path)),
    checkProposal: async ({ body, caller }) => {
      const size = checkProposedSize(body.files);
      if (!size.ok) return size;
      return bodied(await policies.check(body, caller?.person ?? ''));
    },
  };
}

function bodied<T>(result: Result<T>): Result<Answered<T>> {
  return result.ok ? ok({ body: result.value }) : result;
}
