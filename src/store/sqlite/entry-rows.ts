import type { Actor, Entry, NewEntry } from '../../audit/index.ts';
import type { LedgerTables } from './ledger-tables.ts';

/** Makes the audit leaf of an entry: its canonical JSON (RFC 8785). */
export type EncodeEntry = (entry: Entry) => Uint8Array;

/** Who acted as entries are asked for by it: `person/ana`, whatever token or key they acted by, or `system/control`. */
export function actorText(actor: Actor): string {
  return actor.kind === 'person' ? `person/${actor.id}` : `system/${actor.part}`;
}

/** Gives entries their places from `seq` on, all at one time. */
export function placeEntries(entries: readonly NewEntry[], seq: number, timeMs: number): readonly Entry[] {
  const time = new Date(timeMs).toISOString();
  return entries.map(({ subject, action, actor, details }, at) => ({
    v: 1,
    seq: seq + at,
    time,
    actor,
    subject,
    action,
    details,
  }));
}

/** The row of an entry. Throws a RangeError for one past the bound: whoever wrote it let too much in. */
export function entryRow(entry: Entry, encode: EncodeEntry): LedgerTables['entry'] {
  const body = encode(entry);
  if (body.byteLength > maxEntryBytes) {
    throw new RangeError(
      `an entry of \`${entry.subject}\` has ${body.byteLength} bytes, at most ${maxEntryBytes} are kept`,
    );
  }
  return {
    seq: entry.seq,
    time_ms: Date.parse(entry.time),
    subject: entry.subject,
    action: entry.action,
    actor: actorText(entry.actor),
    body,
  };
}

/** The entry in a leaf. Leaves are JSON, so nothing is kept of an entry twice. */
export function entryFromBody(body: Uint8Array): Entry {
  return JSON.parse(decoder.decode(body)) as Entry;
}

const decoder = new TextDecoder();
// What people write is bounded far below this where it comes in; tiles hold leaves of at most 64 KiB - 1 (C2SP tlog-tiles, entry bundles).
const maxEntryBytes = 65_535;
