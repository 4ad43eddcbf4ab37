export { type LakeOptions, openDuckdbLake } from './duckdb/duckdb-lake.ts';
export { openParquetLines, type ParquetLines } from './duckdb/read-parquet-rows.ts';
