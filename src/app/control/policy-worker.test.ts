import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { Worker } from 'node:worker_threads';
import { openStateFolder } from '../state-folder.ts';
import type { PolicyOutcome } from './policy-outcome.ts';

const dayMs = 86_400_000;

function service(observeUntil: number): string {
  return [
    'apiVersion: exeat/v1',
    'service: app',
    'owner: team-app',
    'kind: app',
    'mode: observe',
    `observeUntil: ${new Date(observeUntil).toISOString().slice(0, 10)}`,
    'identities: [ "credential:app" ]',
    '',
  ].join('\n');
}

test('endless observe: a policy that observes for more than 30 days does not come into force', async () => {
  const root = mkdtempSync(join(tmpdir(), 'exeat-worker-'));
  const policy = join(root, 'policy');
  const state = join(root, 'state');
  mkdirSync(policy);
  assert.ok(openStateFolder(state).ok);
  const worker = new Worker(new URL('./policy-worker.ts', import.meta.url), { workerData: { policy, state } });
  const look = async (): Promise<PolicyOutcome> => {
    worker.postMessage({ isForced: true });
    const [outcome] = (await once(worker, 'message')) as [PolicyOutcome];
    return outcome;
  };
  try {
    writeFileSync(join(policy, 'app.yaml'), service(Date.now() + 40 * dayMs));
    const refused = await look();
    assert.equal(refused.kind, 'refused');
    assert.match(JSON.stringify(refused), /app\.yaml:1:1: observe for `app` ends on .* only/);
    writeFileSync(join(policy, 'app.yaml'), service(Date.now() + 20 * dayMs));
    assert.equal((await look()).kind, 'written');
  } finally {
    await worker.terminate();
    rmSync(root, { recursive: true });
  }
});
