import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { createCollectingSink } from '../../../../test/support/collect-observations.ts';
import { readConfigFixture } from '../../../../test/support/declared-lines.ts';
import { configFormats } from '../../index.ts';

const fixtureFolder = join(import.meta.dirname, '../../../../test/fixtures/ingest/config');
const fixtures = readdirSync(fixtureFolder, { recursive: true, withFileTypes: true })
  .filter((entry) => entry.isFile())
  .map((entry) => join(entry.parentPath, entry.name).slice(fixtureFolder.length + 1));

/** Fixture, the path that it has in a repository, and the format that detection chooses. */
const detected: readonly (readonly [string, string, string])[] = [
  ['main.tf', 'infra/main.tf', 'terraform'],
  ['main.tf', 'infra/no-ending', 'terraform'],
  ['plan.json', 'plan.json', 'terraform-plan'],
  ['cluster.yaml', 'deploy/cluster.yaml', 'kubernetes'],
  ['cluster.yaml', 'deploy/values.yaml', 'kubernetes'],
  ['cluster.yaml', 'compose.yaml', 'kubernetes'],
  ['pods.json', 'pods.json', 'kubernetes'],
  ['instances.json', 'instances.json', 'cloud-inventory'],
  ['network-interfaces.json', 'eni.json', 'cloud-inventory'],
  ['gcloud-instances.json', 'vms.json', 'cloud-inventory'],
  ['azure-nics.json', 'nics.json', 'cloud-inventory'],
  ['chart/Chart.yaml', 'chart/Chart.yaml', 'helm'],
  ['chart/values.yaml', 'chart/values-prod.yaml', 'helm'],
  ['chart/deployment.yaml', 'chart/templates/deployment.yaml', 'helm'],
  ['compose.yaml', 'compose.yaml', 'compose'],
  ['compose.yaml', 'docker-compose.prod.yml', 'compose'],
  ['compose.yaml', 'stack.yml', 'compose'],
  ['settings.env', '.env.production', 'env-file'],
  ['settings.env', 'settings', 'env-file'],
  ['application.yml', 'src/main/resources/application-prod.yml', 'env-file'],
  ['appsettings.jsonc', 'appsettings.Production.json', 'env-file'],
  ['build.Dockerfile', 'Dockerfile', 'dockerfile'],
  ['build.Dockerfile', 'build/image', 'dockerfile'],
  ['workflow.yml', '.github/workflows/nightly.yml', 'github-actions'],
  ['workflow.yml', 'nightly.yml', 'github-actions'],
  ['pipeline.gitlab-ci.yml', '.gitlab-ci.yml', 'gitlab-ci'],
  ['pipeline.gitlab-ci.yml', 'ci/base.yml', 'gitlab-ci'],
  ['pkg/package.json', 'web/package.json', 'package-managers'],
  ['pkg/package-lock.json', 'package-lock.json', 'package-managers'],
  ['pkg/.npmrc', '.npmrc', 'package-managers'],
  ['pkg/settings.xml', '.m2/settings.xml', 'package-managers'],
  ['pkg/pyproject.toml', 'pyproject.toml', 'package-managers'],
  ['pkg/sources.list', 'etc/apt/sources.list', 'package-managers'],
  ['pkg/requirements.txt', 'requirements-dev.txt', 'package-managers'],
];

test('each kind of file is taken by its own format', () => {
  for (const [fixture, path, expected] of detected) {
    const text = readConfigFixture(fixture);
    const scores = configFormats.map((format) => [format.id, format.detect({ path, text })] as const);
    const [best] = scores.toSorted((a, b) => b[1] - a[1]);
    assert.equal(best?.[0], expected, `${path}: ${JSON.stringify(scores.filter(([, score]) => score > 0))}`);
    assert.ok((best?.[1] ?? 0) > 0.3, path);
  }
});

test('plain text is taken by no format', () => {
  for (const text of [
    '',
    'hello world',
    '2026-01-01T00:00:00Z a line of a log https://a.example',
    '{"a": 1}\n{"a": 2}',
  ]) {
    for (const format of configFormats)
      assert.equal(format.detect({ path: 'notes', text }), 0, `${format.id}: ${text}`);
  }
});

/** Every secret, user and path that the fixtures hold. */
const secrets =
  /hunter2|secret|p@ss|ss\.word|c2VjcmV0|tiger|scott|jane|doe|first\.last|evil|half\.example|hidden|services\/|commented|console/i;

test('no format lets a secret of any file out, by endpoints, leases or faults', () => {
  assert.ok(fixtures.length > 30);
  for (const path of fixtures) {
    const text = readConfigFixture(path);
    for (const format of configFormats) {
      const told = JSON.stringify(readAll(format.id, path, text), (key, value) => (key === 'file' ? '' : value));
      // A file read by a format that is not its own may lead to other hosts, never to a secret.
      const own =
        format.detect({ path, text }) > 0.5 ? secrets : /hunter2|p@ss|ss\.word|c2VjcmV0|tiger|jane|first\.last/;
      assert.doesNotMatch(told.replaceAll(/"key":"[^"]*"/g, ''), own, `${format.id} of ${path}`);
    }
  }
});

test('no format throws on arbitrary or mutated text, and what it declares has one form', () => {
  const texts = fixtures.map((path) => ({ path, text: readConfigFixture(path) }));
  const mutated = fc.record({
    fixture: fc.constantFrom(...texts),
    from: fc.double({ min: 0, max: 1, noNaN: true }),
    length: fc.integer({ min: 0, max: 60 }),
    insert: fc.oneof(
      fc.string({ unit: 'binary', maxLength: 12 }),
      fc.constantFrom('{', '}', '"', '$', '\n', '---\n', '<<EOF\n', '*a', '&a '),
    ),
    format: fc.constantFrom(...configFormats),
  });
  fc.assert(
    fc.property(mutated, fc.string({ maxLength: 200 }), ({ fixture, from, length, insert, format }, arbitrary) => {
      const at = Math.floor(from * fixture.text.length);
      assertReadWell(format.id, fixture.path, fixture.text.slice(0, at) + insert + fixture.text.slice(at + length));
      assertReadWell(format.id, fixture.path, arbitrary);
    }),
    { numRuns: 300 },
  );
});

function assertReadWell(id: string, path: string, text: string): void {
  for (const format of configFormats) {
    const score = format.detect({ path, text });
    assert.ok(score >= 0 && score <= 1, format.id);
  }
  const { declared, faults } = readAll(id, path, text);
  for (const { host, port, line } of declared) {
    assert.match(host, /^[a-z0-9._*:/-]+$/);
    assert.ok(port === null || (port > 0 && port <= 65_535));
    assert.ok(Number.isInteger(line) && line >= 1);
  }
  for (const { line, message } of faults) assert.ok(line >= 1 && message.length > 0);
}

test('aliases, nesting and endpoints are bounded', () => {
  const bomb = `a0: &a0 [x,x,x,x,x,x,x,x,x]\n${Array.from({ length: 9 }, (_, i) => `a${i + 1}: &a${i + 1} [${Array(9).fill(`*a${i}`).join(',')}]\n`).join('')}`;
  const rows: readonly (readonly [string, string, string])[] = [
    ['env-file', 'bomb.yaml', bomb],
    ['env-file', 'deep.yaml', '['.repeat(50_000)],
    ['env-file', 'deep.json', '['.repeat(500_000)],
    ['env-file', 'own.yaml', 'a: &a [*a, *a]'],
    ['terraform', 'deep.tf', 'a {\n'.repeat(50_000)],
    ['terraform', 'brackets.tf', `a = ${'['.repeat(50_000)}`],
    ['terraform', 'closing.tf', '}'.repeat(50_000)],
    ['package-managers', 'pom.xml', '<a>'.repeat(50_000)],
    ['package-managers', 'pyproject.toml', `a = ${'['.repeat(50_000)}`],
    ['env-file', 'many.env', Array.from({ length: 10_050 }, (_, i) => `A${i}=https://h${i}.example`).join('\n')],
    ['env-file', 'large.env', 'A=https://a.example\n'.repeat(900_000)],
  ];
  for (const [format, path, text] of rows) {
    const { declared, faults } = readAll(format, path, text);
    assert.ok(faults.length > 0 && faults.length <= 100, path);
    assert.ok(declared.length <= 10_000, path);
  }
  assert.equal(readAll('env-file', 'many.env', rows[9]?.[2] ?? '').declared.length, 10_000);
});

function readAll(id: string, path: string, text: string) {
  const format = configFormats.find((candidate) => candidate.id === id);
  assert.ok(format !== undefined);
  const sink = createCollectingSink();
  const { faults } = format.read({ path, text }, sink);
  return { declared: sink.declared, leases: sink.leases, faults };
}
