import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ExeatError, failed, fault, ok } from '../../base/index.ts';
import type { DnsListener } from '../../dns/index.ts';
import { openDns } from './open-dns.ts';

/** A listener whose kernel gives ports from 1001 on for TCP, and refuses UDP so many times. */
function createFakeListener(refusals: number): Pick<DnsListener, 'listen' | 'release'> & { readonly open: string[] } {
  const open: string[] = [];
  let port = 1_000;
  let left = refusals;
  return {
    open,
    listen: async (addresses) => {
      const [at] = addresses;
      assert.ok(at !== undefined && addresses.length === 1);
      if (at.transport === 'udp' && left-- > 0) return failed(fault('listen_failed', 'it is taken'));
      if (at.port === 0) port += 1;
      const bound = { ...at, port: at.port === 0 ? port : at.port };
      open.push(`${bound.transport} ${bound.port}`);
      return ok([bound]);
    },
    release: async (addresses) => {
      for (const { transport, port: released } of addresses) open.splice(open.indexOf(`${transport} ${released}`), 1);
    },
  };
}

const listen = (port: number): Parameters<typeof openDns>[0]['listen'] =>
  ({ dns: { address: '127.0.0.1', port }, dot: null, doh: null }) as Parameters<typeof openDns>[0]['listen'];

test('a port that UDP cannot have is given back for TCP before another is tried', async () => {
  const listener = createFakeListener(2);
  assert.deepEqual(await openDns({ gateway: null, listen: listen(0) }, listener), { dns: '127.0.0.1:1003' });
  assert.deepEqual(listener.open, ['tcp 1003', 'udp 1003']);
});

test('a port of the configuration that UDP cannot have is given back, and said', async () => {
  const listener = createFakeListener(1);
  await assert.rejects(openDns({ gateway: null, listen: listen(53) }, listener), (error: unknown) => {
    assert.ok(error instanceof ExeatError);
    return error.code === 'listen_failed' && error.message.includes('listen.dns');
  });
  assert.deepEqual(listener.open, []);
});
