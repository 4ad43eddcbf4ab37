import { sqlText } from './open-database.ts';

/** Reads Parquet files of ours; an empty list of them is an empty table of the same columns. */
export function readParquet(files: readonly string[], columns: string): string {
  if (files.length === 0) return `(SELECT * FROM (SELECT ${columns}) WHERE false)`;
  return `read_parquet([${files.map(sqlText).join(', ')}], union_by_name = true, hive_partitioning = false)`;
}

/** Reads a file with all of its columns, to see whether it can be. */
export function readWhole(file: string): string {
  return `SELECT count(*) FROM (SELECT hash(t) AS h FROM ${readParquet([file], '')} t) WHERE h = 0`;
}

/** Columns of flows with their types, for a lake without any. */
export const flowColumns: string = [
  'NULL::TIMESTAMP AS bucket, NULL::VARCHAR AS client, NULL::VARCHAR AS "user", NULL::VARCHAR AS service',
  'NULL::VARCHAR AS address, NULL::VARCHAR AS name, NULL::VARCHAR AS name_kind, NULL::VARCHAR AS application',
  'NULL::VARCHAR AS initiator, NULL::VARCHAR AS vantage, NULL::UTINYINT AS protocol, NULL::BOOLEAN AS sampled, NULL::INTEGER AS port',
  'NULL::VARCHAR AS provider, NULL::BIGINT AS connections, NULL::BIGINT AS replies, NULL::BIGINT AS bytes_up',
  'NULL::BIGINT AS bytes_down, NULL::BIGINT AS denied, NULL::TIMESTAMP AS first_seen, NULL::TIMESTAMP AS last_seen',
  'NULL::VARCHAR AS source, NULL::VARCHAR AS format',
].join(', ');

/** Columns of answers with their types. */
export const answerColumns: string = [
  'NULL::TIMESTAMP AS bucket, NULL::VARCHAR AS client, NULL::VARCHAR AS service, NULL::VARCHAR AS name',
  'NULL::VARCHAR AS type, NULL::VARCHAR AS code, NULL::VARCHAR AS address, NULL::VARCHAR AS alias, NULL::VARCHAR AS resolver',
  'NULL::BOOLEAN AS denied, NULL::BOOLEAN AS tells_answers, NULL::BIGINT AS questions, NULL::TIMESTAMP AS first_seen',
  'NULL::TIMESTAMP AS last_seen, NULL::BIGINT AS ttl_seconds, NULL::VARCHAR AS source, NULL::VARCHAR AS format',
].join(', ');

/** The condition of a window on a column of buckets. */
export function windowCondition(sinceMs: number | null, untilMs: number | null): string {
  const parts = [
    ...(sinceMs === null ? [] : [`bucket >= epoch_ms(${Math.floor(sinceMs)}::BIGINT)`]),
    ...(untilMs === null ? [] : [`bucket < epoch_ms(${Math.ceil(untilMs)}::BIGINT)`]),
  ];
  return parts.length === 0 ? 'true' : parts.join(' AND ');
}

/** A five-minute bucket as its number since the epoch. */
export const bucketNumber = 'CAST(epoch(bucket) / 300 AS INTEGER)';

/** Whether the record itself told a name. A reverse look-up by the logger proves nothing: such a row is nameless. */
export const hasOwnName = `(name IS NOT NULL AND name_kind IS DISTINCT FROM 'reverse')`;
