import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import type { VerdictRecord } from '../../src/policy/index.ts';
import { type NetNamespace, openNetNamespace } from '../support/net-namespace.ts';
import { type RunningProduct, startProduct } from '../support/product.ts';
import { skipUnless } from '../support/requires.ts';
import { type StubAuthority, startStubAuthority } from '../support/stub-authority.ts';

// A program that knows nothing of Exeat: getaddrinfo in a network namespace whose resolver is the filter, on port 53.

describe('a program in a network namespace', { skip: skipUnless('root', 'ip', 'getent', 'dig') }, () => {
  let namespace: NetNamespace;
  let authority: StubAuthority;
  let product: RunningProduct;
  let folder: string;
  let resolvConf: string;

  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'exeat-namespace-'));
    namespace = await openNetNamespace();
    authority = await startStubAuthority({
      'bank.example': { does: 'addresses', addresses: ['203.0.113.7', '2001:db8::7'] },
    });
    product = await startProduct({
      policy: { 'workload.yaml': policyFor(namespace.inside[0] ?? '') },
      config: {
        listen: { proxy: '127.0.0.1:0', console: '127.0.0.1:0', dns: `${namespace.outside}:53` },
        resolver: { servers: [authority.server] },
      },
    });
    resolvConf = join(folder, 'resolv.conf');
    writeFileSync(resolvConf, `nameserver ${namespace.outside}\nsearch corp.example\noptions timeout:2 attempts:1\n`);
  });
  after(async () => {
    await product?.stop();
    await authority?.close();
    await namespace?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  test('finds by getaddrinfo what its service may reach', async () => {
    const found = await namespace.run(['getent', 'ahosts', 'bank.example'], resolvConf);
    const addresses = found.stdout.split('\n').flatMap((line) => line.split(/\s+/)[0] || []);
    assert.deepEqual([...new Set(addresses)].sort(), ['2001:db8::7', '203.0.113.7'], found.stderr);
  });

  test('is told of nothing else, which is asked of nobody and recorded for the address that asked', async () => {
    const found = await namespace.run(['getent', 'ahosts', 'denied.example'], resolvConf);
    assert.deepEqual([found.code, found.stdout], [2, '']);
    assert.ok(!authority.asked().some(({ name }) => name.startsWith('denied.example')));
    const record = (await product.waitForRecord(
      (one) => one.kind === 'verdict' && one.destination?.host === 'denied.example',
    )) as VerdictRecord;
    assert.deepEqual(
      [record.verdict, record.principal?.service, record.source.replace(/:\d+$/, '')],
      ['deny', 'workload', namespace.inside[0]],
    );
  });

  test('from an address that no service has is refused', async () => {
    const words = ['dig', '-b', namespace.inside[1] ?? '', `@${namespace.outside}`, '+tries=1', 'bank.example', 'A'];
    const byUdp = await namespace.run(words);
    assert.match(byUdp.stdout, /status: REFUSED/);
    assert.match(byUdp.stdout, /EDE: 18/);
    assert.match((await namespace.run([...words, '+tcp'])).stdout, /identity_unknown/);
  });
});

function policyFor(address: string): string {
  return `apiVersion: exeat/v1
service: workload
owner: team-workload
kind: app
mode: enforce
identities: [ "source:${address}/32" ]
allow:
  - { to: "bank.example:443", reason: card settlement }
`;
}
