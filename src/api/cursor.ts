import { type Fault, failed, fault, ok, type Result } from '../base/index.ts';

/**
 * Where a page ends: the last item's key, with what was asked, so that a cursor of one list is not taken by another. Opaque to callers, and no
 * secret: it only says where to go on.
 */
export function writeCursor(list: string, last: string): string {
  return Buffer.from(JSON.stringify([list, last])).toString('base64url');
}

/** Reads a cursor of the same list. Fault: `request_malformed`. */
export function readCursor(list: string, cursor: string | undefined): Result<string | null, Fault> {
  if (cursor === undefined) return ok(null);
  try {
    const [of, last] = JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8')) as readonly unknown[];
    if (of === list && typeof last === 'string') return ok(last);
  } catch {
    // Falls through: it is told like a cursor of another list.
  }
  return failed(fault('request_malformed', 'the cursor is not one that this list gave for the same question'));
}
