import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { DuckDBInstance } from '@duckdb/node-api';
import { runCli } from '../../src/cli/index.ts';

const dir = mkdtempSync(join(tmpdir(), 'exeat-parquet-'));
after(() => rmSync(dir, { recursive: true, force: true }));

test('flow logs of AWS in Parquet are read by their column names', async () => {
  const file = join(dir, 'flows.parquet');
  await writeParquet(
    file,
    `SELECT 2 AS version, '123456789010' AS account_id, 'eni-0123456789abcdef0' AS interface_id, '10.20.0.7' AS srcaddr,
       '203.0.113.9' AS dstaddr, 40000 + i AS srcport, 443 AS dstport, 6 AS protocol, 3 AS packets, 100 AS bytes,
       1793577600 + i AS start, 1793577660 + i AS "end", CASE WHEN i = 3 THEN 'REJECT' ELSE 'ACCEPT' END AS action, 'OK' AS log_status
     FROM range(4) t(i)`,
  );
  const map = await ingestAndMap(file, 'aws');
  assert.deepEqual(
    map.edges.map(({ edge }) => [
      edge.principal,
      edge.destination,
      edge.port,
      edge.connections,
      edge.bytesUp,
      edge.denied,
    ]),
    [['10.20.0.7', '203.0.113.9', 443, 3, 300, 1]],
  );
});

test('OCSF in Parquet, as Security Lake keeps it, is read as the objects that it holds', async () => {
  const file = join(dir, 'ocsf.parquet');
  await writeParquet(
    file,
    `SELECT 4001 AS class_uid, 4 AS category_uid, 6 AS activity_id, 400106 AS type_uid, {'version': '1.5.0'} AS metadata, 1793577600000 AS time, 1 AS action_id,
       {'ip': '10.20.0.8', 'port': 50000} AS src_endpoint, {'ip': '203.0.113.10', 'port': 443} AS dst_endpoint,
       {'protocol_num': 6, 'direction_id': 2} AS connection_info, {'bytes_out': 70, 'bytes_in': 700} AS traffic
     FROM range(25)`,
  );
  const map = await ingestAndMap(file, 'ocsf');
  assert.deepEqual(
    map.edges.map(({ edge }) => [edge.principal, edge.destination, edge.connections, edge.bytesUp, edge.bytesDown]),
    [['10.20.0.8', '203.0.113.10', 25, 1750, 17500]],
  );
});

interface MapOutput {
  readonly edges: readonly {
    readonly edge: {
      readonly principal: string;
      readonly destination: string;
      readonly port: number;
      readonly connections: number;
      readonly bytesUp: number;
      readonly bytesDown: number;
      readonly denied: number;
    };
  }[];
}

async function writeParquet(file: string, select: string): Promise<void> {
  const instance = await DuckDBInstance.create(':memory:');
  const connection = await instance.connect();
  await connection.run(`COPY (${select}) TO '${file}' (FORMAT parquet, COMPRESSION gzip)`);
  connection.closeSync();
  instance.closeSync();
}

async function ingestAndMap(file: string, name: string): Promise<MapOutput> {
  const config = join(dir, `${name}.yaml`);
  writeFileSync(config, `policy: ./none\nstate: ./${name}\n`);
  assert.equal(await run(['flows', 'ingest', file, '--config', config]).then(({ code }) => code), 0);
  const { code, out } = await run(['flows', 'map', '--config', config, '-o', 'json']);
  assert.equal(code, 0);
  return JSON.parse(out) as MapOutput;
}

async function run(args: readonly string[]): Promise<{ readonly code: number; readonly out: string }> {
  let [out, errors] = ['', ''];
  const io = {
    env: {},
    now: () => Date.UTC(2026, 10, 28),
    writeOut: (text: string) => {
      out += text;
    },
    writeError: (text: string) => {
      errors += text;
    },
  };
  const code = await runCli(args, io);
  assert.ok(code === 0, errors);
  return { code, out };
}
