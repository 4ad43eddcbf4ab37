import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { after, before, describe, test } from 'node:test';
import type { VerdictRecord } from '../../src/policy/index.ts';
import { proofOf } from '../support/ask-proxy.ts';
import { type RunningProduct, startProduct } from '../support/product.ts';
import { connectHead, openRaw, type RawClient } from '../support/raw-client.ts';

// Plain HTTP that is under way, or waiting on a kept connection, when its rule is taken away.

let server: Server;
const sockets = new Set<Socket>();
let port: number;
let product: RunningProduct;

before(async () => {
  server = createServer((request, response) => {
    if (request.url === '/drip') {
      response.writeHead(200, { 'Content-Type': 'text/plain' });
      const timer = setInterval(() => response.write('drip\n'), 20);
      response.on('close', () => clearInterval(timer));
      return;
    }
    response.end(`path=${request.url}\n`);
  });
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.on('error', () => socket.destroy());
    socket.on('close', () => sockets.delete(socket));
  });
  server.on('upgrade', (_request, socket) => {
    socket.on('error', () => socket.destroy());
    socket.write('HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n');
    socket.pipe(socket);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  ({ port } = server.address() as AddressInfo);
  product = await startProduct({
    policy: { 'story.yaml': policy('plain.example') },
    credentials: ['story'],
    config: {
      hosts: { 'plain.example': '127.0.0.1', 'other.example': '127.0.0.1' },
      localOrigins: [`127.0.0.1:${port}`],
    },
  });
});
after(async () => {
  await product?.stop();
  for (const socket of sockets) socket.destroy();
  server?.close();
});

function request(path: string, more = ''): string {
  const authority = `plain.example:${port}`;
  return `GET http://${authority}${path} HTTP/1.1\r\nHost: ${authority}\r\nProxy-Authorization: ${proofOf(product, 'story')}\r\n${more}\r\n`;
}

/** Takes the rule away and says how long the connection lived on. */
async function cutMs(client: RawClient): Promise<number> {
  await product.changePolicy('story.yaml', policy('other.example'));
  const began = performance.now();
  await client.readToEnd(5_000);
  return performance.now() - began;
}

async function assertRecheck(source: string): Promise<void> {
  const found = await product.waitForRecord(
    (record) => record.kind === 'verdict' && record.stage === 'recheck' && record.source === source,
  );
  assert.equal((found as VerdictRecord).reason, 'policy_changed');
  const close = await product.waitForRecord((record) => record.kind === 'close' && record.flow === found.flow);
  assert.equal(close.kind === 'close' && close.endedBy, 'policy_changed');
}

describe('when the rule is taken away', () => {
  test('the next request on a kept connection is judged anew, and the connection is kept for what is allowed', async () => {
    const client = await openRaw(product.proxyPort);
    client.send(request('/first'));
    await client.readUntil(/path=\/first/);
    await product.changePolicy('story.yaml', policy('other.example'));
    client.send(request('/second'));
    assert.match(await client.readUntil(/decision \w+\).*\n/), /^HTTP\/1\.1 403 [\s\S]*Exeat-Reason: no_rule_matched/);
    await product.changePolicy('story.yaml', policy('plain.example'));
    client.send(request('/third'));
    await client.readUntil(/path=\/third/);
    client.close();
  });

  for (const [what, start, until] of [
    ['a download under way', () => request('/drip'), /drip/],
    [
      'an upgraded connection',
      () => request('/ws', 'Connection: Upgrade\r\nUpgrade: websocket\r\n'),
      /^HTTP\/1\.1 101 /,
    ],
  ] as const) {
    test(`${what} is cut within a second`, async () => {
      const client = await openRaw(product.proxyPort);
      const source = `127.0.0.1:${client.socket.localPort}`;
      client.send(start());
      await client.readUntil(until);
      const tookMs = await cutMs(client);
      assert.ok(tookMs < 1_000, `${tookMs} ms`);
      await assertRecheck(source);
      await product.changePolicy('story.yaml', policy('plain.example'));
    });
  }

  test('plain HTTP inside a tunnel is cut within a second, between two requests', async () => {
    const client = await openRaw(product.proxyPort);
    const source = `127.0.0.1:${client.socket.localPort}`;
    client.send(connectHead(`plain.example:${port}`, { proof: proofOf(product, 'story') }));
    assert.match(await client.readUntil(/\r\n\r\n/), /^HTTP\/1\.1 200 /);
    client.send(`GET /inside HTTP/1.1\r\nHost: plain.example:${port}\r\n\r\n`);
    await client.readUntil(/path=\/inside/);
    const tookMs = await cutMs(client);
    assert.ok(tookMs < 1_000, `${tookMs} ms`);
    await assertRecheck(source);
    await product.changePolicy('story.yaml', policy('plain.example'));
  });

  test('no socket of the origin stays behind', async () => {
    const deadline = performance.now() + 3_000;
    while (sockets.size > 0 && performance.now() < deadline) await new Promise((resolve) => setTimeout(resolve, 20));
    assert.equal(sockets.size, 0);
  });
});

function policy(name: string): string {
  return `apiVersion: exeat/v1
service: story
owner: team-story
kind: app
mode: enforce
identities: [ "credential:story" ]
allow: [ { to: "http://${name}:${port}", reason: plain requests } ]
`;
}
