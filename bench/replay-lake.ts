import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';

/** How much history there is: every edge is seen on every day. */
export interface HistorySize {
  readonly services: number;
  readonly edgesPerService: number;
  readonly days: number;
}

/**
 * How the records are: `named`, each tells its name and is of one direction; `both-ways`, replies were logged too, and of an edge more some
 * days and fewer on others; `nameless`, one record in fifty has no name, and is looked up in what the others tell.
 */
export type HistoryShape = 'named' | 'both-ways' | 'nameless';

/** Names of one team; a service uses those of several teams, which lie side by side. */
const namesPerTeam = 40;
/** So many distinct names there are in all. */
const teams = 500;
/** Teams whose names a service may reach; of the last team that it was seen to use it may reach none. */
const firstDayMs = Date.UTC(2026, 9, 1);
const dayMs = 86_400_000;

/** The first name (by number) that a service uses. */
function firstName(service: number): number {
  return ((service * 37) % teams) * namesPerTeam;
}

/**
 * Writes a lake as an ingest leaves it, straight from the database: 4 clients a service, names with a tenth on changing addresses, one row
 * for each edge and day. Gives how many edge-days there are.
 */
export async function writeHistory(lake: string, size: HistorySize, shape: HistoryShape = 'named'): Promise<number> {
  const instance = await DuckDBInstance.create(':memory:', { threads: '2', preserve_insertion_order: 'false' });
  const connection = await instance.connect();
  await connection.run("SET TimeZone = 'UTC'");
  const id = '0000be9c';
  const files: string[] = [];
  for (let day = 0; day < size.days; day++) {
    const date = new Date(firstDayMs + day * dayMs).toISOString().slice(0, 10);
    mkdirSync(join(lake, 'flows', `day=${date}`), { recursive: true, mode: 0o700 });
    const file = `flows/day=${date}/${id}-0-0.parquet`;
    files.push(file);
    const to = join(lake, file).replaceAll("'", "''");
    await connection.run(
      `COPY (${shapedRows(dayRows(day, date, size, id), shape)}) TO '${to}' (FORMAT parquet, COMPRESSION zstd)`,
    );
  }
  connection.closeSync();
  instance.closeSync();
  mkdirSync(join(lake, 'sources'), { recursive: true, mode: 0o700 });
  writeFileSync(join(lake, 'sources', `${id}.json`), JSON.stringify({ ...entry(id, size), files }));
  return size.services * size.edgesPerService * size.days;
}

const shapes: Readonly<Record<HistoryShape, string>> = {
  named: '*',
  'both-ways': '* REPLACE (greatest(0, connections + CAST(hash(client, name, bucket) % 3 AS BIGINT) - 1) AS replies)',
  nameless: '* REPLACE (CASE WHEN hash(client, name, bucket) % 50 > 0 THEN name END AS name)',
};

function shapedRows(rows: string, shape: HistoryShape): string {
  return `SELECT ${shapes[shape]} FROM (${rows})`;
}

function dayRows(day: number, date: string, { services, edgesPerService }: HistorySize, id: string): string {
  const bucket = `TIMESTAMP '${date}' + INTERVAL ((e * 7919 + ${day * 13}) % 288 * 5) MINUTE`;
  return `SELECT ${bucket} AS bucket, '10.' || (s // 256) || '.' || (s % 256) || '.' || (1 + e % 4) AS client,
  NULL::VARCHAR AS "user", NULL::VARCHAR AS service,
  '198.51.' || (n % 100) || '.' || ((n * 31 + CASE WHEN n % 10 = 0 THEN ${day} ELSE 0 END) % 256) AS address,
  'api-' || (n % ${namesPerTeam}) || '.team-' || (n // ${namesPerTeam}) || '.example.com' AS name, 'sni' AS name_kind, 'tls' AS application,
  'stated' AS initiator, 'only' AS vantage, 6::UTINYINT AS protocol, false AS sampled, 443 AS port, NULL::VARCHAR AS provider,
  1 + e % 9 AS connections, 0::BIGINT AS replies, (e * 31 % 100000)::BIGINT AS bytes_up, (e * 37 % 1000000)::BIGINT AS bytes_down,
  0::BIGINT AS denied, ${bucket} AS first_seen, ${bucket} + INTERVAL 4 MINUTE AS last_seen, '${id}' AS source, 'palo-alto' AS format
FROM (
  SELECT e, e // ${edgesPerService} AS s,
    ((e // ${edgesPerService} * 37) % ${teams} * ${namesPerTeam} + e % ${edgesPerService}) % ${teams * namesPerTeam} AS n
  FROM range(${services * edgesPerService}) t(e)
)`;
}

function entry(id: string, size: HistorySize): Readonly<Record<string, unknown>> {
  const lines = size.services * size.edgesPerService * size.days;
  return {
    id,
    digest: id,
    path: 'bench.log',
    kind: 'log',
    formats: ['palo-alto'],
    tally: { lines, taken: lines, skips: {}, rejects: {} },
    bytes: 0,
    firstMs: firstDayMs,
    lastMs: firstDayMs + size.days * dayMs,
    ingestedAtMs: firstDayMs + size.days * dayMs,
    notes: [],
  };
}

/**
 * Writes a policy of as many services: names of the first team one by one, a wildcard for each further one, and nothing for the last one.
 * Gives how many edges of a service it allows.
 */
export function writeReplayPolicy(folder: string, { services, edgesPerService }: HistorySize): number {
  mkdirSync(folder, { recursive: true });
  const used = Math.ceil(edgesPerService / namesPerTeam);
  for (let service = 0; service < services; service++) {
    const first = firstName(service) / namesPerTeam;
    const team = (at: number): number => (first + at) % teams;
    const exact = Array.from({ length: namesPerTeam }, (_, name) => `api-${name}.team-${team(0)}.example.com:443`);
    const wild = Array.from({ length: Math.max(0, used - 2) }, (_, at) => `*.team-${team(at + 1)}.example.com:443`);
    const allow = [...exact, ...wild].map((to) => `  - { to: "${to}", reason: TODO }`).join('\n');
    const head = `apiVersion: exeat/v1\nservice: service-${service}\nowner: team-bench\nkind: app\n`;
    const source = `10.${service >> 8}.${service & 255}.0/24`;
    const text = `${head}identities: [ "source:${source}" ]\nallow:\n${allow}\n`;
    writeFileSync(join(folder, `service-${service}.yaml`), text);
  }
  return Math.min(edgesPerService, Math.max(1, used - 1) * namesPerTeam);
}
