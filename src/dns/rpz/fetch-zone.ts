import { failed, fault, ok, type Result } from '../../base/index.ts';
import type { DnsRecord } from '../../wire/index.ts';
import { readSoa } from '../zones/soa.ts';
import { applyDelta } from './apply-delta.ts';
import { askTransfer, type TransferRequest } from './ask-transfer.ts';
import { readKeptZone } from './kept-zone.ts';
import type { PackedRecords } from './packed-records.ts';
import type { TransferOutcome } from './transfer-reader.ts';

/** What a primary has: our version still (with its own serial), or a new one. `records` are without the SOA. */
export type Fetched =
  | { readonly kind: 'unchanged'; readonly serial: number }
  | { readonly kind: 'new'; readonly soa: DnsRecord; readonly records: PackedRecords };

/** After these the whole zone is asked for: the primary does no IXFR, or its differences do not fit ours. */
const wholeZoneCodes: ReadonlySet<string> = new Set(['ixfr_refused', 'delta_too_large', 'transfer_inconsistent']);

/**
 * Gets the zone of a primary: the differences to `request.ours`, whose records `keptPath` has, else the whole. Never rejects. Faults: those of
 * `askTransfer`.
 */
export async function fetchZone(request: TransferRequest, keptPath: string): Promise<Result<Fetched>> {
  const first = await askTransfer(request);
  const fetched = first.ok ? await completed(first.value, request, keptPath) : first;
  if (fetched.ok || request.ours === null || !wholeZoneCodes.has(fetched.fault.code)) return fetched;
  const whole: TransferRequest = { ...request, ours: null };
  const second = await askTransfer(whole);
  return second.ok ? completed(second.value, whole, keptPath) : second;
}

async function completed(
  outcome: TransferOutcome,
  request: TransferRequest,
  keptPath: string,
): Promise<Result<Fetched>> {
  if (outcome.kind === 'unchanged') return ok(outcome);
  if (outcome.kind === 'full') return ok({ kind: 'new', soa: outcome.soa, records: outcome.records });
  const kept = await readKeptZone(keptPath, request.maxBytes);
  const serial = kept.ok && kept.value !== null ? readSoa(kept.value.soa.data)?.serial : undefined;
  if (!kept.ok || kept.value === null || serial !== request.ours?.serial) {
    return failed(fault('transfer_inconsistent', 'our version of the zone is not on disk'));
  }
  const applied = await applyDelta(kept.value.records, outcome, request);
  return applied.ok ? ok({ kind: 'new', soa: outcome.soa, records: applied.value }) : applied;
}
