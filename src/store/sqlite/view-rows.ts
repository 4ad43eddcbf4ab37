import type { JsonObject } from '../../audit/index.ts';
import type { View, ViewKind } from '../../exceptions/index.ts';
import type { LedgerTables } from './ledger-tables.ts';

/** The row of a view. */
export function viewRow({ kind, id, seq, keys, body }: View): LedgerTables['view'] {
  const { owner, service, domain, person, fromMs, untilMs } = keys;
  return {
    kind,
    id,
    seq,
    owner,
    service,
    domain,
    person,
    from_ms: fromMs,
    until_ms: untilMs,
    body: JSON.stringify(body),
  };
}

/** The view in a row. */
export function viewFromRow(row: LedgerTables['view']): View {
  const { owner, service, domain, person } = row;
  return {
    kind: row.kind as ViewKind,
    id: row.id,
    seq: row.seq,
    keys: { owner, service, domain, person, fromMs: row.from_ms, untilMs: row.until_ms },
    body: JSON.parse(row.body) as JsonObject,
  };
}
