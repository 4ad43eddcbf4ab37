import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { type KernelClient, transparentCommand } from '../../src/gateway/index.ts';
import {
  at,
  type GatewayBed,
  type NetAgent,
  openAt,
  openGatewayBed,
  place,
  planOf,
  until,
} from '../support/gateway-bed.ts';
import { skipUnless } from '../support/requires.ts';

// workload -> TCP to a port that is read by name -> the transparent listener, whose socket has the address that was aimed at.

describe('the transparent listener', { skip: skipUnless('root', 'ip', 'nft') }, () => {
  let bed: GatewayBed;
  let client: KernelClient;
  const open = (host: string, port: number): ReturnType<NetAgent['tell']> =>
    bed.workload.tell({ does: 'open', host, port });

  before(async () => {
    bed = await openGatewayBed();
    for (const host of ['0.0.0.0', '::']) await bed.origin.tell({ does: 'listen', host, port: 443 });
    await bed.startHelper();
    client = bed.connect();
    await until(() => client.isConnected(), 'the helper');
  });
  after(() => bed?.close());

  const assertListens = async (family: 4 | 6, port: number): Promise<void> => {
    // Nobody has the second address: the listener answers for it.
    for (const aim of [at.origin[family], { 4: '192.0.2.99', 6: '2001:db8:ffff::99' }[family], at.metadata[family]]) {
      const met = await open(aim, 443);
      assert.equal(met.result, `${aim} 443 ${at.workload[family]}`);
      assert.equal((await bed.workload.tell({ does: 'echo', connection: met.id, text: 'to it' })).result, 'to it');
    }
    for (const own of [at.gateway[family], at.origin[family]]) {
      assert.equal((await open(own, port)).result, 'ECONNREFUSED', `${own} ${port}`);
    }
  };

  for (const language of ['perl', 'python3']) {
    test(`made by ${language} accepts what was meant for others, by IPv4 and IPv6`, {
      skip: skipUnless(language),
    }, async () => {
      const port = language === 'perl' ? 18443 : 18444;
      const folder = folderOf(join(bed.folder, language), language);
      const launcher = transparentCommand({ port, command: ['env'], path: folder });
      assert.ok(launcher.ok && launcher.value.program.endsWith(language));
      // The command comes from the bed: what `env` stands for.
      const agent = bed.agent('gateway', [launcher.value.program, ...launcher.value.words]);
      for (const fd of [4, 5]) assert.equal((await agent.tell({ does: 'listen', fd })).result, 'listens');
      const plan = planOf([openAt(at.other[4], 443), openAt(at.other[6], 443)]);
      assert.ok((await client.apply({ ...plan, place: { ...place, listenerPort: port } })).ok);
      for (const family of [4, 6] as const) await assertListens(family, port);
      const counts = await client.counts();
      assert.ok(counts.ok);
      assert.ok(!counts.value.up.some(({ address }) => address === at.origin[4]), 'nothing was forwarded');
      // What may be reached by address on such a port is not read.
      assert.equal((await open(at.other[4], 443)).result, `${at.other[4]} 443 ${at.workload[4]}`);
      const passed = await client.counts();
      assert.ok(passed.ok && passed.value.up.some(({ address }) => address === at.other[4]));
    });
  }
});

// A folder with that language and no other.
function folderOf(folder: string, language: string): string {
  mkdirSync(folder);
  const script = language === 'perl' ? 'print $^X' : 'import sys; print(sys.executable, end="")';
  const real = execFileSync(language, [language === 'perl' ? '-e' : '-c', script], { encoding: 'utf8' });
  symlinkSync(real, join(folder, language));
  return folder;
}
