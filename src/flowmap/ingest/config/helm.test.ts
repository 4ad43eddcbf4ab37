import assert from 'node:assert/strict';
import { test } from 'node:test';
import { collectDeclared } from '../../../../test/support/collect-observations.ts';
import { declaredOfFixture, readConfigFixture } from '../../../../test/support/declared-lines.ts';

test('dependencies of a chart name their repositories', () => {
  assert.deepEqual(declaredOfFixture('helm', 'chart/Chart.yaml'), [
    '8 - https://charts.example:443 dependencies.repository stated',
    '11 - oci://registry.example:443 dependencies.repository stated',
  ]);
  assert.equal(collectDeclared('helm', 'chart/Chart.yaml', readConfigFixture('chart/Chart.yaml')).faults, 0);
});

test('values name images in parts, hosts with their ports, and named values', () => {
  assert.deepEqual(declaredOfFixture('helm', 'chart/values.yaml'), [
    '3 - https://registry.example:443 image stated',
    '6 - https://registry-1.docker.io:443 sidecar.image implied',
    '6 - https://auth.docker.io:443 sidecar.image implied',
    '6 - https://production.cloudflare.docker.com:443 sidecar.image implied',
    '10 - -://db.example:5433 externalDatabase.host stated',
    '14 - https://otlp.example:4318 tracing.endpoint stated',
    '17 - https://hooks.example:443 WEBHOOK_URL stated',
  ]);
  assert.equal(collectDeclared('helm', 'chart/values.yaml', readConfigFixture('chart/values.yaml')).faults, 0);
});

test('literal parts of a template are read, actions are holes', () => {
  assert.deepEqual(declaredOfFixture('helm', 'chart/deployment.yaml', 'chart/templates/deployment.yaml'), [
    '11 - https://registry.example:443 image stated',
    '14 - https://licence.example:443 LICENCE_URL stated',
    '16 - https://*.api.example:443 REGION_URL stated',
    '21 - -://debug.example:9000 DEBUG_HOST stated',
  ]);
  assert.equal(
    collectDeclared('helm', 'chart/templates/deployment.yaml', readConfigFixture('chart/deployment.yaml')).faults,
    0,
  );
});
