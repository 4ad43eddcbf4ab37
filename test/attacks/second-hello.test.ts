import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { AddressInfo, Socket } from 'node:net';
import { Duplex } from 'node:stream';
import { after, before, test } from 'node:test';
import { connect as connectTls, createServer as createTlsServer, type Server } from 'node:tls';
import { appPolicy } from '../support/app-policy.ts';
import { createAuthority, type TestAuthority } from '../support/pki.ts';
import { type RunningProduct, startProduct } from '../support/product.ts';
import { basicProof, connectHead, openRaw } from '../support/raw-client.ts';

const honest = 'allowed.example';
const other = 'evilevi.example';

let root: TestAuthority;
let origin: Server;
let port: number;
let product: RunningProduct;

before(async () => {
  root = await createAuthority('Second Hello Root');
  const issued = await root.issueServer({ names: [honest] });
  // The client offers X25519 first, the server takes only P-384: it answers with a HelloRetryRequest.
  origin = createTlsServer(
    { cert: issued.chainPem, key: issued.keyPem, ecdhCurve: 'P-384', minVersion: 'TLSv1.3' },
    (socket) => {
      socket.on('error', () => socket.destroy());
      socket.end('welcome');
    },
  );
  origin.on('tlsClientError', (_error, socket) => socket.destroy());
  origin.listen(0, '127.0.0.1');
  await once(origin, 'listening');
  port = (origin.address() as AddressInfo).port;
  product = await startProduct({
    policy: { 'hello.yaml': policy() },
    credentials: ['app'],
    config: { hosts: { [honest]: '127.0.0.1' }, localOrigins: [`127.0.0.1:${port}`] },
  });
});
after(async () => {
  await product?.stop();
  origin?.close();
});

/** Speaks TLS through a tunnel; `rewrite` may change what the client's TLS sends, flight by flight. */
async function speak(rewrite: (bytes: Buffer, flight: number) => Buffer): Promise<string> {
  const tunnel = await openRaw(product.proxyPort);
  tunnel.send(connectHead(`${honest}:${port}`, { proof: basicProof('app', product.secretOf('app')) }));
  await tunnel.readUntil(/\r\n\r\n/);
  tunnel.socket.removeAllListeners('data');
  let flight = 0;
  const socket = connectTls({
    socket: rewriter(tunnel.socket, (bytes) => rewrite(bytes, ++flight)),
    servername: honest,
    ca: root.certificatePem,
    ecdhCurve: 'X25519:P-384',
    minVersion: 'TLSv1.3',
  });
  let text = '';
  socket.on('data', (chunk) => {
    text += String(chunk);
  });
  const ended = new Promise<string>((resolve) => {
    socket.on('error', () => resolve('reset'));
    socket.on('end', () => resolve(text));
    socket.on('close', () => resolve(text));
  });
  const outcome = await ended;
  tunnel.close();
  return outcome;
}

test('an honest second hello passes', async () => {
  assert.equal(await speak((bytes) => bytes), 'welcome');
});

test('second hello with another name is cut before the origin reads it', async () => {
  const outcome = await speak((bytes, flight) => (flight === 1 ? bytes : replaceName(bytes)));
  assert.notEqual(outcome, 'welcome');
  const deadline = performance.now() + 8000;
  let found = false;
  while (!found && performance.now() < deadline) {
    const records = await product.records();
    found = records.some(
      (record) => record.kind === 'verdict' && record.stage === 'sni' && record.reason === 'sni_mismatch',
    );
    if (!found) await new Promise((resolve) => setTimeout(resolve, 50));
  }
  assert.ok(found, 'the record says sni_mismatch');
});

function replaceName(bytes: Buffer): Buffer {
  const at = bytes.indexOf(honest);
  if (at < 0) return bytes;
  const copy = Buffer.from(bytes);
  copy.write(other, at, 'latin1');
  return copy;
}

/** A socket whose outgoing bytes pass through `change`. */
function rewriter(socket: Socket, change: (bytes: Buffer) => Buffer): Duplex {
  const duplex = new Duplex({
    read: () => void socket.resume(),
    write: (chunk: Buffer, _encoding, done) => {
      socket.write(change(chunk));
      done();
    },
    final: (done) => {
      socket.end();
      done();
    },
  });
  socket.on('data', (chunk: Buffer) => duplex.push(chunk));
  socket.on('end', () => duplex.push(null));
  socket.on('close', () => duplex.destroy());
  return duplex;
}

function policy(): string {
  return appPolicy([[`${honest}:${port}`, 'the second hello of this test']]);
}
