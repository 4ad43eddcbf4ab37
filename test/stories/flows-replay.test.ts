import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { runCli } from '../../src/cli/index.ts';

const dir = mkdtempSync(join(tmpdir(), 'exeat-replay-'));
after(() => rmSync(dir, { recursive: true, force: true }));

/** A line of Squid's native log: who connected where, when (seconds after 2026-11-02 08:00 UTC), with which result. */
function squidLine(seconds: number, client: string, to: string, result = 'TCP_TUNNEL/200'): string {
  const address = result.startsWith('TCP_DENIED') ? 'HIER_NONE/-' : 'HIER_DIRECT/203.0.113.7';
  return `${1793606400 + seconds}.277 387 ${client} ${result} 1000 CONNECT ${to} - ${address} -`;
}

const log = [
  squidLine(0, '10.20.0.7', 'bank.example.com:443'),
  squidLine(60, '10.20.0.7', 'bank.example.com:443'),
  squidLine(90, '10.20.0.7', 'schemes.example.net:443'),
  squidLine(120, '10.20.0.7', 'evil.example.org:443', 'TCP_DENIED/403'),
  squidLine(86_400, '10.30.0.9', 'registry.example.net:443'),
];

const head = (name: string, source: string): string =>
  `apiVersion: exeat/v1\nservice: ${name}\nowner: team-${name}\nkind: app\nidentities: [ "source:${source}" ]\n`;
const rule = (to: string, reason = 'needed for the work of the day'): string =>
  `  - { to: "${to}", reason: ${reason} }\n`;

const policies = {
  fitting: `${head('payments', '10.20.0.0/24')}allow:\n${rule('bank.example.com:443')}${rule('@schemes')}---
${head('build', '10.30.0.0/24')}allow:\n${rule('registry.example.net:443')}${rule('never.example.net:443')}---
apiVersion: exeat/v1\ndestinations: schemes\nowner: team-cards\nmembers: [ "schemes.example.net:443", "rules.example.net:443" ]\n`,
  proposal: `${head('payments', '10.20.0.0/24')}allow:\n${rule('bank.example.com:443', 'TODO')}${rule('schemes.example.net:443', 'TODO')}---
${head('build', '10.30.0.0/24').replace('team-build', 'unassigned')}allow:\n${rule('registry.example.net:443', 'TODO')}`,
  narrow: `${head('payments', '10.20.0.0/24')}allow:\n${rule('bank.example.com:443')}`,
  observed: `${head('payments', '10.20.0.0/24')}mode: observe\nobserveUntil: 2026-12-01\nallow:\n${rule('bank.example.com:443')}---
${head('build', '10.30.0.0/24')}allow:\n${rule('registry.example.net:443')}`,
  moved: `${head('payments', '10.20.0.0/24')}allow:\n${rule('bank.example.com:443')}${rule('schemes.example.net:443')}---
${head('build', '10.99.0.0/24')}allow:\n${rule('registry.example.net:443')}`,
} as const;

before(async () => {
  writeFileSync(join(dir, 'access.log'), `${log.join('\n')}\n`);
  writeFileSync(join(dir, 'exeat.yaml'), 'policy: ./none\nstate: ./state\n');
  for (const [name, text] of Object.entries(policies)) {
    mkdirSync(join(dir, name));
    writeFileSync(join(dir, name, 'policy.yaml'), text);
  }
  const { code, errors } = await run('ingest', join(dir, 'access.log'));
  assert.equal(code, 0, errors);
});

test('a policy that allows all that was seen exits 0 and says which rules nobody used', async () => {
  const { code, report } = await replay('fitting');
  assert.equal(code, 0);
  assert.deepEqual(report.totals['allowed'], { edges: 3, connections: 4, bytes: 4000 });
  assert.deepEqual(
    report.rules.neverUsed.map(({ id }) => id),
    ['payments/allow/@schemes#rules.example.net:443', 'build/allow/never.example.net:443'],
  );
  assert.deepEqual(
    report.rules.used.map(({ id, connections }) => [id, connections]),
    [
      ['build/allow/registry.example.net:443', 1],
      ['payments/allow/@schemes#schemes.example.net:443', 1],
      ['payments/allow/bank.example.com:443', 2],
    ],
  );
});

test('what the sources refused themselves stands apart and breaks nothing', async () => {
  const { report } = await replay('fitting');
  assert.deepEqual(rowsOf(report.groups['denied_by_source']), [['payments', 'evil.example.org', 0, 'no_rule_matched']]);
});

test('a policy that would refuse something seen exits 2 and says whose, where to and why', async () => {
  const { code, report } = await replay('narrow');
  assert.equal(code, 2);
  assert.deepEqual(rowsOf(report.groups['would_be_denied']), [
    ['payments', 'schemes.example.net', 1, 'no_rule_matched'],
  ]);
  const [group] = report.groups['would_be_denied'] ?? [];
  assert.deepEqual([group?.owner, group?.ports, group?.bytesDown], ['team-payments', ['443'], 1000]);
  assert.deepEqual(rowsOf(report.groups['no_service']), [['10.30.0.9', 'registry.example.net', 1, 'identity_unknown']]);
});

test('clients that no service is break, unless only known ones count', async () => {
  const ofDay = ['--since', '2026-11-03', '--until', '2026-11-04'];
  assert.equal((await replay('narrow', ...ofDay)).code, 2);
  assert.equal((await replay('narrow', ...ofDay, '--known-only')).code, 0);
});

test('a service can be replayed alone', async () => {
  const { code, report } = await replay('fitting', '--service', 'build');
  assert.equal(code, 0);
  assert.deepEqual(report.totals['allowed'], { edges: 1, connections: 1, bytes: 1000 });
  assert.deepEqual(
    report.rules.neverUsed.map(({ id }) => id),
    ['build/allow/never.example.net:443'],
  );
});

test('what passes only while it is observed breaks when observing is over', async () => {
  const now = await replay('observed');
  assert.equal(now.code, 0);
  assert.deepEqual(rowsOf(now.report.groups['observed']), [['payments', 'schemes.example.net', 1, 'observed']]);
  const later = await replay('observed', '--enforced');
  assert.equal(later.code, 2);
  assert.deepEqual(rowsOf(later.report.groups['would_be_denied']), [
    ['payments', 'schemes.example.net', 1, 'no_rule_matched'],
  ]);
});

test('a proposal whose reasons are TODO is replayed, and refused by the check', async () => {
  assert.equal((await replay('proposal')).code, 0);
  const check = await exeat(['policy', 'check', join(dir, 'proposal'), '-o', 'json']);
  assert.equal(check.code, 1);
  assert.match(check.out, /reason_placeholder/);
});

test('beside another policy it tells what is newly denied, and exits 2 for it', async () => {
  const { code, report } = await replay('narrow', '--against', join(dir, 'fitting'));
  assert.equal(code, 2);
  assert.deepEqual(rowsOf(report.groups['newly_denied']), [
    ['10.30.0.9', 'registry.example.net', 1, 'identity_unknown'],
    ['payments', 'schemes.example.net', 1, 'no_rule_matched'],
  ]);
  assert.deepEqual(report.groups['newly_allowed'], []);
});

test('the other way round the same is newly allowed, and it exits 0', async () => {
  const { code, report } = await replay('fitting', '--against', join(dir, 'narrow'));
  assert.equal(code, 0);
  assert.deepEqual(rowsOf(report.groups['newly_allowed']), [
    ['build', 'registry.example.net', 1, 'rule_matched'],
    ['payments', 'schemes.example.net', 1, 'rule_matched'],
  ]);
  assert.deepEqual(report.groups['newly_denied'], []);
});

test('a service that the new policy knows by another range loses what was seen from the old one', async () => {
  const { code, report } = await replay('moved', '--against', join(dir, 'fitting'));
  assert.equal(code, 2);
  assert.deepEqual(rowsOf(report.groups['newly_denied']), [
    ['10.30.0.9', 'registry.example.net', 1, 'identity_unknown'],
  ]);
});

test('people get a table with what would break first, programs a list', async () => {
  const table = await run('replay', '--policy', join(dir, 'narrow'));
  assert.match(table.out, /^would be denied\nSERVICE +OWNER +DESTINATION/);
  assert.match(table.out, /name its address in the inventory/);
  assert.match(table.errors, /# 1 sources, 5 lines/);
  const csv = await run('replay', '--policy', join(dir, 'narrow'), '-o', 'csv');
  assert.match(csv.out, /\r\nwould_be_denied,payments,team-payments,schemes\.example\.net,443,/);
});

test('a folder without policy, and none at all, are said so', async () => {
  mkdirSync(join(dir, 'empty'));
  const empty = await run('replay', '--policy', join(dir, 'empty'));
  assert.deepEqual([empty.code, /holds no policy documents/.test(empty.errors)], [1, true]);
  const none = await run('replay');
  assert.equal(none.code, 1);
});

interface Group {
  readonly service: string;
  readonly owner: string | null;
  readonly destination: string;
  readonly ports: readonly string[];
  readonly connections: number;
  readonly bytesDown: number | null;
  readonly reasons: readonly string[];
}

interface Report {
  readonly totals: Readonly<Record<string, unknown>>;
  readonly groups: Readonly<Record<string, readonly Group[]>>;
  readonly rules: {
    readonly used: readonly { readonly id: string; readonly connections: number }[];
    readonly neverUsed: readonly { readonly id: string }[];
  };
}

function rowsOf(groups: readonly Group[] | undefined): readonly (readonly (string | number)[])[] {
  return (groups ?? []).map(({ service, destination, connections, reasons }) => [
    service,
    destination,
    connections,
    reasons.join(),
  ]);
}

async function replay(
  policy: keyof typeof policies,
  ...more: readonly string[]
): Promise<{ code: number; report: Report }> {
  const { code, out, errors } = await run('replay', '--policy', join(dir, policy), '-o', 'json', ...more);
  assert.notEqual(out, '', errors);
  return { code, report: JSON.parse(out) as Report };
}

function run(...words: readonly string[]): ReturnType<typeof exeat> {
  return exeat(['flows', ...words, '--config', join(dir, 'exeat.yaml')]);
}

async function exeat(
  words: readonly string[],
): Promise<{ readonly code: number; readonly out: string; readonly errors: string }> {
  let [out, errors] = ['', ''];
  const code = await runCli(words, {
    env: {},
    now: () => Date.UTC(2026, 10, 23),
    writeOut: (text) => {
      out += text;
    },
    writeError: (text) => {
      errors += text;
    },
  });
  return { code, out, errors };
}
