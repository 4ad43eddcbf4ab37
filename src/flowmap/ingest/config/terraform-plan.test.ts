import assert from 'node:assert/strict';
import { test } from 'node:test';
import { collectDeclared } from '../../../../test/support/collect-observations.ts';
import { declaredLines, declaredOfFixture, readConfigFixture } from '../../../../test/support/declared-lines.ts';

test('typed picks, nested JSON and child modules are read, sensitive values are not', () => {
  assert.deepEqual(declaredOfFixture('terraform-plan', 'plan.json'), [
    '14 api https://ghcr.example:443 image stated',
    '14 api -://db.example:5433 DB_HOST stated',
    '14 api redis://cache.example:6380 REDIS_URL stated',
    '23 - -://main.db.example:5432 address stated',
    '40 - -://*.updates.example:- targets stated',
    '40 - -://time.example.net:- targets stated',
    '53 - https://s3.eu-west-1.amazonaws.com:443 service_name implied',
    '67 relay -://smtp.example:587 values.smtp.host stated',
    '66 relay https://charts.example:443 repository stated',
    '76 - ssh://code.example:22 source stated',
  ]);
  assert.equal(collectDeclared('terraform-plan', 'plan.json', readConfigFixture('plan.json')).faults, 0);
});
test('a state file and the changes of a plan leave out what they mark as sensitive', () => {
  const attributes = { address: 'db.example', port: 5433, secret_url: 'https://hidden.example' };
  const state = {
    version: 4,
    terraform_version: '1.9.5',
    serial: 1,
    lineage: 'x',
    resources: [
      {
        type: 'aws_db_instance',
        name: 'main',
        instances: [{ attributes, sensitive_attributes: [[{ type: 'get_attr', value: 'secret_url' }]] }],
      },
    ],
  };
  const changes = {
    format_version: '1.2',
    resource_changes: [
      {
        type: 'aws_db_instance',
        name: 'main',
        change: { after: attributes, after_sensitive: { secret_url: true } },
      },
    ],
  };
  for (const text of [JSON.stringify(state), JSON.stringify(changes)]) {
    assert.deepEqual(declaredLines('terraform-plan', 'x.json', text), ['1 - -://db.example:5433 address stated']);
  }
});
