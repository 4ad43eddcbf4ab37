import assert from 'node:assert/strict';
import { test } from 'node:test';
import { collectDeclared } from '../../../../test/support/collect-observations.ts';
import { declaredOfFixture, readConfigFixture } from '../../../../test/support/declared-lines.ts';

test('images, services, scripts, variables and includes are read', () => {
  assert.deepEqual(declaredOfFixture('gitlab-ci', 'pipeline.gitlab-ci.yml'), [
    '7 - https://maven.example:443 MAVEN_URL stated',
    '5 - https://registry.example:443 image stated',
    '2 - https://ci.example:443 include.remote stated',
    '16 build https://registry-1.docker.io:443 image implied',
    '16 build https://auth.docker.io:443 image implied',
    '16 build https://production.cloudflare.docker.com:443 image implied',
    '18 build https://registry.example:5000 services stated',
    '21 build https://registry.npmjs.org:443 script implied',
    '22 build https://files.example:443 script found',
    '24 build -://target.example:- TARGET_HOST stated',
  ]);
  assert.equal(
    collectDeclared('gitlab-ci', 'pipeline.gitlab-ci.yml', readConfigFixture('pipeline.gitlab-ci.yml')).faults,
    0,
  );
});
