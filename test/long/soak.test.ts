import assert from 'node:assert/strict';
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { createLoadGenerator, type LoadGenerator, type LoadTarget } from '../../bench/load.ts';
import { startProduct } from '../support/product.ts';
import { basicProof } from '../support/raw-client.ts';
import { skipUnless, testScale } from '../support/requires.ts';

const connections = Math.round(200_000 * testScale());
const tunnels = Math.round(2000 * testScale());
const preload = pathToFileURL(join(import.meta.dirname, '../support/collect-on-signal.mjs')).href;

test(`${connections} connections and ${tunnels} live tunnels leave no descriptor and at most 10 % more memory`, {
  skip: skipUnless('compiler'),
  timeout: 600_000,
}, async (context) => {
  const generator = await createLoadGenerator();
  const product = await startProduct({
    policy: { 'soak.yaml': policy(generator.originPort) },
    credentials: ['soak'],
    config: {
      hosts: { 'origin.example': '127.0.0.1' },
      localOrigins: [`127.0.0.1:${generator.originPort}`],
      limits: { perPrincipal: 8000 },
    },
    env: { NODE_OPTIONS: `--import ${preload}` },
  });
  try {
    const target = {
      port: product.proxyPort,
      host: 'origin.example',
      proof: basicProof('soak', product.secretOf('soak')),
    };
    await soak(generator, target, product.report.pids.point ?? 0, (text) => context.diagnostic(text));
  } finally {
    await product.stop();
    await generator.close();
  }
});

async function soak(
  generator: LoadGenerator,
  target: LoadTarget,
  point: number,
  tell: (text: string) => void,
): Promise<void> {
  await load(generator, target, 2000);
  const descriptors = await settled(() => readdirSync(`/proc/${point}/fd`).length);
  await load(generator, target, connections / 10);
  const first = await memoryAfterCollection(point);
  const held = await generator.idle(target, tunnels);
  await load(generator, target, (connections * 9) / 10);
  await held.release();
  const left = await settled(() => readdirSync(`/proc/${point}/fd`).length, descriptors);
  const last = await memoryAfterCollection(point);
  const growth = last / first - 1;
  tell(
    `soak: RSS ${mebibytes(first)} -> ${mebibytes(last)} MiB (${(growth * 100).toFixed(1)} %), descriptors ${descriptors} -> ${left}`,
  );
  assert.ok(left <= descriptors, `${left - descriptors} descriptors are left: ${openFiles(point).join(', ')}`);
  assert.ok(growth <= 0.1, `memory grew by ${(growth * 100).toFixed(1)} %`);
}

async function load(generator: LoadGenerator, target: LoadTarget, count: number): Promise<void> {
  let done = 0;
  while (done < count) {
    const result = await generator.rate(target, 64, 2);
    assert.ok(result.broken <= result.done / 1000, `${result.broken} of ${result.done} exchanges broke`);
    done += result.done;
  }
}

/** Waits until a count stays the same for two seconds and is no more than `most`, at most 20 s; gives the last count. */
async function settled(count: () => number, most = Number.POSITIVE_INFINITY): Promise<number> {
  let last = count();
  for (let round = 0; round < 10; round += 1) {
    await sleep(2000);
    const now = count();
    if (now === last && now <= most) return now;
    last = now;
  }
  return last;
}

function openFiles(pid: number): readonly string[] {
  return readdirSync(`/proc/${pid}/fd`).map((fd) => readlinkSync(`/proc/${pid}/fd/${fd}`));
}

async function memoryAfterCollection(pid: number): Promise<number> {
  process.kill(pid, 'SIGUSR2');
  await sleep(1500);
  process.kill(pid, 'SIGUSR2');
  await sleep(1500);
  const kibibytes = /^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
  return Number(kibibytes) * 1024;
}

function mebibytes(bytes: number): string {
  return (bytes / 2 ** 20).toFixed(1);
}

function policy(originPort: number): string {
  return [
    'apiVersion: exeat/v1',
    'service: soak',
    'owner: team-soak',
    'kind: app',
    'mode: enforce',
    'identities: [ "credential:soak" ]',
    'allow:',
    `  - { to: "origin.example:${originPort}", reason: the origin of the soak test }`,
    '',
  ].join('\n');
}
