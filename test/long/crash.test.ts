import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { createLoadGenerator, type LoadTarget } from '../../bench/load.ts';
import { askConnect } from '../support/ask-proxy.ts';
import { childOf } from '../support/kill-child.ts';
import { type RunningProduct, readyVersion, startProduct, waitFor } from '../support/product.ts';
import { basicProof } from '../support/raw-client.ts';
import { skipUnless, testScale } from '../support/requires.ts';

const kills = Math.round(60 * testScale());

test(`${kills} kills of the point and of control under load leave a whole spool, the policy in force and no opening`, {
  skip: skipUnless('compiler'),
  timeout: 1_200_000,
}, async (context) => {
  const generator = await createLoadGenerator();
  const product = await startProduct({
    policy: { 'crash.yaml': policy(generator.originPort) },
    credentials: ['crash'],
    config: {
      hosts: { 'origin.example': '127.0.0.1' },
      localOrigins: [`127.0.0.1:${generator.originPort}`],
      decisions: { rotateSize: '256KiB', budget: '64MiB' },
    },
  });
  try {
    const proof = basicProof('crash', product.secretOf('crash'));
    const target = { port: product.proxyPort, host: 'origin.example', proof };
    const version = await readyVersion(product.console);
    for (let round = 0; round < kills; round += 1) {
      const load = generator.rate(target, 16, 1);
      await sleep(100 + ((round * 137) % 700));
      const name = round % 3 === 2 ? 'control' : 'point';
      process.kill(await waitFor(async () => childOf(product, name), `a child \`${name}\``, 20_000), 'SIGKILL');
      await load;
      await isServing(product, target, generator.originPort);
    }
    await waitFor(
      async () => (await readyVersion(product.console).catch(() => null)) === version,
      'the policy',
      15_000,
    );
    await sleep(500);
    const lines = spoolLines(join(product.state, 'spool'));
    context.diagnostic(`crash: ${lines.length} records after ${kills} kills`);
    checkRecords(lines);
  } finally {
    await product.stop();
    await generator.close();
  }
});

/** Allowed is allowed and denied is denied, as soon as something answers again. */
async function isServing(product: RunningProduct, target: LoadTarget, originPort: number): Promise<void> {
  const ask = (host: string): ReturnType<typeof askConnect> =>
    askConnect({ port: product.proxyPort, authority: `${host}:${originPort}`, proof: target.proof });
  const isAllowed = async (): Promise<boolean> => (await ask(target.host).catch(() => null))?.status === 200;
  await waitFor(isAllowed, 'an answer after the crash', 20_000);
  assert.equal((await ask('denied.example')).status, 403);
}

function spoolLines(folder: string): readonly string[] {
  const files = readdirSync(folder).filter((name) => name.endsWith('.ndjson'));
  assert.ok(files.length > 0, 'there are record files');
  return files.sort().flatMap((name) => readFileSync(join(folder, name), 'utf8').split('\n').slice(0, -1));
}

/** Every line is a whole record, ids are never given twice, and nothing closes that was not allowed before. */
function checkRecords(lines: readonly string[]): void {
  const ids = new Set<string>();
  const allowed = new Set<string>();
  for (const line of lines) {
    const record = JSON.parse(line);
    assert.ok(!ids.has(record.id), `the id ${record.id} stands twice`);
    ids.add(record.id);
    if (record.kind === 'verdict' && record.verdict === 'allow') allowed.add(record.flow);
    if (record.kind === 'close') assert.ok(allowed.has(record.flow), `the flow ${record.flow} closes without an allow`);
  }
}

function policy(originPort: number): string {
  return [
    'apiVersion: exeat/v1',
    'service: crash',
    'owner: team-crash',
    'kind: app',
    'mode: enforce',
    'identities: [ "credential:crash" ]',
    'allow:',
    `  - { to: "origin.example:${originPort}", reason: the origin of the crash test }`,
    '',
  ].join('\n');
}
