export type { EncodeEntry } from './sqlite/entry-rows.ts';
export type { FoldViews } from './sqlite/rebuild-views.ts';
export { type LedgerOptions, openLedger, type SqliteLedger } from './sqlite/sqlite-ledger.ts';
export { openTrafficStore } from './sqlite/sqlite-traffic.ts';
export type { StoreFaultCode } from './sqlite/store-fault.ts';
export { isDamaged, removeTrafficFile } from './sqlite/traffic-tables.ts';
