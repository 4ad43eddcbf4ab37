import assert from 'node:assert/strict';
import { test } from 'node:test';
import { collectDeclared } from '../../../../test/support/collect-observations.ts';
import { declaredOfFixture, readConfigFixture } from '../../../../test/support/declared-lines.ts';

test('images, added files, variables and commands are read, stages are not images', () => {
  assert.deepEqual(declaredOfFixture('dockerfile', 'build.Dockerfile'), [
    '3 - https://registry.example:5000 FROM stated',
    '5 - https://api.example:8443 API_URL stated',
    '6 - https://files.example:443 ADD found',
    '7 - https://ghcr.example:443 COPY stated',
    '9 - https://get.example:443 RUN found',
    '9 - https://deb.debian.org:443 RUN implied',
    '12 - https://npm.example:443 RUN found',
    '13 - https://pypi.org:443 RUN implied',
    '13 - https://files.pythonhosted.org:443 RUN implied',
    '16 - -://otlp.example:4317 ENTRYPOINT stated',
  ]);
  assert.equal(collectDeclared('dockerfile', 'build.Dockerfile', readConfigFixture('build.Dockerfile')).faults, 0);
});
