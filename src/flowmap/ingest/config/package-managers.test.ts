import assert from 'node:assert/strict';
import { test } from 'node:test';
import { collectDeclared } from '../../../../test/support/collect-observations.ts';
import { declaredOfFixture, readConfigFixture } from '../../../../test/support/declared-lines.ts';

test('.npmrc names registries and no token', () => {
  assert.deepEqual(declaredOfFixture('package-managers', 'pkg/.npmrc'), [
    '1 - https://npm.example:443 registry stated',
    '2 - https://npm.corp.example:443 @corp:registry stated',
  ]);
  assert.equal(collectDeclared('package-managers', 'pkg/.npmrc', readConfigFixture('pkg/.npmrc')).faults, 0);
});

test('package.json implies the default registry and names dependencies by URL', () => {
  assert.deepEqual(declaredOfFixture('package-managers', 'pkg/package.json'), [
    '10 - https://publish.example:443 publishConfig.registry stated',
    '6 - https://git.example:443 dependencies stated',
    '7 - https://files.example:443 dependencies stated',
    '1 - https://registry.npmjs.org:443 - implied',
  ]);
  assert.equal(
    collectDeclared('package-managers', 'pkg/package.json', readConfigFixture('pkg/package.json')).faults,
    0,
  );
});

test('a lock file tells each host once, with its first line', () => {
  assert.deepEqual(declaredOfFixture('package-managers', 'pkg/package-lock.json'), [
    '5 - https://npm.example:443 resolved stated',
    '12 - ssh://git.example:22 resolved stated',
  ]);
  assert.equal(
    collectDeclared('package-managers', 'pkg/package-lock.json', readConfigFixture('pkg/package-lock.json')).faults,
    0,
  );
});

test('pip.conf names its indexes without their password', () => {
  assert.deepEqual(declaredOfFixture('package-managers', 'pkg/pip.conf'), [
    '2 - https://pypi.corp.example:443 index-url stated',
    '3 - https://extra.example:443 extra-index-url stated',
  ]);
  assert.equal(collectDeclared('package-managers', 'pkg/pip.conf', readConfigFixture('pkg/pip.conf')).faults, 0);
});

test('requirements imply the default index beside an extra one', () => {
  assert.deepEqual(declaredOfFixture('package-managers', 'pkg/requirements.txt'), [
    '2 - https://extra.example:443 --extra-index-url stated',
    '4 - https://git.example:443 - found',
    '1 - https://pypi.org:443 - implied',
    '1 - https://files.pythonhosted.org:443 - implied',
  ]);
  assert.equal(
    collectDeclared('package-managers', 'pkg/requirements.txt', readConfigFixture('pkg/requirements.txt')).faults,
    0,
  );
});

test('a primary source of pyproject.toml takes the place of the default index', () => {
  assert.deepEqual(declaredOfFixture('package-managers', 'pkg/pyproject.toml'), [
    '3 - https://files.example:443 project.dependencies stated',
    '8 - https://pypi.corp.example:443 tool.poetry.source.url stated',
  ]);
  assert.equal(
    collectDeclared('package-managers', 'pkg/pyproject.toml', readConfigFixture('pkg/pyproject.toml')).faults,
    0,
  );
});

test('Maven settings name mirrors and proxies, and no server', () => {
  assert.deepEqual(declaredOfFixture('package-managers', 'pkg/settings.xml'), [
    '7 - https://maven.example:443 mirror.url stated',
    '13 - -://proxy.example:3128 proxy.host stated',
  ]);
  assert.equal(
    collectDeclared('package-managers', 'pkg/settings.xml', readConfigFixture('pkg/settings.xml')).faults,
    0,
  );
});

test('a pom names repositories and neither its home nor its licence', () => {
  assert.deepEqual(declaredOfFixture('package-managers', 'pkg/pom.xml'), [
    '7 - https://maven.example:443 repository.url stated',
    '1 - https://repo.maven.apache.org:443 - implied',
  ]);
  assert.equal(collectDeclared('package-managers', 'pkg/pom.xml', readConfigFixture('pkg/pom.xml')).faults, 0);
});

test('Gradle repositories replace the default ones', () => {
  assert.deepEqual(declaredOfFixture('package-managers', 'pkg/build.gradle'), [
    '3 - https://maven.example:443 repositories stated',
  ]);
  assert.equal(
    collectDeclared('package-managers', 'pkg/build.gradle', readConfigFixture('pkg/build.gradle')).faults,
    0,
  );
});

test('nuget.config names sources and no credential', () => {
  assert.deepEqual(declaredOfFixture('package-managers', 'pkg/nuget.config'), [
    '4 - https://nuget.example:443 packageSources stated',
  ]);
  assert.equal(
    collectDeclared('package-managers', 'pkg/nuget.config', readConfigFixture('pkg/nuget.config')).faults,
    0,
  );
});

test('a Gemfile names its source and repositories', () => {
  assert.deepEqual(declaredOfFixture('package-managers', 'pkg/Gemfile'), [
    '1 - https://gems.example:443 source stated',
    '2 - https://git.example:443 source stated',
  ]);
  assert.equal(collectDeclared('package-managers', 'pkg/Gemfile', readConfigFixture('pkg/Gemfile')).faults, 0);
});

test('Cargo configuration names the registry in place of the default one', () => {
  assert.deepEqual(declaredOfFixture('package-managers', 'pkg/.cargo/config.toml'), [
    '4 - https://crates.example:443 source.corp.registry stated',
  ]);
  assert.equal(
    collectDeclared('package-managers', 'pkg/.cargo/config.toml', readConfigFixture('pkg/.cargo/config.toml')).faults,
    0,
  );
});

test('go.mod implies the module proxy and the hosts of module paths', () => {
  assert.deepEqual(declaredOfFixture('package-managers', 'pkg/go.mod'), [
    '6 - https://go.vanity.example:443 require implied',
    '7 - https://code.example:443 require implied',
    '1 - https://proxy.golang.org:443 - implied',
    '1 - https://sum.golang.org:443 - implied',
  ]);
  assert.equal(collectDeclared('package-managers', 'pkg/go.mod', readConfigFixture('pkg/go.mod')).faults, 0);
});

test('composer.json can put the default repository aside', () => {
  assert.deepEqual(declaredOfFixture('package-managers', 'pkg/composer.json'), [
    '2 - https://composer.example:443 repositories.url stated',
  ]);
  assert.equal(
    collectDeclared('package-managers', 'pkg/composer.json', readConfigFixture('pkg/composer.json')).faults,
    0,
  );
});

test('apt sources name their mirrors', () => {
  assert.deepEqual(declaredOfFixture('package-managers', 'pkg/sources.list'), [
    '2 - http://mirror.example:80 deb stated',
    '3 - https://src.example:8443 deb-src stated',
  ]);
  assert.equal(
    collectDeclared('package-managers', 'pkg/sources.list', readConfigFixture('pkg/sources.list')).faults,
    0,
  );
});
