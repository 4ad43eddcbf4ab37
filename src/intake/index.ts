export { type FoundFile, findFiles } from './find-files.ts';
export { type IngestedSource, type IngestOrder, ingestSource } from './ingest-source.ts';
export { openBytes, type SourceBytes } from './open-bytes.ts';
export { createReaderPool, type ReaderPool } from './reader-pool.ts';
export type { FormatChoice } from './sample-source.ts';
