import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { NftLine } from './nft-line.ts';
import { isOlder, probeKernel } from './probe-kernel.ts';

test('a kernel that is too old is told before anything is tried', async () => {
  const nft: Pick<NftLine, 'run' | 'commit'> = {
    run: () => assert.fail('nothing is tried'),
    commit: () => assert.fail('nothing is tried'),
  };
  const probed = await probeKernel(nft as NftLine, '5.10.0-28-amd64');
  assert.ok(!probed.ok);
  assert.equal(probed.fault.code, 'kernel_too_old');
  assert.match(probed.fault.message, /^kernel 5\.10\.0-28-amd64 is too old, 5\.11 or later is needed/);
});

test('versions of kernels are compared by number', () => {
  for (const kernel of ['4.19.0', '5.4.0-100-generic', '5.10.200']) assert.equal(isOlder(kernel), true, kernel);
  for (const kernel of ['5.11.0', '5.15.0-rc1', '6.1.0-18-amd64', '6.12', '10.0.1'])
    assert.equal(isOlder(kernel), false, kernel);
});
