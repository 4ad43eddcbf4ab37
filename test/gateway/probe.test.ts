import assert from 'node:assert/strict';
import type { ChildProcess } from 'node:child_process';
import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { at, type GatewayBed, openGatewayBed, until } from '../support/gateway-bed.ts';
import { startGatewayProduct, startIn, startTlsOrigin } from '../support/gateway-product.ts';
import { exeatWords } from '../support/probe-network.ts';
import type { RunningProduct } from '../support/product.ts';
import { skipUnless } from '../support/requires.ts';

// `exeat probe` inside a workload behind our own gateway; its canary is outside, where nothing may be reached.

interface Card {
  readonly open: number;
  readonly closed: number;
  readonly untested: number;
  readonly ways: readonly { readonly way: string; readonly result: string; readonly ended: string }[];
}

const bank = 'bank.example.com';
/** Ways of this machine, which no gateway closes. */
const isLocal = (way: string): boolean => /^local-/.test(way);

describe('a probe behind the gateway', { skip: skipUnless('root', 'ip', 'nft', 'perl', 'openssl') }, () => {
  let bed: GatewayBed;
  let product: RunningProduct;
  let tls: ChildProcess;
  let web: ChildProcess;
  let canary: { readonly child: ChildProcess; readonly said: () => readonly string[] };

  before(async () => {
    bed = await openGatewayBed();
    writeFileSync(join(bed.folder, 'resolv.conf'), `nameserver ${at.gateway[4]}\noptions timeout:1 attempts:1\n`);
    tls = await startTlsOrigin(bed, [bank], `${at.origin[4]}:443`);
    const http = `require('node:http').createServer((q, s) => s.end('the bank')).listen(80, '${at.origin[4]}', () => console.log('on'))`;
    web = (await startIn(bed, 'origin', [process.execPath, '-e', http])).child;
    const listens = [at.far[4], at.far[6]].flatMap((address) => ['--listen', address]);
    canary = await startIn(bed, 'origin', exeatWords('probe', 'canary', ...listens, '-o', 'json'));
    product = await startGatewayProduct(bed, {
      policy: policyFor([]),
      hosts: { [bank]: at.origin[4], 'canary.example.com': [at.far[4], at.far[6]] },
    });
  });
  after(async () => {
    await product?.stop();
    canary?.child.kill('SIGKILL');
    for (const child of [tls, web]) child?.kill('SIGKILL');
    await bed?.close();
  });

  const probe = async (...more: readonly string[]): Promise<{ readonly card: Card; readonly code: number }> => {
    const { code, stdout, stderr } = await runAsWorkload(bed, [
      ...['probe', '--canary', 'canary.example.com', '--allowed', bank, '--zone', 'zone.example', '-o', 'json'],
      ...[at.far[4], at.far[6]].flatMap((address) => ['--canary-address', address]),
      ...['--timeout', '500ms', ...more],
    ]);
    assert.notEqual(stdout, '', stderr);
    return { card: JSON.parse(stdout) as Card, code };
  };

  test('finds nothing open of what leaves the workload, and the canary hears of nothing', async (context) => {
    const { card, code } = await probe();
    context.diagnostic(`${card.open} open, ${card.closed} closed, ${card.untested} untested`);
    const open = card.ways.filter(({ way, result }) => result === 'open' && !isLocal(way)).map(({ way }) => way);
    assert.deepEqual(open, []);
    if (card.open === 0) assert.equal(code, 0);
    assert.ok(card.closed >= 80, `${card.closed} closed`);
    assert.equal(canary.said().length, 1, canary.said().join('\n'));
  });

  test('finds a hole that was made on purpose, and ends with 9', async () => {
    await product.changePolicy('workload.yaml', policyFor([`tcp://${at.far[4]}:22`]));
    const isOpen = async (): Promise<boolean> =>
      (await bed.exec('gateway', ['nft', 'list', 'set', 'inet', 'exeat', 'openone4'])).includes(at.far[4]);
    await until(isOpen, 'the hole');
    const { card, code } = await probe('--only', 'tcp');
    const found = card.ways.filter(({ result }) => result === 'open').map(({ way }) => way);
    assert.deepEqual([code, card.open, found], [9, 1, ['tcp-22']]);
    assert.ok(
      canary.said().some((line) => line.includes('"way":"tcp-22"')),
      'the canary tells the same',
    );
  });
});

function policyFor(more: readonly string[]): string {
  const rules = more.map((to) => `  - { to: "${to}", reason: a hole on purpose }\n`).join('');
  return `apiVersion: exeat/v1
service: workload
owner: team-workload
kind: app
mode: enforce
identities: [ "source:${at.workload[4]}/32", "source:${at.workload[6]}/128" ]
allow:
  - { to: "${bank}:443", reason: the bank }
  - { to: "http://${bank}:80", reason: the bank without TLS }
${rules}`;
}

// With a resolver of its own, and without the sockets of this machine.
function runAsWorkload(
  bed: GatewayBed,
  words: readonly string[],
): Promise<{ readonly code: number; readonly stdout: string; readonly stderr: string }> {
  const script = `mount --bind ${bed.folder}/resolv.conf /etc/resolv.conf && mount -t tmpfs tmpfs /run && exec "$@"`;
  const command = ['netns', 'exec', bed.names.workload, '/bin/sh', '-c', script, 'sh', ...exeatWords(...words)];
  const env = { PATH: process.env['PATH'] ?? '' };
  return new Promise((resolve) => {
    execFile('ip', command, { timeout: 60_000, maxBuffer: 4 * 2 ** 20, env }, (error, stdout, stderr) =>
      resolve({ code: error === null ? 0 : Number(error.code ?? 1), stdout, stderr }),
    );
  });
}
