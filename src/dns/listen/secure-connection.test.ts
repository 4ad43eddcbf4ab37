import assert from 'node:assert/strict';
import { constants } from 'node:crypto';
import { connect as connectTcp } from 'node:net';
import { after, test } from 'node:test';
import { type ConnectionOptions, connect, createSecureContext, type TLSSocket } from 'node:tls';
import { createAuthority } from '../../../test/support/pki.ts';
import type { PresentedProof } from '../../identity/index.ts';
import type { AnswerQuery } from './dns-client.ts';
import type { DnsListenTls } from './listen-options.ts';
import {
  echoQuery,
  framed,
  queryFor,
  type StreamClient,
  startListener,
  until,
  watchMessages,
} from './listening.playbook.ts';

const authority = await createAuthority('Test Root');
const server = await authority.issueServer({ names: ['dns.example'] });
const workload = await authority.issueClient({ spiffeId: 'spiffe://corp.example/api' });
const context = createSecureContext({
  cert: server.chainPem,
  key: server.keyPem,
  minVersion: 'TLSv1.2',
  secureOptions: constants.SSL_OP_NO_TICKET,
});

const seen: (readonly PresentedProof[])[] = [];
const answer: AnswerQuery = (query, client, into) => {
  seen.push(client.proofs);
  return echoQuery(query, client, into);
};

function listenSecure(tls: DnsListenTls, limits = {}) {
  return startListener({ answer, tls, limits, transports: ['tls'] });
}

const { listener, port } = await listenSecure({ context: () => context, requestCertificate: true });
after(() => listener.close({ drainMs: 0 }));

function openTlsClient(at: number, options: ConnectionOptions = {}): StreamClient {
  const socket: TLSSocket = connect({
    host: '127.0.0.1',
    port: at,
    ca: authority.certificatePem,
    servername: 'dns.example',
    ...options,
  });
  return watchMessages(socket);
}

test('DNS over TLS is answered, with ALPN `dot` and without', async () => {
  for (const ALPNProtocols of [['dot'], undefined]) {
    const client = openTlsClient(port('tls'), ALPNProtocols === undefined ? {} : { ALPNProtocols });
    client.socket.write(Buffer.concat([1, 2, 3].map((id) => framed(queryFor('a.example', id)))));
    await until(() => client.got.length === 3, 'three answers');
    assert.equal((client.socket as TLSSocket).alpnProtocol, ALPNProtocols === undefined ? false : 'dot');
    assert.deepEqual(seen.pop(), []);
    client.socket.destroy();
  }
});

test('a client certificate is asked for, never required, and handed on as it was presented', async () => {
  const client = openTlsClient(port('tls'), { cert: workload.chainPem, key: workload.keyPem });
  client.socket.write(framed(queryFor('a.example')));
  await until(() => client.got.length === 1, 'an answer');
  const [proof] = seen.pop() ?? [];
  assert.ok(proof?.kind === 'certificate');
  assert.deepEqual(Buffer.from(proof.chain[0] ?? []), Buffer.from(workload.chain[0] ?? []));
  client.socket.destroy();
});

test('a certificate that nobody asked for is not a proof', async (testing) => {
  const plain = await listenSecure({ context: () => context, requestCertificate: false });
  testing.after(() => plain.listener.close({ drainMs: 0 }));
  const client = openTlsClient(plain.port('tls'), { cert: workload.chainPem, key: workload.keyPem });
  client.socket.write(framed(queryFor('a.example')));
  await until(() => client.got.length === 1, 'an answer');
  assert.deepEqual(seen.pop(), []);
});

test('a replaced certificate is shown from the next handshake on', async (testing) => {
  const next = await authority.issueServer({ names: ['dns.example'] });
  let now = context;
  const renewed = await listenSecure({ context: () => now, requestCertificate: false });
  testing.after(() => renewed.listener.close({ drainMs: 0 }));
  const serials: string[] = [];
  for (const _ of [1, 2]) {
    const client = openTlsClient(renewed.port('tls'));
    client.socket.write(framed(queryFor('a.example')));
    await until(() => client.got.length === 1, 'an answer');
    serials.push((client.socket as TLSSocket).getPeerCertificate().serialNumber.toLowerCase());
    now = createSecureContext({ cert: next.chainPem, key: next.keyPem });
    client.socket.destroy();
  }
  const short = (serial: string): string => serial.replace(/^0+/, '');
  assert.deepEqual(serials.map(short), [server.serial, next.serial].map(short));
});

test('old TLS, plain bytes, no bytes and a missing certificate end in time, and are counted', async (testing) => {
  const old = createSecureContext({
    cert: server.chainPem,
    key: server.keyPem,
    minVersion: 'TLSv1.1',
    ciphers: 'DEFAULT@SECLEVEL=0',
  });
  const asked = seen.length;
  let isBroken = false;
  const tls = { context: () => (isBroken ? assert.fail('no certificate') : old), requestCertificate: false };
  const { listener: strict, reasons, port: at } = await listenSecure(tls, { handshakeTimeoutMs: 100 });
  testing.after(() => strict.close({ drainMs: 0 }));
  const aged = openTlsClient(at('tls'), {
    minVersion: 'TLSv1.1',
    maxVersion: 'TLSv1.1',
    ciphers: 'DEFAULT@SECLEVEL=0',
  });
  aged.socket.write(framed(queryFor('a.example')));
  const plain = watchMessages(connectTcp(at('tls'), '127.0.0.1'));
  plain.socket.write(framed(queryFor('a.example')));
  const silent = watchMessages(connectTcp(at('tls'), '127.0.0.1'));
  await until(() => aged.isClosed() && plain.isClosed() && silent.isClosed(), 'all three are cut');
  isBroken = true;
  const broken = openTlsClient(at('tls'));
  await until(() => broken.isClosed() && reasons().handshake_failed === 4, 'the fourth is cut');
  assert.equal(seen.length, asked);
  assert.equal(strict.counts().connections, 0);
});

test('a client that names another protocol is refused in the handshake', async () => {
  const client = openTlsClient(port('tls'), { ALPNProtocols: ['h2'] });
  await until(client.isClosed, 'it is refused');
  assert.deepEqual(client.got, []);
});

test('a silent connection, and one cut in the middle, leave nothing behind', async (testing) => {
  const quick = await listenSecure({ context: () => context, requestCertificate: true }, { idleTimeoutMs: 100 });
  testing.after(() => quick.listener.close({ drainMs: 0 }));
  const idle = openTlsClient(quick.port('tls'));
  idle.socket.write(framed(queryFor('a.example')));
  const torn = openTlsClient(quick.port('tls'));
  torn.socket.once('secureConnect', () => torn.socket.destroy());
  await until(() => idle.isClosed() && torn.isClosed(), 'both are closed');
  await until(() => quick.listener.counts().connections === 0, 'and gone');
  assert.equal(quick.reasons().idle, 1);
});
