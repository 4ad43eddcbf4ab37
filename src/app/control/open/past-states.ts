import { type ExceptionState, foldException, type Ledger, statusOf, type View } from '../../../exceptions/index.ts';

/** Past which instant something is asked, and what was known by then. Epoch milliseconds. */
export interface AsOf {
  readonly atMs: number;
  readonly knownMs: number;
}

const viewsAtOnce = 500;
// More grants than that at one moment are past reading; the report says that a bound left some out.
const mostRead = 20_000;

/**
 * The exceptions that were open at an instant, by what was known at another. An act counts from when it was written down; only what a point did
 * while control was away (`exception.learned`) counts from before that.
 */
export async function openStatesAt(ledger: Ledger, asOf: AsOf): Promise<readonly ExceptionState[]> {
  const states: ExceptionState[] = [];
  let after: string | null = null;
  for (let read = 0; read < mostRead; read += viewsAtOnce) {
    const views: readonly View[] = await ledger.views({
      kind: 'exception',
      sinceMs: asOf.atMs,
      untilMs: asOf.atMs + 1,
      order: 'oldest',
      after,
      most: viewsAtOnce,
    });
    for (const { id } of views) {
      const state = await stateAt(ledger, id, asOf);
      if (state !== null && isOpen(state, asOf.atMs)) states.push(state);
    }
    after = views.at(-1)?.id ?? null;
    if (views.length < viewsAtOnce) break;
  }
  return states;
}

/** Whether something is open, or will be without another act. */
export function isOpen(state: ExceptionState, atMs: number): boolean {
  const { status } = statusOf(state, atMs);
  return status === 'active' || status === 'approved';
}

async function stateAt(ledger: Ledger, id: string, { atMs, knownMs }: AsOf): Promise<ExceptionState | null> {
  const entries = await ledger.entriesOf(`exception/${id}`);
  const known = entries.filter(({ time, action }) => {
    const writtenMs = Date.parse(time);
    return writtenMs <= knownMs && (writtenMs <= atMs || action === 'exception.learned');
  });
  const state = foldException(known);
  return state !== null && state.requestedAtMs <= atMs ? state : null;
}
