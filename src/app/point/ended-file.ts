import { type EndedGrant, type GrantEnd, isGrantEnd } from '../../policy/index.ts';
import type { Logger } from '../logger.ts';
import { readJsonFile, replaceJson } from '../replace-json.ts';

/** Names the list that was taken last: none before it is taken any more. */
export interface TakenList {
  readonly sequence: number;
  readonly signature: string;
}

/** Grants that ended otherwise than by control's list, and which list that was, remembered over restarts. */
export interface EndedFile {
  all(): readonly EndedGrant[];
  /** Ends grants until a list after `sequence` is in force. Gives whether that is written down. */
  end(ids: readonly string[], how: EndedBeside): Promise<boolean>;
  /** Ends grants that ended by the clock, until the clock has passed `untilMs` again. Gives whether that is written down. */
  expire(grants: readonly { readonly id: string; readonly untilMs: number }[]): Promise<boolean>;
  /** The list that was taken last, over restarts; null before the first. */
  taken(): TakenList | null;
  /** A list came into force: what it must know by now is forgotten here; not what no list knows (`isLocal`). */
  listed(list: TakenList, nowMs: number, isLocal: (id: string) => boolean): Promise<void>;
  /** Whether the list in force cannot be trusted, since what was ended beside it cannot be read. A newer list can. */
  isBlind(sequence: number | null): boolean;
  problem(): string | null;
}

/** How grants end beside the list: why, and until a list after which one. */
export interface EndedBeside {
  readonly why: GrantEnd;
  readonly sequence: number;
}

interface Kept {
  readonly taken: TakenList | null;
  /** `why` left out: revoked. */
  readonly revoked: readonly { readonly id: string; readonly sequence: number; readonly why?: GrantEnd }[];
  readonly over: readonly { readonly id: string; readonly untilMs: number }[];
}

// As many as a list holds; more at once is a mistake.
const mostEnded = 100_000;

/** Opens the file at `path`. A damaged one leaves no listed grant in force before a newer list comes: what was ended must not be open. */
export function openEndedFile(path: string, logger: Logger): EndedFile {
  const file = readJsonFile(path);
  const read = file.kind === 'read' ? readKept(file.value) : null;
  const isDamaged = file.kind !== 'absent' && read === null;
  if (isDamaged) logger.error('what was revoked cannot be read, no grant counts before a newer list', { path });
  let kept: Kept = read ?? { taken: null, revoked: [], over: [] };
  /** The sequence of the first list seen; `any`: none was seen yet. */
  let blindTo: number | 'any' | null = isDamaged ? 'any' : null;
  let failure: string | null = null;
  let turn: Promise<unknown> = Promise.resolve();
  const write = (): Promise<boolean> => {
    const mine = turn
      .then(() => replaceJson(path, kept))
      .then(
        () => {
          failure = null;
          return true;
        },
        (error: NodeJS.ErrnoException) => {
          failure = `what was revoked cannot be written to \`${path}\` (${error.code ?? 'unknown'}) and holds until a restart only: free the disk`;
          logger.error(failure);
          return false;
        },
      );
    turn = mine;
    return mine;
  };
  // More than can be remembered ends everything that is listed, rather than forgetting an end.
  const keepBounded = (sequence: number): void => {
    if (kept.revoked.length <= mostEnded) return;
    kept = { ...kept, revoked: [] };
    blindTo = sequence;
  };
  return {
    all: () => [
      ...kept.revoked.map(({ id, why = 'revoked' }): EndedGrant => ({ id, why })),
      ...kept.over.map(({ id }): EndedGrant => ({ id, why: 'expired' })),
    ],
    end: (ids, { why, sequence }) => {
      const named = new Set(ids);
      const others = kept.revoked.filter(({ id }) => !named.has(id));
      kept = { ...kept, revoked: [...others, ...[...named].map((id) => ({ id, sequence, why }))] };
      keepBounded(sequence);
      return write();
    },
    expire: (grants) => {
      kept = { ...kept, over: [...kept.over, ...grants] };
      return write();
    },
    taken: () => kept.taken,
    listed: async ({ sequence, signature }, nowMs, isLocal) => {
      if (blindTo === 'any') blindTo = sequence;
      else if (blindTo !== null && sequence > blindTo) blindTo = null;
      const revoked = kept.revoked.filter((each) => each.sequence >= sequence || isLocal(each.id));
      const over = kept.over.filter(({ untilMs }) => untilMs > nowMs);
      const isSame = kept.taken?.sequence === sequence && kept.taken.signature === signature;
      if (isSame && revoked.length === kept.revoked.length && over.length === kept.over.length) return;
      kept = { taken: { sequence, signature }, revoked, over };
      await write();
    },
    isBlind: (sequence) => blindTo !== null && (blindTo === 'any' || sequence === null || sequence <= blindTo),
    problem: () =>
      failure ??
      (blindTo === null ? null : `what was revoked \`${path}\` is damaged, no grant counts before a newer list`),
  };
}

function readKept(value: unknown): Kept | null {
  const { taken = null, revoked, over } = (value ?? {}) as Partial<Record<keyof Kept, unknown>>;
  if (!Array.isArray(revoked) || !Array.isArray(over)) return null;
  const isWhole =
    (taken === null || isTaken(taken)) &&
    revoked.every(
      ({ id, sequence, why = 'revoked' }) =>
        typeof id === 'string' && Number.isSafeInteger(sequence) && isGrantEnd(why),
    ) &&
    over.every(({ id, untilMs }) => typeof id === 'string' && Number.isSafeInteger(untilMs));
  return isWhole ? { taken, revoked, over } : null;
}

function isTaken(value: unknown): value is TakenList {
  const { sequence, signature } = (value ?? {}) as Partial<Record<keyof TakenList, unknown>>;
  return Number.isSafeInteger(sequence) && typeof signature === 'string';
}
