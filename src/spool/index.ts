export { createSpool } from './create-spool.ts';
export { findFlowRecords, findRecord, findRecordsBetween, isRotatedAway, type Stretch } from './find-record.ts';
export { type FindBounds, findRecordNear } from './find-record-near.ts';
export { listSpool, type SpoolListing } from './list-spool.ts';
export { type ReadSpoolOptions, readSpool, type SpoolCursor, type SpoolEntry, type SpoolGap } from './read-spool.ts';
export { maxRecordChars } from './record-line.ts';
export { endOfSpool, type SpoolSearch, searchSpool } from './search-spool.ts';
export type { Spool, SpoolCounts, SpoolLogLine, SpoolOptions } from './spool.ts';
