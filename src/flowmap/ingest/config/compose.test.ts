import assert from 'node:assert/strict';
import { test } from 'node:test';
import { collectDeclared } from '../../../../test/support/collect-observations.ts';
import { declaredOfFixture, readConfigFixture } from '../../../../test/support/declared-lines.ts';

test('environment as map, list and merged anchor, images, hosts and builds are read', () => {
  assert.deepEqual(declaredOfFixture('compose', 'compose.yaml'), [
    '2 web https://o1.sentry.example:443 SENTRY_DSN stated',
    '12 web -://own.example:- METRICS_HOST stated',
    '15 web -://pay.example:8443 PAY_HOST stated',
    '7 web https://git.example:443 build.context stated',
    '9 web https://npm.example:443 NPM_REGISTRY stated',
    '18 web -://legacy.example:- extra_hosts.host stated',
    '18 web -://203.0.113.20:- extra_hosts.address stated',
    '25 api postgres://db.example:5432 DATABASE_URL stated',
    '27 api -://kafka1.example:9092 BROKERS stated',
    '27 api -://kafka2.example:9092 BROKERS stated',
    '23 api https://registry.example:5000 image stated',
    '28 api https://up.example:443 command stated',
    '2 db https://o1.sentry.example:443 SENTRY_DSN stated',
    '3 db -://metrics.example:- METRICS_HOST stated',
    '30 db https://registry-1.docker.io:443 image implied',
    '30 db https://auth.docker.io:443 image implied',
    '30 db https://production.cloudflare.docker.com:443 image implied',
  ]);
  assert.equal(collectDeclared('compose', 'compose.yaml', readConfigFixture('compose.yaml')).faults, 0);
});
