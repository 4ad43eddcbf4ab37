import type { Entry } from '../../audit/index.ts';
import { ok } from '../../base/index.ts';
import type { Handlers } from '../call.ts';
import type { Endpoints, PolicyChangeAnswer } from '../contract/index.ts';
import { readCursor, writeCursor } from '../cursor.ts';
import type { ApiPorts } from './api-ports.ts';

const list = 'policy history';

/** The handler of the history of the policy: what the log of acts has of each that was put in force. */
export function policyHistoryRoute({
  ledger,
  policies,
}: Pick<ApiPorts, 'ledger' | 'policies'>): Pick<Handlers<Endpoints>, 'listPolicyChanges'> {
  return {
    listPolicyChanges: async ({ query: { limit, cursor } }) => {
      const after = readCursor(list, cursor);
      if (!after.ok) return after;
      const [entries, inForce] = await Promise.all([
        ledger.entries({
          actionPrefix: 'policy.changed',
          after: after.value === null ? null : Number(after.value),
          order: 'newest',
          most: limit,
        }),
        policies.services({ find: null, mode: null, after: null, most: 1 }),
      ]);
      const last = entries.at(-1);
      return ok({
        body: {
          policyVersion: inForce.ok ? inForce.value.policyVersion : null,
          items: entries.map(toChange),
          next: entries.length < limit || last === undefined ? null : writeCursor(list, String(last.seq)),
        },
      });
    },
  };
}

// Entries of older versions may lack what was added since.
function toChange({ seq, time, details }: Entry): PolicyChangeAnswer {
  const { version, before, isWidening } = details;
  const [added, removed] = [texts(details['added']), texts(details['removed'])];
  return {
    ...{ seq, time, added, removed },
    version: typeof version === 'string' ? version : '',
    before: typeof before === 'string' ? before : null,
    isWidening: isWidening === true,
    addedCount: count(details['addedCount']) ?? added.length,
    removedCount: count(details['removedCount']) ?? removed.length,
  };
}

function texts(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.filter((one) => typeof one === 'string') : [];
}

function count(value: unknown): number | null {
  return typeof value === 'number' ? value : null;
}
