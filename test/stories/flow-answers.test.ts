import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { DuckDBInstance } from '@duckdb/node-api';
import {
  type FlowAnswers,
  findLogFormat,
  logFormats,
  parseInventory,
  rangeFormats,
  type ServiceRanking,
} from '../../src/flowmap/index.ts';
import { createFlowFolder, type FlowFolder, squidLine, zeekLog } from '../support/flow-folder.ts';
import { repositoryFolder } from '../support/quickstart-copy.ts';

// Two weeks of a proxy, of DNS and of flows; what people ask of them, asked by the commands that people type.

const days = Array.from({ length: 14 }, (_, day) => day);
const dnsColumns = ['ts', 'uid', 'id.orig_h', 'id.orig_p', 'id.resp_h', 'id.resp_p', 'proto', 'query', 'qtype_name'];
const answerColumns = ['rcode_name', 'answers', 'TTLs'];
const connColumns = ['ts', 'uid', 'id.orig_h', 'id.orig_p', 'id.resp_h', 'id.resp_p', 'proto', 'service', 'duration'];
const byteColumns = ['orig_bytes', 'resp_bytes', 'conn_state', 'local_orig', 'local_resp'];

const inventory = `services:
  - { name: payments-api, owner: team-payments, kind: app, sources: [ { cidr: 10.20.0.7/32 } ] }
  - { name: ci-runner, owner: team-ci, kind: build, sources: [ { cidr: 10.30.0.0/24 } ] }
  - { name: dns, kind: resolver, sources: [ { cidr: 10.0.0.53/32 } ] }
`;

const policy = `apiVersion: exeat/v1
service: payments-api
owner: team-payments
kind: app
mode: enforce
identities: [ credential:payments-api ]
allow: [ { to: "bank-gateway.example.com:443", reason: card settlement } ]
tests: [ { allow: "bank-gateway.example.com:443" } ]
`;

const space = `apiVersion: exeat/v1
space: payments
owner: team-platform
path: payments/**
owners: [ team-payments ]
environment: prod
identities: [ "credential:*" ]
`;

function seconds(day: number): string {
  return `${Date.UTC(2026, 10, 1 + day, 8) / 1000}.000000`;
}

const proxyLog = days
  .map(
    (day) =>
      squidLine(day, '10.20.0.7', 'bank-gateway.example.com:443') +
      squidLine(day, '10.30.0.9', 'registry.npmjs.org:443') +
      squidLine(day, '10.30.0.9', 'paste.example.net:443', 'TCP_DENIED/403'),
  )
  .join('');

const dnsLog = zeekLog(
  'dns',
  [...dnsColumns, ...answerColumns],
  days.flatMap((day) =>
    [
      ['10.20.0.7', '10.0.0.53', 'portal.example.com', 'NOERROR', '10.60.0.5', '300.0'],
      ['10.40.0.3', '10.0.0.53', 'portal.example.com', 'NOERROR', '198.51.100.7', '300.0'],
      ['10.20.0.7', '10.0.0.53', 'db.example.com', 'NOERROR', '10.60.0.9', '300.0'],
      ['10.30.0.9', '8.8.8.8', 'db.example.com', 'NXDOMAIN', '-', '-'],
    ].map(([client, resolver, name, code, address, ttl]) => {
      return [seconds(day), 'C1', client, 40_000, resolver, 53, 'udp', name, 'A', code, address, ttl];
    }),
  ),
);

const connLog = zeekLog(
  'conn',
  [...connColumns, ...byteColumns],
  days.map((day) => {
    return [seconds(day), 'C2', '10.30.0.9', 41_000, '8.8.8.8', 53, 'udp', 'dns', '0.01', 60, 120, 'SF', 'T', 'F'];
  }),
);

let flows: FlowFolder;
before(async () => {
  flows = await createFlowFolder({
    policy: { 'payments/api.yaml': policy, 'spaces.yaml': space },
    config: { inventory: './inventory.yaml' },
  });
  flows.write('inventory.yaml', inventory);
  const paths = [flows.write('access.log', proxyLog), flows.write('dns.log', dnsLog), flows.write('conn.log', connLog)];
  const end = await flows.run('flows', 'ingest', ...paths);
  assert.equal(end.code, 0, end.stderr);
});
after(() => flows?.remove());

async function readJson<T>(...args: readonly string[]): Promise<T> {
  const end = await flows.run('flows', ...args, '-o', 'json');
  assert.equal(end.code, 0, end.stderr);
  return JSON.parse(end.stdout) as T;
}

describe('exeat flows answers', () => {
  let answers: FlowAnswers;
  before(async () => {
    answers = await readJson<FlowAnswers>('answers');
  });

  test('says who must reach the internet, and how far the present policy goes', () => {
    const rows = answers.internet.map(({ service, need, connections, allowed }) => [
      service,
      need,
      connections,
      allowed,
    ]);
    assert.deepEqual(rows.sort(), [
      ['ci-runner', 'must_steady', 14, 0],
      ['payments-api', 'must_steady', 14, 1],
    ]);
  });

  test('says who should only reach few domains', () => {
    const rows = answers.specific.map(({ service, outcome, domains }) => [service, outcome, domains[0]?.domain]);
    assert.deepEqual(rows.sort(), [
      ['ci-runner', 'few_and_stable', 'npmjs.org'],
      ['payments-api', 'few_and_stable', 'example.com'],
    ]);
  });

  test('says which registries CI touches', () => {
    assert.deepEqual(
      answers.registries.byBuild.map(({ service, destination, what, days: seen }) => [
        service,
        destination,
        what,
        seen,
      ]),
      [['ci-runner', 'registry.npmjs.org', 'npm', 14]],
    );
  });

  test('shows a horizon split by client at one resolver, and one split by resolver, with who was told what', () => {
    const told = answers.resolution.splits.map(({ name, views }) => {
      return [name, views.map(({ side, resolver, clients, questions }) => [side, resolver, clients, questions])];
    });
    assert.deepEqual(told, [
      [
        'db.example.com',
        [
          ['inside', '10.0.0.53', ['10.20.0.7'], 14],
          ['missing', '8.8.8.8', ['10.30.0.9'], 14],
        ],
      ],
      [
        'portal.example.com',
        [
          ['inside', '10.0.0.53', ['10.20.0.7'], 14],
          ['outside', '10.0.0.53', ['10.40.0.3'], 14],
        ],
      ],
    ]);
  });

  test('shows who asks a resolver that nobody named', () => {
    assert.deepEqual(
      answers.resolution.others.map(({ service, resolver, port, via, connections }) => [
        service,
        resolver,
        port,
        via,
        connections,
      ]),
      [['ci-runner', '8.8.8.8', 53, 'dns', 14]],
    );
  });

  test('carries its coverage', () => {
    assert.deepEqual([answers.coverage.sources, answers.coverage.understoodShare], [3, 1]);
  });

  test('is sentences and tables for people, with coverage beside them', async () => {
    const end = await flows.run('flows', 'answers');
    assert.equal(end.code, 0, end.stderr);
    assert.match(end.stdout, /^Which services must reach the internet\?\nMust: 2 of 2 services;/);
    assert.match(end.stdout, /^1 build service: 1 registry or source host, and 1 other domain\./m);
    assert.match(end.stdout, /^2 names by 1 resolver; 2 names with other answers for others\./m);
    assert.match(end.stderr, /^# 3 sources, /);
  });

  test('is one row for each finding as CSV', async () => {
    const { stdout } = await flows.run('flows', 'answers', '-o', 'csv');
    assert.match(stdout, /^question,service,finding,destination,/);
    assert.match(stdout, /^registries,ci-runner,package-registry,registry\.npmjs\.org:443,npm,14,/m);
    assert.match(stdout, /^split,10\.40\.0\.3,outside,portal\.example\.com,198\.51\.100\.7,/m);
  });

  test('of a window before everything is empty', async () => {
    const empty = await readJson<FlowAnswers>('answers', '--until', '2026-10-01');
    assert.deepEqual([empty.internet, empty.specific, empty.resolution.splits], [[], [], []]);
  });
});

describe('exeat flows rank', () => {
  test('puts production first and says what to type', async () => {
    const { services } = await readJson<ServiceRanking>('rank');
    assert.deepEqual(
      services.map(({ service, environment, kind, next }) => [service, environment, kind, next?.command]),
      [
        ['payments-api', 'prod', 'app', 'exeat flows propose --shrink --service payments-api'],
        ['ci-runner', null, 'build', 'exeat flows propose --service ci-runner'],
      ],
    );
  });

  test('shows the parts of each score', async () => {
    const end = await flows.run('flows', 'rank');
    assert.equal(end.code, 0, end.stderr);
    assert.match(end.stdout, /^1 +payments-api +35\.0 +35\.0 +0\.0 +0\.0 +0\.0 +- +environment prod$/m);
    assert.match(end.stdout, /^Next:\n\n1\. payments-api: /m);
  });
});

test('a window that is no time is told with the mend', async () => {
  const end = await flows.run('flows', 'rank', '--since', 'lately');
  assert.equal(end.code, 1);
  assert.equal(
    end.stderr,
    'exeat: --since `lately` is no time: write `2026-11-01`, `2026-11-01T08:00:00Z` or how long ago, `30d`\n',
  );
});

describe('docs/guide/flow-map.md', () => {
  const page = readFileSync(join(repositoryFolder, 'docs/guide/flow-map.md'), 'utf8');

  test('has a query that any DuckDB runs on the lake as it lies there', async () => {
    const sql = /```sql\n([\s\S]*?)```/.exec(page)?.[1] ?? '';
    const instance = await DuckDBInstance.create(':memory:');
    const connection = await instance.connect();
    const reader = await connection.runAndReadAll(sql.replaceAll("'.exeat/", `'${flows.folder}/.exeat/`));
    connection.closeSync();
    instance.closeSync();
    assert.deepEqual(reader.getRowObjectsJson(), [
      { client: '10.30.0.9', destination: '8.8.8.8', port: 53, connections: '14', bytes_up: '840' },
      { client: '10.20.0.7', destination: 'bank-gateway.example.com', port: 443, connections: '14', bytes_up: null },
      { client: '10.30.0.9', destination: 'registry.npmjs.org', port: 443, connections: '14', bytes_up: null },
      { client: '10.30.0.9', destination: 'paste.example.net', port: 443, connections: '0', bytes_up: null },
    ]);
  });

  test('has an inventory that is read as it says', () => {
    const text = /```yaml\n(services:[\s\S]*?)```/.exec(page)?.[1] ?? '';
    const read = parseInventory(text, 'inventory.yaml');
    assert.ok(read.ok, read.ok ? '' : read.fault.message);
    assert.deepEqual(
      read.value.services.map(({ name, kind, sources }) => [name, kind, sources.length]),
      [
        ['payments-api', 'app', 2],
        ['squid', 'proxy', 1],
        ['dns', 'resolver', 1],
      ],
    );
  });

  const rows = [...page.matchAll(/^\| (`[a-z0-9-]+`(?:, `[a-z0-9-]+`)*) \| .* \| `([a-z0-9-]+)=(.+)` \|$/gm)];
  for (const [, names = '', id = '', grammar = ''] of rows) {
    test(`has a grammar of ${names} that compiles`, () => {
      assert.ok(names.includes(`\`${id}\``));
      const made = findLogFormat(id)?.createParser({ grammar, zone: { toEpochMs: (wallMs) => wallMs }, nowMs: 0 });
      assert.ok(made?.ok, made?.ok === false ? made.fault.message : 'no such format');
    });
  }

  test('has every format that has a grammar of its own', () => {
    const told = rows.flatMap(([, names = '']) => [...names.matchAll(/`([^`]+)`/g)].map(([, id = '']) => id));
    const own = logFormats.filter(({ grammar }) => grammar !== null).map(({ id }) => id);
    assert.deepEqual(told.sort(), [...own].sort());
  });

  test('has every table of address ranges', () => {
    const told = [...page.matchAll(/^\| `([a-z]+-ranges)` \|/gm)].map(([, id]) => id);
    assert.deepEqual(told.sort(), rangeFormats.map(({ id }) => id).sort());
  });
});
