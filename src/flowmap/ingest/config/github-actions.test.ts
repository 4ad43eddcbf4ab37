import assert from 'node:assert/strict';
import { test } from 'node:test';
import { collectDeclared } from '../../../../test/support/collect-observations.ts';
import { declaredOfFixture, readConfigFixture } from '../../../../test/support/declared-lines.ts';

test('actions, images, commands and allowed endpoints belong to the job, with the schedule of the workflow', () => {
  assert.deepEqual(declaredOfFixture('github-actions', 'workflow.yml', '.github/workflows/nightly.yml'), [
    '7 - https://mirror.example:443 MIRROR_URL stated 15 2 * * 1',
    '13 build https://ghcr.example:443 image stated 15 2 * * 1',
    '16 build https://registry-1.docker.io:443 image implied 15 2 * * 1',
    '16 build https://auth.docker.io:443 image implied 15 2 * * 1',
    '16 build https://production.cloudflare.docker.com:443 image implied 15 2 * * 1',
    '18 build https://github.com:443 uses implied 15 2 * * 1',
    '18 build https://api.github.com:443 uses implied 15 2 * * 1',
    '18 build https://codeload.github.com:443 uses implied 15 2 * * 1',
    '18 build https://agent.api.stepsecurity.io:443 uses implied 15 2 * * 1',
    '22 build -://api.partner.example:443 with.allowed-endpoints stated 15 2 * * 1',
    '22 build -://*.blobs.example:443 with.allowed-endpoints stated 15 2 * * 1',
    '25 build https://nodejs.org:443 uses implied 15 2 * * 1',
    '25 build https://registry.npmjs.org:443 uses implied 15 2 * * 1',
    '25 build https://raw.githubusercontent.com:443 uses implied 15 2 * * 1',
    '25 build https://objects.githubusercontent.com:443 uses implied 15 2 * * 1',
    '26 build https://registry.example:443 uses stated 15 2 * * 1',
    '30 build https://deploy.example:443 run found 15 2 * * 1',
    '31 build https://registry.example:5000 run stated 15 2 * * 1',
    '32 build https://registry.npmjs.org:443 run implied 15 2 * * 1',
    '33 build ssh://code.example:22 run found 15 2 * * 1',
    '12 build https://*.actions.githubusercontent.com:443 permissions.id-token implied 15 2 * * 1',
    '37 report https://pypi.corp.example:443 run found 15 2 * * 1',
  ]);
  assert.equal(
    collectDeclared('github-actions', '.github/workflows/nightly.yml', readConfigFixture('workflow.yml')).faults,
    0,
  );
});
