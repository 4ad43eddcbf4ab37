import assert from 'node:assert/strict';
import { renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { addressesIn, askOverTls, rcodeOf } from '../support/dns-over-tls.ts';
import { createAuthority, type Issued, type TestAuthority } from '../support/pki.ts';
import { type RunningProduct, startProduct, waitFor } from '../support/product.ts';
import { type StubAuthority, startStubAuthority } from '../support/stub-authority.ts';

// Who asks by the certificate of its TLS connection, as at the proxy.

const spiffeId = 'spiffe://corp.example/ns/pay/sa/api';
const policy = `apiVersion: exeat/v1
service: payments-api
owner: team-payments
kind: app
mode: enforce
identities: [ "${spiffeId}" ]
allow:
  - { to: "bank.example:443", reason: card settlement }
`;

describe('DNS over TLS with a client certificate', () => {
  let authority: StubAuthority;
  let clients: TestAuthority;
  let product: RunningProduct;
  let issued: Issued;

  before(async () => {
    authority = await startStubAuthority({ 'bank.example': { does: 'addresses', addresses: ['203.0.113.7'] } });
    clients = await createAuthority('DNS Client Root');
    issued = await clients.issueClient({ spiffeId });
    const server = await clients.issueServer({ names: ['dns.example'] });
    product = await startProduct({
      policy: { 'payments.yaml': policy },
      files: {
        'server.crt': server.chainPem,
        'server.key': server.keyPem,
        'clients.pem': clients.certificatePem,
        'crl.pem': await clients.issueRevocations(),
      },
      config: {
        listen: { proxy: '127.0.0.1:0', console: '127.0.0.1:0', dot: '127.0.0.1:0' },
        resolver: { servers: [authority.server] },
        tls: {
          certificate: './server.crt',
          key: './server.key',
          clientBundle: './clients.pem',
          revocations: './crl.pem',
        },
      },
    });
  });
  after(async () => {
    await product?.stop();
    await authority?.close();
  });

  const ask = (who: Issued | null, ...names: readonly string[]): ReturnType<typeof askOverTls> =>
    askOverTls(
      {
        port: Number(product.report.dot?.split(':').at(-1)),
        ca: clients.certificatePem,
        ...(who === null ? {} : { cert: who.chainPem, key: who.keyPem }),
      },
      names,
    );

  test('is the service that the certificate names', async () => {
    const [allowed, denied] = await ask(issued, 'bank.example', 'denied.example');
    assert.deepEqual([addressesIn(allowed), rcodeOf(denied)], [['203.0.113.7'], 'NXDOMAIN']);
    assert.deepEqual(authority.asked('denied.example'), []);
  });

  test('is nobody without one, or with one of another service', async () => {
    const [without] = await ask(null, 'bank.example');
    const [other] = await ask(await clients.issueClient({ spiffeId: 'spiffe://corp.example/other' }), 'bank.example');
    assert.deepEqual([rcodeOf(without), rcodeOf(other)], ['REFUSED', 'REFUSED']);
  });

  test('is nobody any more once it is revoked', async () => {
    writeFileSync(join(product.folder, 'crl.new'), await clients.issueRevocations({ serials: [issued.serial] }));
    renameSync(join(product.folder, 'crl.new'), join(product.folder, 'crl.pem'));
    await waitFor(async () => {
      const [reply] = await ask(issued, 'bank.example');
      return rcodeOf(reply) === 'REFUSED';
    }, 'the refusal');
  });
});
