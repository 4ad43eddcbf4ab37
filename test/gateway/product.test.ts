import assert from 'node:assert/strict';
import type { ChildProcess } from 'node:child_process';
import { after, before, describe, test } from 'node:test';
import type { VerdictRecord } from '../../src/policy/index.ts';
import { at, type GatewayBed, openGatewayBed, until } from '../support/gateway-bed.ts';
import { startGatewayProduct, startTlsOrigin, verdictOf } from '../support/gateway-product.ts';
import { childOf } from '../support/kill-child.ts';
import type { RunningProduct } from '../support/product.ts';
import { skipUnless } from '../support/requires.ts';

// workload -> the whole product as a gateway, in a namespace of its own -> origin. The workload knows nothing of it.

const web = 'web.example.com';

describe('the product as a gateway', {
  skip: skipUnless('root', 'ip', 'nft', 'perl', 'dig', 'curl', 'openssl'),
}, () => {
  let bed: GatewayBed;
  let product: RunningProduct;
  let tls: ChildProcess;

  before(async () => {
    bed = await openGatewayBed();
    for (const host of [at.origin[4], at.origin[6], at.other[4]]) {
      for (const port of [80, 123, 5432, 5433, 9000]) {
        assert.equal((await bed.origin.tell({ does: 'listen', host, port })).result, 'listens');
      }
    }
    tls = await startTlsOrigin(bed, [web, 'other.example.com']);
    product = await startGatewayProduct(bed, {
      policy: policyFor([]),
      hosts: {
        [web]: [at.origin[4], at.origin[6]],
        'other.example.com': at.origin[4],
        'db.example.com': [at.origin[4], at.origin[6]],
        'granted.example.com': at.other[4],
        'time.example.com': at.origin[4],
        'denied.example.com': at.other[4],
      },
    });
  });
  after(async () => {
    await product?.stop();
    tls?.kill('SIGKILL');
    await bed?.close();
  });

  const open = async (host: string, port: number, more = {}): Promise<string> =>
    (await bed.workload.tell({ does: 'open', host, port, ...more })).result;
  const dig = (name: string, type = 'A', server: string = at.gateway[4]): Promise<string> =>
    bed.exec('workload', ['dig', `@${server}`, '+tries=1', '+time=3', '+short', name, type]);
  // A kernel that is slow to confirm makes a SERVFAIL; a client asks again.
  const asksFor = (name: string, type = 'A', server: string = at.gateway[4]): Promise<void> =>
    until(async () => /^[0-9a-f.:]+$/m.test(await dig(name, type, server)), `an answer for ${name}`);
  const curl = (name: string, address: string): Promise<string> =>
    bed.exec('workload', [
      ...['curl', '-sS', '-k', '--max-time', '5', '-o', '/dev/null', '-w', '%{http_code}'],
      ...['--resolve', `${name}:443:${address}`, `https://${name}/`],
    ]);
  const verdict = (matches: (record: VerdictRecord) => boolean): Promise<VerdictRecord> => verdictOf(product, matches);

  test('carries TLS by its server name, to where the name leads and not to where the client aimed', async () => {
    assert.equal(await curl(web, at.origin[4]), '200');
    assert.equal(await curl(web, at.far[4]), '200');
    const record = await verdict(({ aimedAt }) => aimedAt === at.far[4]);
    assert.deepEqual([record.point, record.verdict, record.destination?.host], ['gateway', 'allow', web]);
    assert.ok([at.origin[4], at.origin[6]].some((one) => one === record.destination?.address));
  });

  test('resets what speaks to another name, at the same address', async () => {
    assert.match(await curl('other.example.com', at.origin[4]), /reset|SSL/i);
    const record = await verdict(({ destination }) => destination?.host === 'other.example.com');
    assert.deepEqual([record.point, record.verdict, record.reason], ['gateway', 'deny', 'no_rule_matched']);
  });

  test('opens an address to a service once its name was asked for, and to no other service', async () => {
    assert.equal(await open(at.origin[4], 5432), 'ECONNREFUSED');
    const early = await verdict(({ point, destination }) => point === 'gateway' && destination?.port === 5432);
    assert.deepEqual([early.verdict, early.destination?.host], ['deny', at.origin[4]]);
    await asksFor('db.example.com');
    assert.equal(await open(at.origin[4], 5432), `${at.origin[4]} 5432 ${at.workload[4]}`);
    assert.equal(await open(at.origin[4], 5432, { from: at.second[4] }), 'ECONNREFUSED');
    await asksFor('db.example.com', 'AAAA', at.gateway[6]);
    assert.equal(await open(at.origin[6], 5432), `${at.origin[6]} 5432 ${at.workload[6]}`);
    assert.equal(await open(at.origin[6], 5432, { from: at.second[6] }), 'ECONNREFUSED');
  });

  test('lets nothing out that no rule allows, and records what was refused', async () => {
    assert.equal(await open(at.origin[4], 9000), 'ECONNREFUSED');
    assert.equal(await dig('denied.example.com'), '');
    const record = await verdict(({ point, destination }) => point === 'gateway' && destination?.port === 9000);
    assert.deepEqual(
      [record.verdict, record.reason, record.principal?.service, record.destination?.protocol],
      ['deny', 'no_rule_matched', 'workload', 'tcp'],
    );
  });

  test('answers questions to a foreign resolver by the filter', async () => {
    await asksFor('db.example.com', 'A', at.far[4]);
    assert.equal(await dig('denied.example.com', 'A', at.far[4]), '');
  });

  const joins = async (family: 4 | 6): Promise<void> => {
    const [address, source] = [at.origin[family], at.workload[family]];
    await asksFor('db.example.com', family === 4 ? 'A' : 'AAAA');
    const opened = await bed.workload.tell({ does: 'open', host: address, port: 5432 });
    await bed.workload.tell({ does: 'echo', connection: opened.id, text: 'hello' });
    const isIt = ({ point, verdict: said, destination }: VerdictRecord): boolean =>
      `${point} ${said} ${destination?.host} ${destination?.address}` === `gateway allow db.example.com ${address}`;
    const record = await verdict(isIt);
    assert.deepEqual([record.reason, record.destination?.port], ['rule_matched', 5432]);
    const answer = await verdict(({ point, flow }) => point === 'dns' && flow === record.flow);
    assert.equal(answer.destination?.host, 'db.example.com');
    const [from, to] = [source, address].map((one) => (family === 6 ? `[${one}]` : one));
    const joined = [
      `db.example.com: ${address} for `,
      'allow rule_matched (address): db.example.com:5432',
      `tcp ${from} -> ${to}:5432: `,
      'still open',
    ];
    for (const id of [answer.id, record.id]) {
      const said = await product.run('explain', id);
      for (const text of joined) assert.ok(said.stdout.includes(text), said.stdout + said.stderr);
    }
  };

  test('joins the answer of DNS, the decision and the bytes by one flow', async () => {
    // One after the other: each family is asked for by itself, and has a flow of its own.
    await joins(4);
    await joins(6);
  });

  test('cuts within a second what a new policy no longer allows, and leaves the rest', async () => {
    await product.changePolicy('workload.yaml', policyFor(['tcp://granted.example.com:5433']));
    await asksFor('granted.example.com');
    await asksFor('db.example.com');
    const ends = await bed.workload.tell({ does: 'open', host: at.other[4], port: 5433 });
    const stays = await bed.workload.tell({ does: 'open', host: at.origin[4], port: 5432 });
    assert.match(ends.result, /5433/);
    await product.changePolicy('workload.yaml', policyFor([]));
    const began = performance.now();
    const isCut = async (): Promise<boolean> =>
      (await bed.workload.tell({ does: 'echo', connection: ends.id, timeoutMs: 300 })).result !== 'x';
    await until(isCut, 'the cut', 3_000);
    assert.ok(performance.now() - began < 1_500, `${performance.now() - began} ms`);
    assert.equal((await bed.workload.tell({ does: 'echo', connection: stays.id, text: 'on' })).result, 'on');
  });

  test('keeps the door shut and comes back when the ruleset is flushed and any process is killed', async () => {
    await bed.exec('gateway', ['nft', 'flush', 'ruleset']);
    assert.notEqual(await open(at.far[4], 9000, { timeoutMs: 500 }), `${at.far[4]} 9000 ${at.workload[4]}`);
    const isBack = async (): Promise<boolean> => (await curl(web, at.origin[4])) === '200';
    await until(isBack, 'the ruleset', 15_000);
    process.kill(childOf(product, 'helper') ?? 0, 'SIGKILL');
    assert.equal(await curl(web, at.origin[4]), '200');
    process.kill(childOf(product, 'control') ?? 0, 'SIGKILL');
    assert.equal(await curl(web, at.origin[4]), '200');
    process.kill(childOf(product, 'point') ?? 0, 'SIGKILL');
    await until(isBack, 'the point', 20_000);
    await asksFor('db.example.com');
    const lives = await bed.workload.tell({ does: 'open', host: at.origin[4], port: 5432 });
    assert.equal(lives.result, `${at.origin[4]} 5432 ${at.workload[4]}`);
    // Last: with the supervisor all others end, and the kernel holds what it was told and no more.
    process.kill(product.report.pids.supervisor, 'SIGKILL');
    await product.ended;
    assert.doesNotMatch(await curl(web, at.origin[4]), /^200/);
    for (const [host, port] of [
      [at.far[4], 9000],
      [at.origin[4], 9000],
      [at.origin[6], 9000],
    ] as const) {
      assert.doesNotMatch(await open(host, port, { timeoutMs: 500 }), / 9000 /, host);
    }
    assert.match(await dig('db.example.com'), /refused|timed out|no servers/);
    assert.equal((await bed.workload.tell({ does: 'echo', connection: lives.id, text: 'on' })).result, 'on');
  });
});

function policyFor(more: readonly string[]): string {
  const rules = more.map((to) => `  - { to: "${to}", reason: a rule that goes again }\n`).join('');
  return `apiVersion: exeat/v1
service: workload
owner: team-workload
kind: app
mode: enforce
identities: [ "source:${at.workload[4]}/32", "source:${at.workload[6]}/128" ]
allow:
  - { to: "${web}:443", reason: the site }
  - { to: "tcp://db.example.com:5432", reason: the database }
  - { to: "udp://time.example.com:123", reason: the time }
${rules}---
apiVersion: exeat/v1
service: second
owner: team-second
kind: app
mode: enforce
identities: [ "source:${at.second[4]}/32", "source:${at.second[6]}/128" ]
allow:
  - { to: "${web}:443", reason: the site }
`;
}
