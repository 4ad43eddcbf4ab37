import type { Digest } from '../../base/index.ts';
import { statusOf } from '../index.ts';
import { act, approveNow, minuteMs, must, settle, specOf, stateOf, type Town } from '../town.playbook.ts';

/** A host of a class that needs two approvers. */
export const vault = 'eu.vault.example.net:443';

/** A case: the code that comes of it, what it is, and how it comes about. */
export type Row = readonly [code: string, what: string, play: () => ReturnType<typeof act>];

type Changes = Parameters<typeof specOf>[0];

/** Towns to begin in: one where `cara` asked for something under the id `x1`, and the same with that approved by `dan`. */
export function townsWith(digest: Digest): {
  readonly asked: (changes?: Changes) => Town;
  readonly granted: (changes?: Changes) => Town;
} {
  const asked = (changes: Changes = {}): Town => {
    const town = settle(digest);
    must(act(town, 'cara', { kind: 'submit', id: 'x1', spec: specOf(changes) }, 'x1'));
    return town;
  };
  const granted = (changes: Changes = {}): Town => {
    const town = asked(changes);
    town.nowMs += minuteMs;
    must(approveNow(town, 'dan', 'x1'));
    return town;
  };
  return { asked, granted };
}

/** Where an exception stands now; `none` where there is none. */
export function status(town: Town, id = 'x1'): string {
  const state = stateOf(town, id);
  return state === null ? 'none' : statusOf(state, town.nowMs).status;
}
