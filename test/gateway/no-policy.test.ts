import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { at, type GatewayBed, openGatewayBed, until, workloadMac } from '../support/gateway-bed.ts';
import { type RunningProduct, startProduct } from '../support/product.ts';
import { skipUnless } from '../support/requires.ts';

// A machine that forwards already, and a product that never had a good policy.

describe('a gateway without a policy', { skip: skipUnless('root', 'ip', 'nft', 'perl', 'dig') }, () => {
  let bed: GatewayBed;
  let product: RunningProduct;

  before(async () => {
    bed = await openGatewayBed();
    await bed.exec('gateway', ['sh', '-c', 'echo 1 > /proc/sys/net/ipv4/ip_forward']);
    for (const port of [443, 9000]) {
      assert.equal((await bed.origin.tell({ does: 'listen', host: at.origin[4], port })).result, 'listens');
    }
    assert.match((await open(9000)).result, /9000/);
    product = await startProduct({
      namespace: bed.names.gateway,
      policy: { 'broken.yaml': 'apiVersion: exeat/v1\nservice: [\n' },
      config: {
        listen: { proxy: '127.0.0.1:3128', console: '127.0.0.1:8440', dns: '0.0.0.0:5353' },
        hosts: { 'db.example.com': at.origin[4] },
        gateway: { inside: ['gi'], neighbours: { [at.workload[4]]: workloadMac } },
      },
    });
    const isThere = async (): Promise<boolean> =>
      (await bed.exec('gateway', ['nft', 'list', 'map', 'inet', 'exeat', 'bound4'])).includes(at.workload[4]);
    await until(isThere, 'the ruleset', 20_000);
  });
  after(async () => {
    await product?.stop();
    await bed?.close();
  });

  const open = (port: number): ReturnType<GatewayBed['workload']['tell']> =>
    bed.workload.tell({ does: 'open', host: at.origin[4], port });

  test('lets nobody out, by address and by name', async () => {
    assert.equal((await open(9000)).result, 'ECONNREFUSED');
    assert.doesNotMatch((await open(443)).result, /443/);
    assert.match(await bed.exec('workload', ['dig', `@${at.gateway[4]}`, '+tries=1', 'db.example.com']), /no_policy/);
  });

  test('and says that it is shut for that', async () => {
    const status = await product.run('gateway', 'status');
    assert.equal(status.code, 0, status.stdout + status.stderr);
    const ready = await bed.exec('gateway', [
      'curl',
      '-s',
      '-o',
      '/dev/null',
      '-w',
      '%{http_code}',
      'http://127.0.0.1:8440/readyz',
    ]);
    assert.equal(ready, '503');
  });
});
