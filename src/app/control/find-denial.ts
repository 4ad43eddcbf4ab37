import type { VerdictRecord } from '../../policy/index.ts';
import { findRecordNear } from '../../spool/index.ts';
import { createTurns } from './turns.ts';

/** The denial of an id, null where none is kept; `'busy'` where too many ask at once. */
export type FindDenial = (decisionId: string) => Promise<VerdictRecord | 'busy' | null>;

// Asked without an account, so it costs little: one at a time, some tenths of a second, and few may wait.
const maxFindBytes = 24 * 1024 * 1024;
const maxFindMs = 300;
const mostWaiting = 8;

/** Looks in a spool folder for what the link in a denial names. What was let out is nothing that a page without an account tells. */
export function createFindDenial(folder: string): FindDenial {
  const inTurn = createTurns(1, mostWaiting);
  return async (id) => {
    if (inTurn.isFull()) return 'busy';
    const record = await inTurn(() => findRecordNear(folder, id, { mostBytes: maxFindBytes, mostMs: maxFindMs }));
    return record?.kind === 'verdict' && record.verdict === 'deny' ? record : null;
  };
}
