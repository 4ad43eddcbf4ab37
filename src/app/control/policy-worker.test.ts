import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { Worker } from 'node:worker_threads';
import type { PolicyOpenings } from '../../policy/index.ts';
import { openStateFolder } from '../state-folder.ts';
import type {
  FromPolicyWorker,
  PolicyChangeNotice,
  PolicyOutcome,
  PolicyQuestion,
  ToPolicyWorker,
} from './policy-outcome.ts';

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
    worker.postMessage({ kind: 'look', isForced: true } satisfies ToPolicyWorker);
    for (;;) {
      const [said] = (await once(worker, 'message')) as [FromPolicyWorker];
      if (said.kind === 'outcome') return said.outcome;
      if (said.kind === 'change') worker.postMessage({ kind: 'go', refusal: null } satisfies ToPolicyWorker);
    }
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

test('a change that may not be noted does not come into force, and questions are answered by what is', async () => {
  const root = mkdtempSync(join(tmpdir(), 'exeat-worker-'));
  const policy = join(root, 'policy');
  const state = join(root, 'state');
  mkdirSync(policy);
  assert.ok(openStateFolder(state).ok);
  const worker = new Worker(new URL('./policy-worker.ts', import.meta.url), { workerData: { policy, state } });
  const told: PolicyChangeNotice[] = [];
  const look = async (refusal: string | null): Promise<PolicyOutcome> => {
    worker.postMessage({ kind: 'look', isForced: true } satisfies ToPolicyWorker);
    for (;;) {
      const [said] = (await once(worker, 'message')) as [FromPolicyWorker];
      if (said.kind === 'outcome') return said.outcome;
      if (said.kind !== 'change') continue;
      told.push(said.change);
      worker.postMessage({ kind: 'go', refusal } satisfies ToPolicyWorker);
    }
  };
  const ask = async (question: PolicyQuestion): Promise<unknown> => {
    worker.postMessage({ kind: 'question', id: 7, question } satisfies ToPolicyWorker);
    const [said] = (await once(worker, 'message')) as [FromPolicyWorker];
    return said.kind === 'answer' && said.answer.ok ? said.answer.value : said;
  };
  const query = { service: null, owner: null, destinations: null, nowMs: Date.now(), most: 10 };
  try {
    writeFileSync(join(policy, 'app.yaml'), service(Date.now() + 20 * dayMs));
    const first = await look(null);
    assert.ok(first.kind === 'written');
    assert.equal((await look('not asked again')).kind, 'written', 'the same policy is no change');
    writeFileSync(
      join(policy, 'app.yaml'),
      `${service(Date.now() + 20 * dayMs)}allow: [ { to: "a.example:443", reason: x } ]\n`,
    );
    const refused = await look('the log of acts cannot be written');
    assert.deepEqual(refused, { kind: 'refused', lines: ['the log of acts cannot be written'], faultCount: 1 });
    assert.deepEqual(
      told.map(({ before, isWidening, added }) => [before, isWidening, added.at(0)]),
      [
        [null, true, 'identity app credential:app'],
        [first.version, true, 'allow app/allow/a.example:443'],
      ],
    );
    const open = (await ask({ kind: 'openings', policyVersion: null, query })) as PolicyOpenings;
    assert.deepEqual(
      open.openings.map(({ id }) => id),
      ['app/observe'],
    );
  } finally {
    await worker.terminate();
    rmSync(root, { recursive: true });
  }
});
