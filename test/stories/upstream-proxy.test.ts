import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { runInNewContext } from 'node:vm';
import type { DecisionRecord, VerdictRecord } from '../../src/policy/index.ts';
import { askAbsoluteForm, askConnect, openTunnel, proofOf } from '../support/ask-proxy.ts';
import { startHttpOrigin } from '../support/attack-origins.ts';
import { type EchoOrigin, startTcpEcho, startTlsEcho } from '../support/echo-origins.ts';
import { type ParentProxy, startParentProxy } from '../support/parent-proxy.ts';
import { type RunningProduct, startProduct } from '../support/product.ts';
import { freePorts } from '../support/quickstart-copy.ts';
import { connectHead, openRaw, type RawClient } from '../support/raw-client.ts';

let tls: EchoOrigin & { readonly caPem: string };
let tcp: EchoOrigin;
let http: Awaited<ReturnType<typeof startHttpOrigin>>;
let parent: ParentProxy;
let product: RunningProduct;

before(async () => {
  tls = await startTlsEcho(['outside.example']);
  tcp = await startTcpEcho();
  http = await startHttpOrigin();
  parent = await startParentProxy(
    (authority) => (authority.endsWith(':443') ? tls.port : authority.endsWith(':80') ? http.port : tcp.port),
    ['refused.example:443'],
  );
  product = await startProduct({
    policy: { 'story.yaml': policy, 'network.yaml': network() },
    credentials: ['story'],
    config: {
      upstreamProxy: `http://127.0.0.1:${parent.port}`,
      listen: { proxy: '127.0.0.1:0', console: '127.0.0.1:0', pac: '127.0.0.1:0' },
    },
  });
});
after(async () => {
  await product?.stop();
  await Promise.all([parent?.close(), tls?.close(), tcp?.close(), http?.close()]);
});

function ask(authority: string): { port: number; authority: string; proof: string } {
  return { port: product.proxyPort, authority, proof: proofOf(product, 'story') };
}

async function verdictOn(
  host: string,
  isWanted: (record: VerdictRecord) => boolean = () => true,
): Promise<VerdictRecord> {
  const isMine = (record: DecisionRecord): record is VerdictRecord =>
    record.kind === 'verdict' && record.destination?.host === host && isWanted(record);
  return (await product.waitForRecord(isMine)) as VerdictRecord;
}

describe('client -> exeat -> parent proxy (CONNECT) -> origin', () => {
  test('an allowed name passes, and the record says that the address was left to the parent', async () => {
    const open = await openTunnel({ ...ask('outside.example:443'), caPem: tls.caPem });
    await open.echo('over two proxies');
    open.close();
    const record = await verdictOn('outside.example');
    assert.deepEqual([record.verdict, record.addressCheck, record.destination?.address], ['allow', 'delegated', null]);
    assert.ok(parent.asked.includes('outside.example:443'));
  });

  test('a plain request is sent through a tunnel of the parent, and the answer comes back', async () => {
    const answer = await askAbsoluteForm(ask('outside.example:80'), '/over-two');
    assert.equal(answer.status, 200);
    assert.ok(http.requests().some((request) => request.path === '/over-two'));
  });

  test("the client's proof never reaches the parent or the origin", () => {
    assert.ok(parent.heads.length > 0 && http.requests().length > 0);
    for (const head of parent.heads) assert.equal(head['proxy-authorization'], undefined);
    for (const request of http.requests()) assert.equal(request.headers['proxy-authorization'], undefined);
  });

  test('the parent is told which proxies a request came through, and nothing else of it', async () => {
    const seen = parent.heads.length;
    const client = await openRaw(product.proxyPort);
    const { authority, proof } = ask('outside.example:443');
    client.send(connectHead(authority, { proof, more: 'Via: 1.1 before\r\nX-Secret: inner\r\n' }));
    await client.readUntil(/\r\n\r\n/);
    client.close();
    const head = parent.heads[seen];
    assert.deepEqual(Object.keys(head ?? {}).sort(), ['host', 'via']);
    assert.match(head?.via ?? '', /^1\.1 before, 1\.1 \S+$/);
  });

  test('a denied name never reaches the parent', async () => {
    const seen = parent.asked.length;
    assert.equal((await askConnect(ask('unlisted.example:443'))).reason, 'no_rule_matched');
    assert.equal(parent.asked.length, seen);
  });

  test('what the parent refuses is a failure behind us, not a decision', async () => {
    const answer = await askConnect(ask('refused.example:443'));
    assert.deepEqual([answer.status, answer.reason], [502, 'upstream_unreachable']);
    const record = await verdictOn('refused.example');
    const close = await product.waitForRecord((each) => each.kind === 'close' && each.flow === record.flow);
    assert.equal(close.kind === 'close' && close.failure, 'upstream_unreachable');
  });

  test('a request by address is approved here before the parent is asked', async () => {
    const seen = parent.asked.length;
    assert.equal((await askConnect(ask('10.9.9.9:7000'))).reason, 'address_forbidden');
    assert.equal(parent.asked.length, seen);
    assert.equal((await askConnect(ask('203.0.113.7:7000'))).status, 200);
    const record = await verdictOn('203.0.113.7');
    assert.deepEqual([record.destination?.address, record.addressCheck], ['203.0.113.7', undefined]);
  });
});

test('proxy loops: parents in a circle are found out at the first round', async () => {
  const [one = 0, other = 0] = await freePorts(2);
  const start = (port: number, parentPort: number): Promise<RunningProduct> =>
    startProduct({
      policy: { 'story.yaml': policy.replace('"credential:story"', '"source:127.0.0.0/8"'), 'network.yaml': network() },
      config: {
        listen: { proxy: `127.0.0.1:${port}`, console: '127.0.0.1:0' },
        upstreamProxy: `http://127.0.0.1:${parentPort}`,
      },
    });
  const circle = await Promise.all([start(one, other), start(other, one)]);
  try {
    const answer = await askConnect({ port: one, authority: 'outside.example:443', proof: null });
    assert.deepEqual([answer.status, answer.reason], [502, 'upstream_unreachable']);
    const first = await circle[0].waitForRecord(
      (record) => record.kind === 'verdict' && record.reason === 'proxy_loop',
    );
    assert.equal(first.kind === 'verdict' && first.verdict, 'deny');
    for (const each of circle) {
      const metrics = await (await fetch(`http://${each.console}/metrics`)).text();
      const connections = Number(/^exeat_connections_total (\d+)$/m.exec(metrics)?.[1]);
      assert.ok(connections >= 1 && connections <= 2, `${connections} connections`);
    }
  } finally {
    await Promise.all(circle.map((each) => each.stop()));
  }
});

describe('a live tunnel is judged again by its address', () => {
  const rows = [
    {
      change: 'the segment moves away from it',
      address: '10.60.0.5',
      after: network({ range: '10.61.0.0/16' }),
      reason: 'address_forbidden',
    },
    {
      change: 'the segment becomes part of another environment',
      address: '10.60.0.5',
      after: network({ environment: 'prod' }),
      reason: 'environment_crossing',
    },
    {
      change: 'the boundary denies its range',
      address: '203.0.113.7',
      after: `${network()}---\napiVersion: exeat/v1\nowner: team-security\nboundary:\n  deny: [ { to: "203.0.113.0/24:*", reason: never again } ]\n`,
      reason: 'boundary_denied',
    },
  ] as const;
  for (const { change, address, after: changed, reason } of rows) {
    test(`${change}: cut with ${reason}`, async () => {
      const client = await openByAddress(`${address}:7000`);
      const source = `127.0.0.1:${client.socket.localPort}`;
      const other = await openByAddress('198.51.100.9:7000');
      await product.changePolicy('network.yaml', changed);
      const began = performance.now();
      await client.readToEnd(5_000);
      assert.ok(performance.now() - began < 1_000);
      const record = await verdictOn(address, (each) => each.stage === 'recheck' && each.source === source);
      assert.equal(record.reason, reason);
      const close = await product.waitForRecord((each) => each.kind === 'close' && each.flow === record.flow);
      assert.equal(close.kind === 'close' && close.endedBy, reason);
      other.send('still here');
      await other.readUntil(/still here/);
      client.close();
      other.close();
      await product.changePolicy('network.yaml', network());
    });
  }
});

describe('the PAC file', () => {
  test('leads everything outside the segments to the proxy and never falls back to DIRECT', async () => {
    const response = await fetch(`http://${product.proxy}/proxy.pac`);
    assert.equal(response.status, 200);
    assert.equal(response.headers.get('content-type'), 'application/x-ns-proxy-autoconfig');
    const script = await response.text();
    const find = pacFunction(script);
    const outside = [
      'outside.example',
      'unlisted.example',
      'intranet',
      'localhost.example',
      '203.0.113.7',
      '10.59.255.255',
      '10.61.0.1',
      '2001:db8::1',
      '0x0a3c0001.example',
      '10.60.0.5.example',
    ];
    for (const host of outside) {
      assert.equal(find(`https://${host}/`, host), `PROXY ${product.proxy}`, host);
    }
    assert.equal(find('http://10.60.0.5/', '10.60.0.5'), 'DIRECT', 'a segment is reached without the proxy');
    assert.doesNotMatch(script, /outside\.example|allow|reason|team-/, 'no rule text');
    assert.doesNotMatch(script, /;\s*DIRECT/, 'no fallback');
  });

  test('is the same on its own listener, where browsers look for it', async () => {
    const pac = product.report.pac ?? '';
    for (const path of ['/proxy.pac', '/wpad.dat']) {
      const response = await fetch(`http://${pac}${path}`);
      assert.equal(response.status, 200, path);
      const find = pacFunction(await response.text());
      assert.equal(find('https://outside.example/', 'outside.example'), `PROXY ${product.proxy}`);
      assert.equal(find('http://10.60.0.5/', '10.60.0.5'), 'DIRECT');
    }
    assert.equal((await fetch(`http://${pac}/`)).status, 404);
  });

  test('other requests in origin form are refused', async () => {
    assert.equal((await fetch(`http://${product.proxy}/`)).status, 400);
  });
});

/** Runs a PAC file as browsers do, with the functions that they give it and a DNS that knows nothing. */
function pacFunction(script: string): (url: string, host: string) => string {
  const number = (text: string): number => text.split('.').reduce((sum, part) => sum * 256 + Number(part), 0);
  const isAddress = (text: string): boolean => /^\d{1,3}(\.\d{1,3}){3}$/.test(text);
  const sandbox = {
    isInNet: (host: string, net: string, mask: string) =>
      isAddress(host) && (number(host) & number(mask)) === (number(net) & number(mask)),
    isInNetEx: () => false,
    isPlainHostName: (host: string) => !host.includes('.'),
    dnsDomainIs: (host: string, domain: string) => host.endsWith(domain),
    shExpMatch: (text: string, pattern: string) => text === pattern,
    dnsResolve: () => null,
    isResolvable: () => false,
    myIpAddress: () => '192.0.2.1',
  };
  return (url, host) =>
    String(
      runInNewContext(`${script}\nFindProxyForURL(${JSON.stringify(url)}, ${JSON.stringify(host)})`, { ...sandbox }),
    );
}

async function openByAddress(authority: string): Promise<RawClient> {
  const client = await openRaw(product.proxyPort);
  client.send(connectHead(authority, { proof: proofOf(product, 'story') }));
  assert.match(await client.readUntil(/\r\n\r\n/), /^HTTP\/1\.1 200 /);
  client.send('alive');
  await client.readUntil(/alive/);
  return client;
}

const policy = `apiVersion: exeat/v1
service: story
owner: team-story
kind: app
mode: enforce
identities: [ "credential:story" ]
allow:
  - { to: "outside.example:443", reason: the origin over TLS }
  - { to: "http://outside.example:80", reason: the origin in clear text }
  - { to: "refused.example:443", reason: what the parent refuses }
  - { to: "tcp://203.0.113.0/24:7000", reason: opaque bytes by address }
  - { to: "tcp://198.51.100.0/24:7000", reason: opaque bytes by address }
  - { to: "tcp://10.0.0.0/8:7000", via: endpoints, reason: a private endpoint }
`;

function network(segment: { readonly range?: string; readonly environment?: string } = {}): string {
  const { range = '10.60.0.0/16', environment } = segment;
  const place = environment === undefined ? '' : `, environment: ${environment}`;
  return `apiVersion: exeat/v1\nowner: team-network\nsegments: { endpoints: { ranges: [ ${range} ]${place} } }\n`;
}
