// The door of `store/duckdb`: the flow lake. Apart from the rest of the store, so that control loads no native library.
export { type LakeOptions, openDuckdbLake } from './duckdb-lake.ts';
export { openParquetLines, type ParquetLines } from './read-parquet-rows.ts';
