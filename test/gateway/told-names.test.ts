import assert from 'node:assert/strict';
import type { ChildProcess } from 'node:child_process';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import {
  type AgentAnswer,
  at,
  type GatewayBed,
  isIdleEnough,
  openGatewayBed,
  pause,
  until,
} from '../support/gateway-bed.ts';
import { startGatewayProduct, startIn, verdictOf } from '../support/gateway-product.ts';
import type { RunningProduct } from '../support/product.ts';
import { skipUnless } from '../support/requires.ts';

// workload -> the product, which asks a server that rotates its answers (TTL 5) -> origin. An address stays open for 4 s past its answer.

const prefix = { 4: '198.51.100.10', 6: '2001:db8:f::10' } as const;
const hosts = [1, 2, 3, 4, 5, 6] as const;
const ttlSeconds = 5;
const families = [4, 6] as const;

describe('names that DNS told', { skip: skipUnless('root', 'ip', 'nft', 'perl', 'dig') }, () => {
  let bed: GatewayBed;
  let product: RunningProduct;
  let server: { readonly child: ChildProcess; readonly said: () => readonly string[] };

  before(async () => {
    bed = await openGatewayBed();
    const addresses = families.flatMap((family) => hosts.map((host) => `${prefix[family]}${host}`));
    for (const address of addresses) {
      // On a busy machine one that waits for others to object is not there yet.
      const atOnce = address.includes(':') ? ['nodad'] : [];
      assert.equal(await bed.exec('origin', ['ip', 'addr', 'add', address, 'dev', 'lo', ...atOnce]), '');
      for (const port of [5432, 5433, 7000]) {
        assert.equal((await bed.origin.tell({ does: 'listen', host: address, port })).result, 'listens');
      }
    }
    const script = join(import.meta.dirname, '../support/rotating-dns.ts');
    const words = [script, at.origin[4], String(ttlSeconds), prefix[4], prefix[6]];
    server = await startIn(bed, 'origin', [process.execPath, ...words]);
    product = await startGatewayProduct(bed, {
      policy: policyFor(true),
      gateway: { grace: '4s' },
      config: { resolver: { servers: [at.origin[4]] } },
    });
  });
  after(async () => {
    await product?.stop();
    server?.child.kill('SIGKILL');
    await bed?.close();
  });

  const open = (host: string, port: number, timeoutMs = 5_000): Promise<AgentAnswer> =>
    bed.workload.tell({ does: 'open', host, port, timeoutMs });
  const echo = async (connection: number): Promise<string> =>
    (await bed.workload.tell({ does: 'echo', connection, text: 'on' })).result;
  const datagram = async (host: string, port: number): Promise<string> =>
    (await bed.workload.tell({ does: 'datagram', host, port })).result;
  const dig = async (name: string, family: 4 | 6): Promise<readonly string[]> => {
    let told: readonly string[] = [];
    const isTold = async (): Promise<boolean> => {
      const words = [`@${at.gateway[family]}`, '+tries=1', '+time=3', '+short', name, family === 4 ? 'A' : 'AAAA'];
      told = (await bed.exec('workload', ['dig', ...words])).split('\n').filter((line) => /^[0-9a-f.:]+$/.test(line));
      return told.length > 0;
    };
    await until(isTold, `an answer for ${name}`, 30_000);
    return told;
  };
  const isOpen = async (host: string, port: number): Promise<boolean> =>
    (await open(host, port)).result.startsWith(`${host} ${port}`);
  const both = <T>(act: (family: 4 | 6) => Promise<T>): Promise<readonly T[]> => Promise.all(families.map(act));

  test('rotate: every answer can be used, old ones end, siblings of one in use stay, and what lives goes on', async () => {
    const began = performance.now();
    const since = (seconds: number): Promise<void> => pause(Math.max(0, began + seconds * 1_000 - performance.now()));
    await both(async (family) => {
      const [one = '', two = '', three = '', four = '', five = '', six = ''] = hosts.map(
        (host) => `${prefix[family]}${host}`,
      );
      const told = async (name: string): Promise<readonly string[]> => (await dig(name, family)).toSorted();
      assert.equal((await open(one, 5432)).result, 'ECONNREFUSED', 'an address that was never told');
      assert.deepEqual(await told('rotating.example.com'), [one, two]);
      assert.ok((await isOpen(one, 5432)) && (await isOpen(two, 5432)), 'both of the first answer');
      await told('late.example.com');
      assert.deepEqual(await told('held.example.com'), [five, six]);
      const held = await open(five, 5432);
      assert.equal(held.result, `${five} 5432 ${at.workload[family]}`);
      // A name of its own, that nobody asks for again: its flows outlive its answer.
      await told('long.example.com');
      const quiet = await open(one, 7000);
      assert.equal(quiet.result, `${one} 7000 ${at.workload[family]}`);
      assert.equal(await datagram(one, 7000), 'x');
      for (let seconds = 1; seconds <= ttlSeconds + 1; seconds += 1) {
        await since(seconds);
        assert.equal(await echo(held.id), 'on');
      }
      assert.deepEqual(await told('rotating.example.com'), [three, four]);
      assert.ok((await isOpen(three, 5432)) && (await isOpen(four, 5432)), 'both of the second answer');
      // Longer than time and grace of either answer, and than what the use of the second kept of the first as its sibling (10 s from then).
      for (let seconds = ttlSeconds + 2; seconds <= 20; seconds += 1) {
        await since(seconds);
        assert.equal(await echo(held.id), 'on');
      }
      const refused = await open(one, 5432);
      assert.equal(refused.result, 'ECONNREFUSED', 'the first answer is over');
      assert.ok(refused.ms < 200 || !isIdleEnough(), `a client must not wait: ${refused.ms} ms`);
      assert.equal((await open(two, 5432)).result, 'ECONNREFUSED');
      assert.ok(await isOpen(six, 5432), 'the sibling of an address in use');
      assert.equal((await open(one, 7000)).result, 'ECONNREFUSED', 'nothing new by the old answer');
      assert.equal(await echo(quiet.id), 'on', 'a flow that was silent past its time');
      assert.equal(await datagram(one, 7000), 'x', 'and one of UDP');
    });
  });

  test('are told anew with the kernel first when a client uses an answer past its time', async () => {
    await both(async (family) => {
      const one = `${prefix[family]}1`;
      const late = await open(one, 5433);
      assert.equal(late.result, 'ECONNREFUSED');
      assert.ok(late.ms < 200 || !isIdleEnough(), `${late.ms} ms`);
      await dig('late.example.com', family);
      assert.equal((await open(one, 7000)).result, 'ECONNREFUSED', 'told for its own ports only');
      assert.ok(await isOpen(one, 5433));
    });
    const record = await verdictOf(
      product,
      ({ point, destination }) => point === 'gateway' && destination?.port === 5433,
    );
    assert.equal(record.verdict, 'deny');
  });

  test('from the memory of the filter open what the kernel had lost meanwhile, before they are told', async () => {
    const [one] = await dig('late.example.com', 4);
    await product.changePolicy('workload.yaml', policyFor(false));
    await until(async () => (await open(one ?? '', 5433)).result === 'ECONNREFUSED', 'the end of the rule');
    await product.changePolicy('workload.yaml', policyFor(true));
    const before_ = server.said().length;
    for (let round = 0; round < 5; round++) {
      const [told = ''] = await dig('late.example.com', 4);
      assert.ok(await isOpen(told, 5433), `round ${round}: told and not open`);
    }
    assert.ok(server.said().length - before_ <= 1, 'the answers came from memory');
  });
});

function policyFor(isLateAllowed: boolean): string {
  const late = isLateAllowed ? '  - { to: "tcp://late.example.com:5433", reason: used late }\n' : '';
  return `apiVersion: exeat/v1
service: workload
owner: team-workload
kind: app
mode: enforce
identities: [ "source:${at.workload[4]}/32", "source:${at.workload[6]}/128" ]
allow:
  - { to: "tcp://rotating.example.com:5432", reason: a name that rotates }
  - { to: "tcp://held.example.com:5432", reason: a name that is in use }
  - { to: "tcp://long.example.com:7000", reason: long flows }
  - { to: "udp://long.example.com:7000", reason: long flows of UDP }
${late}`;
}
