import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer } from 'node:net';
import { test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';
import { startBareListener } from '../../test/support/bare-listener.ts';
import { identityNode, policyOf, ruleNode, serviceNode } from '../../test/support/policy-fixture.ts';
import { silentObserver } from '../enforcement/index.ts';
import type { DecisionRecord } from '../policy/index.ts';
import type { ProxyListener } from './index.ts';

// The sink must not throw; a command that does all the same must cost its own connection only, and leave nothing behind.
async function startBroken(port: number, write: (record: DecisionRecord) => boolean): Promise<Broken> {
  const service = { identities: [identityNode('source:127.0.0.0/8')] };
  const policy = policyOf([serviceNode('app', { ...service, allow: [ruleNode(`tcp://raw.example:${port}`)] })]);
  const failures: string[] = [];
  const observer = { ...silentObserver, failed: (where: string) => void failures.push(where) };
  const listener = await startBareListener({ policy: () => policy, port, write, observer });
  return { listener, failures };
}

interface Broken {
  readonly listener: ProxyListener;
  readonly failures: readonly string[];
}

for (const [what, isBad, expectedCloses] of [
  ['of the allow', (record: DecisionRecord) => record.kind === 'verdict', 1],
  ['of the close', (record: DecisionRecord) => record.kind === 'close', 0],
  ['of anything', () => true, 0],
] as const) {
  test(`a record command ${what} that throws resets its connection, and neither flow nor place stays behind`, async () => {
    const origin = createServer((socket) => socket.on('error', () => socket.destroy()).resume());
    origin.listen(0, '127.0.0.1');
    await once(origin, 'listening');
    origin.unref();
    const { port } = origin.address() as AddressInfo;
    const closes: DecisionRecord[] = [];
    const { listener, failures } = await startBroken(port, (record) => {
      if (isBad(record)) throw new Error('the sink is broken');
      if (record.kind === 'close') closes.push(record);
      return true;
    });
    const client = connect(listener.addresses[0]?.port ?? 0, '127.0.0.1');
    client.on('error', () => client.destroy());
    client.write(`CONNECT raw.example:${port} HTTP/1.1\r\n\r\n`);
    client.resume();
    await wait(100);
    client.destroy();
    for (let i = 0; i < 100 && listener.counts().connections > 0; i += 1) await wait(20);
    const { connections, identified, byService } = listener.counts();
    assert.deepEqual([connections, identified, byService.size], [0, 0, 0]);
    assert.ok(failures.length > 0);
    assert.equal(closes.length, expectedCloses);
    await listener.close({ drainMs: 0 });
    origin.close();
  });
}
