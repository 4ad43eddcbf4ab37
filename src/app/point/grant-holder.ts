import type { KeyObject } from 'node:crypto';
import { existsSync } from 'node:fs';
import { type Clock, failed, fault, ok, type Result } from '../../base/index.ts';
import {
  type Grant,
  type GrantEnd,
  type GrantIndex,
  type GrantList,
  isGrantEnd,
  noGrants,
  withEnded,
  withGrants,
} from '../../policy/index.ts';
import { type LoadedGrants, loadGrants } from '../../snapshot/index.ts';
import type { Logger } from '../logger.ts';
import { type EndedFile, openEndedFile } from './ended-file.ts';

/** The grants that the point decides by: control's list, what was ended beside it, and what it took by itself. */
export interface GrantHolder {
  /** What is in force for every decision from now on. */
  index(): GrantIndex;
  /** The sequence of the list in force; null before there is one. */
  sequence(): number | null;
  /** Who may sign an offline break-glass; null before there is a list. */
  offline(): GrantList['offline'] | null;
  /** Why the last list was not taken, or what could not be kept; null when all is well. */
  problem(): string | null;
  /**
   * Loads control's list and puts it in force at once for every later decision; a bad one changes nothing. Gives its sequence, 0 where
   * control has written none. Faults: those of loading.
   */
  apply(): Promise<Result<number>>;
  /**
   * Ends grants at once, until a list after `sequence` (default: the one in force) says the same. Gives whether that is written down.
   */
  end(asked: EndAsk): Promise<boolean>;
  /** Takes a grant that no list holds yet; it stays until one does. */
  take(grant: Grant): void;
  /** What ends now ends for good, though the clock is about to be set to `toMs`. */
  endAll(fromMs: number, toMs: number): Promise<boolean>;
}

/** What a holder is made of. `changed` is told when other grants came into force. */
export interface GrantHolderParts {
  readonly path: string;
  readonly endedPath: string;
  readonly verifyingKey: KeyObject;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly local: readonly Grant[];
  changed(index: GrantIndex): void;
}

/**
 * Makes a holder over control's file of grants. INVARIANT: a list that does not verify, or is older than the one that was taken last, is
 * never taken, also after a restart; and what was ended stays ended.
 */
export function createGrantHolder(parts: GrantHolderParts): GrantHolder {
  const ended: EndedFile = openEndedFile(parts.endedPath, parts.logger);
  let local: readonly Grant[] = parts.local;
  let last: LoadedGrants | null = null;
  let index: GrantIndex = noGrants;
  let problem: string | null = null;
  let turn: Promise<unknown> = Promise.resolve();

  const compose = (): void => {
    const listed = ended.isBlind(last?.sequence ?? null) ? noGrants : (last?.index ?? noGrants);
    index = withEnded(withGrants(listed, local), ended.all());
    parts.changed(index);
  };
  const applyNow = async (): Promise<Result<number>> => {
    // None was ever written: nobody asked for an exception yet.
    if (last === null && !existsSync(parts.path)) return ok(0);
    const loaded = await loadGrants(parts.path, parts.verifyingKey, { last: last ?? ended.taken() });
    if (!loaded.ok) {
      problem = loaded.fault.message;
      return failed(loaded.fault);
    }
    last = loaded.value;
    problem = leftOutProblem(loaded.value.leftOut);
    const known = (id: string): boolean => loaded.value.index.byId.has(id) || loaded.value.index.ended.has(id);
    local = local.filter(({ id, notAfter }) => !known(id) && notAfter > parts.clock.now());
    const kept = ended.listed(last, parts.clock.now(), (id) => local.some((grant) => grant.id === id));
    // In force before it is written down: a revocation does not wait for the disk.
    compose();
    await kept;
    return ok(last.sequence);
  };
  compose();
  return {
    index: () => index,
    sequence: () => last?.sequence ?? null,
    offline: () => last?.offline ?? null,
    problem: () => problem ?? ended.problem(),
    apply: () => {
      // One at a time: two loads that overtake each other would leave the older one in force.
      const mine = turn.then(applyNow);
      turn = mine;
      return mine;
    },
    end: ({ ids, why, sequence }) => {
      const isKept = ended.end(ids, { why, sequence: sequence ?? last?.sequence ?? 0 });
      compose();
      return isKept;
    },
    take: (grant) => {
      local = [...local, grant];
      compose();
    },
    endAll: (fromMs, toMs) => {
      const over = [...index.byId.values()].filter(({ grant }) => grant.notAfter <= fromMs && grant.notAfter > toMs);
      const isKept = ended.expire(over.map(({ grant }) => ({ id: grant.id, untilMs: grant.notAfter })));
      compose();
      return isKept;
    },
  };
}

function leftOutProblem(leftOut: number): string | null {
  return leftOut === 0 ? null : `${leftOut} grants of the list cannot be used and justify nothing, see their targets`;
}

/** Which grants are to end, why, and until a list after which one; null: the one in force. */
export interface EndAsk {
  readonly ids: readonly string[];
  readonly why: GrantEnd;
  readonly sequence: number | null;
}

/** Reads the body of `end-grants`: `{ ids, why, sequence }`. Faults: `ask_malformed`. */
export function parseEndAsk(body: unknown): Result<EndAsk> {
  const { ids, why, sequence = null } = (body ?? {}) as Partial<Record<keyof EndAsk, unknown>>;
  const isIds = Array.isArray(ids) && ids.every((id) => typeof id === 'string');
  if (isIds && isGrantEnd(why) && (sequence === null || Number.isSafeInteger(sequence)))
    return ok({ ids, why, sequence: sequence as number | null });
  const takes = '`ids`, a list of texts, `why`, `revoked` or `suspended`, and perhaps `sequence`, a number';
  return failed(fault('ask_malformed', `end-grants takes ${takes}`));
}
