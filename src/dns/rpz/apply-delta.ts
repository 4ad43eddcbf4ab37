import { type Fault, failed, fault, ok, type Result } from '../../base/index.ts';
import { goThrough } from './build-zone.ts';
import { type PackedRecords, RecordPacker, recordKey, unpackRecords } from './packed-records.ts';
import type { TransferOutcome } from './transfer-reader.ts';

/** Bounds of the zone that comes out. */
export interface DeltaBounds {
  readonly maxRecords: number;
  readonly maxBytes: number;
  readonly signal: AbortSignal;
}

/**
 * The records of a zone after differences were applied. Faults: `transfer_inconsistent` (what is to be taken away is not there, so ours is
 * not the version that the primary thinks: the whole zone must be asked for), `transfer_too_large`.
 */
export async function applyDelta(
  records: PackedRecords,
  delta: Extract<TransferOutcome, { readonly kind: 'delta' }>,
  { maxRecords, maxBytes, signal }: DeltaBounds,
): Promise<Result<PackedRecords, Fault>> {
  const packer = new RecordPacker(maxBytes);
  let removed = 0;
  let hasRoom = true;
  const keep = (record: Parameters<typeof recordKey>[0]): void => {
    hasRoom = hasRoom && packer.count < maxRecords && packer.add(record);
  };
  await goThrough(
    unpackRecords(records),
    (record) => {
      const key = recordKey(record);
      if (delta.removed.has(key)) removed += 1;
      // One that is added again may have another TTL: the added one holds.
      else if (!delta.added.has(key)) keep(record);
    },
    signal,
  );
  await goThrough(delta.added.values(), keep, signal);
  if (removed < delta.removed.size) {
    const missing = delta.removed.size - removed;
    return failed(fault('transfer_inconsistent', `${missing} records that are to be removed are not there`));
  }
  if (!hasRoom) return failed(fault('transfer_too_large', `a zone has at most ${maxRecords} records`));
  return ok(packer.finish());
}
