export { type LakeOptions, openDuckdbLake } from './duckdb/duckdb-lake.ts';
