import { ok, type Result } from '../../base/index.ts';
import { type ExceptionState, statusOf, type View, type ViewQuery } from '../../exceptions/index.ts';
import type { ExceptionQuery } from '../contract/index.ts';
import { readCursor, writeCursor } from '../cursor.ts';
import type { ApiPorts } from './api-ports.ts';

/** One page of states, the newest first. */
export interface ScannedStates {
  readonly states: readonly ExceptionState[];
  readonly next: string | null;
}

// A status is derived, so it cannot be asked of the store, nor can kind or review: pages are read until there are enough, within a bound.
const mostScanned = 5_000;
const scanPage = 500;

/** One page of the states that a query asks for, and the cursor of the next one. Fault: `request_malformed` for a cursor of another list. */
export async function scanStates(ports: ApiPorts, query: ExceptionQuery): Promise<Result<ScannedStates>> {
  const { status, kind, review, limit } = query;
  const narrowed = narrowingOf(query);
  const list = JSON.stringify([status, kind, review, narrowed]);
  const cursor = readCursor(list, query.cursor);
  if (!cursor.ok) return cursor;
  const nowMs = ports.clock.now();
  const states: ExceptionState[] = [];
  let last = cursor.value;
  // Where every state counts, a page of views is the page that was asked for.
  const isAny = status === undefined && kind === undefined && review === undefined;
  const page = isAny ? Math.min(limit, scanPage) : scanPage;
  for await (const state of newestStates(ports, narrowed, { after: cursor.value, most: page })) {
    last = state.id;
    if (isAny || isWanted(state, query, nowMs)) states.push(state);
    if (states.length === limit) return ok({ states, next: writeCursor(list, last) });
  }
  // Short of the limit because the bound was reached: the next page goes on there.
  const isCut = states.length < limit && last !== cursor.value && (await hasMore(ports, narrowed, last));
  return ok({ states, next: isCut && last !== null ? writeCursor(list, last) : null });
}

function isWanted(state: ExceptionState, { status, kind, review }: ExceptionQuery, nowMs: number): boolean {
  if (kind !== undefined && state.kind !== kind) return false;
  const stands = statusOf(state, nowMs);
  if (status !== undefined && stands.status !== status) return false;
  return review === undefined || stands.review === 'review_due' || stands.review === 'review_overdue';
}

type Narrowed = Pick<ViewQuery, 'service' | 'owner' | 'person'>;

async function* newestStates(
  ports: ApiPorts,
  narrowed: Narrowed,
  from: Pick<ViewQuery, 'after' | 'most'>,
): AsyncGenerator<ExceptionState> {
  let { after } = from;
  for (let scanned = 0; scanned < mostScanned; scanned += from.most) {
    const heads = await readPage(ports, narrowed, { ...from, after });
    const ended = await ports.endedStates(heads.filter(({ id }) => !ports.exceptions().has(id)));
    yield* heads.flatMap(({ id }) => ports.exceptions().get(id) ?? ended.get(id) ?? []);
    after = heads.at(-1)?.id ?? after;
    if (heads.length < from.most) return;
  }
}

async function hasMore(ports: ApiPorts, narrowed: Narrowed, after: string | null): Promise<boolean> {
  return (await readPage(ports, narrowed, { after, most: 1 })).length > 0;
}

function readPage(
  ports: ApiPorts,
  narrowed: Narrowed,
  page: Pick<ViewQuery, 'after' | 'most'>,
): Promise<readonly Pick<View, 'id' | 'seq'>[]> {
  return ports.ledger.viewHeads({ kind: 'exception', ...narrowed, order: 'newest', ...page });
}

function narrowingOf({ service, owner, requester }: ExceptionQuery): Narrowed {
  return {
    ...(service === undefined ? {} : { service }),
    ...(owner === undefined ? {} : { owner }),
    ...(requester === undefined ? {} : { person: requester }),
  };
}
