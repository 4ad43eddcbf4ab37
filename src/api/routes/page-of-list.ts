import { ok, type Result } from '../../base/index.ts';
import type { Answered } from '../call.ts';
import type { Page, PageQuery } from '../contract/index.ts';
import { readCursor, writeCursor } from '../cursor.ts';

/** One page of a list that is at hand: ids in order, each shown. Fault: `request_malformed` for a cursor of another list. */
export function pageOfList<T>(
  list: string,
  ids: readonly string[],
  { limit, cursor }: PageQuery,
  show: (id: string) => T | null,
): Result<Answered<Page<T>>> {
  const after = readCursor(list, cursor);
  if (!after.ok) return after;
  const from = after.value;
  const rest = [...ids].sort().filter((id) => from === null || id > from);
  const shown = rest.slice(0, limit);
  const items = shown.flatMap((id) => show(id) ?? []);
  const last = shown.at(-1);
  return ok({ body: { items, next: last === undefined || rest.length <= limit ? null : writeCursor(list, last) } });
}
