import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import type { AddressInfo } from 'node:net';
import { after, before, describe, it } from 'node:test';
import { connect, createServer, type DetailedPeerCertificate, type TLSSocket } from 'node:tls';
import { createAuthority, type Issued, type IssueOptions, type TestAuthority } from '../../test/support/pki.ts';
import { createTrustSetup, nextNotice, type TrustSetup } from '../../test/support/trust-setup.ts';
import type { Trust } from './trust.ts';
import { ExtendedKeyUsage, ExtendedKeyUsageExtension, Extension, KeyUsageFlags } from './x509-library.ts';

const spiffeId = 'spiffe://corp.example/ns/payments/sa/api';

describe('proof by certificate', () => {
  let setup: TrustSetup;
  let root: TestAuthority;
  let middle: TestAuthority;
  let stranger: TestAuthority;
  let own: Issued;
  let now = 0;
  before(async () => {
    setup = await createTrustSetup();
    now = setup.clock.nowMs;
    root = await createAuthority('Test Root');
    middle = await root.issueAuthority('Test Middle');
    stranger = await createAuthority('Test Root');
    own = await root.issueServer({ names: ['proxy.example'], addresses: ['127.0.0.1'] });
    await setup.write('proxy.crt', own.chainPem);
    await setup.write('proxy.key', own.keyPem);
    await setup.write('bundle.pem', root.certificatePem);
  });
  after(() => setup.close());

  const at = (name: string): string => `${setup.folder}/${name}`;
  const tls = (): { certificate: string; key: string; clientBundle: string } => ({
    certificate: at('proxy.crt'),
    key: at('proxy.key'),
    clientBundle: at('bundle.pem'),
  });
  const outcome = async (trust: Trust, chain: readonly Uint8Array[], nowMs = now): Promise<string> => {
    const result = await trust.verify({ kind: 'certificate', chain }, nowMs);
    return result.kind === 'failed' ? result.why : result.kind;
  };

  const leaves: readonly (readonly [string, IssueOptions & { spiffeId?: string }, string])[] = [
    ['a sound leaf', { spiffeId }, 'verified'],
    ['a leaf without extended usages', { spiffeId, extendedUsages: [] }, 'verified'],
    ['a DNS name beside the URI', { spiffeId, names: ['api.example'] }, 'verified'],
    ['no URI name', { names: ['api.example'] }, 'malformed'],
    ['two URI names', { uris: [spiffeId, 'spiffe://corp.example/other'] }, 'malformed'],
    ['a URI of another scheme', { uris: ['https://corp.example/api'] }, 'malformed'],
    ['a trust domain without path', { spiffeId: 'spiffe://corp.example' }, 'malformed'],
    ['a malformed SPIFFE ID', { spiffeId: 'spiffe://corp.example/../api' }, 'malformed'],
    ['an authority as leaf', { spiffeId, isAuthority: true }, 'malformed'],
    ['no key usage', { spiffeId, usages: null }, 'malformed'],
    [
      'a leaf that may sign certificates',
      { spiffeId, usages: KeyUsageFlags.digitalSignature | KeyUsageFlags.keyCertSign },
      'malformed',
    ],
    ['a leaf for servers only', { spiffeId, extendedUsages: [ExtendedKeyUsage.serverAuth] }, 'malformed'],
    ['an expired leaf', { spiffeId, notAfter: Date.now() - 1000 }, 'expired'],
    ['a leaf not valid yet', { spiffeId, notBefore: Date.now() + 600_000 }, 'not_yet_valid'],
    [
      'an unknown critical extension',
      { spiffeId, extensions: [new Extension('1.2.3.4', true, new Uint8Array([5, 0]))] },
      'malformed',
    ],
    [
      'an unknown extension that is not critical',
      { spiffeId, extensions: [new Extension('1.2.3.4', false, new Uint8Array([5, 0]))] },
      'verified',
    ],
  ];
  it('leaves are held to the X509-SVID profile', async () => {
    const trust = await setup.start({ tls: tls() });
    for (const [name, options, expected] of leaves) {
      assert.equal(await outcome(trust, (await root.issueClient(options)).chain), expected, name);
    }
  });

  it('a path leads to the bundle over presented intermediates, and nowhere else', async () => {
    const trust = await setup.start({ tls: tls() });
    const below = await middle.issueClient({ spiffeId });
    const expired = await root.issueAuthority('Old Middle', { notAfter: now - 1000 });
    const notAuthority = await root.issueAuthority('No Authority', { isAuthority: false });
    const cannotSign = await root.issueAuthority('Cannot Sign', { usages: KeyUsageFlags.cRLSign });
    const narrowed = (...usages: string[]): Promise<TestAuthority> =>
      root.issueAuthority('Narrowed', { extensions: [new ExtendedKeyUsageExtension(usages)] });
    const forServers = await narrowed(ExtendedKeyUsage.serverAuth);
    const forBoth = await narrowed(ExtendedKeyUsage.serverAuth, ExtendedKeyUsage.clientAuth);
    const rows: readonly (readonly [string, readonly Uint8Array[], string])[] = [
      ['an intermediate for servers only', (await forServers.issueClient({ spiffeId })).chain, 'chain_invalid'],
      ['an intermediate for clients as well', (await forBoth.issueClient({ spiffeId })).chain, 'verified'],
      ['leaf and intermediate', below.chain, 'verified'],
      ['with the root as well', [...below.chain, root.certificate], 'verified'],
      ['without the intermediate', below.chain.slice(0, 1), 'chain_invalid'],
      ['a root of the same name and another key', (await stranger.issueClient({ spiffeId })).chain, 'chain_invalid'],
      [
        'that root presented along',
        [...(await stranger.issueClient({ spiffeId })).chain, stranger.certificate],
        'chain_invalid',
      ],
      ['an expired intermediate', (await expired.issueClient({ spiffeId })).chain, 'chain_invalid'],
      ['an intermediate that is no authority', (await notAuthority.issueClient({ spiffeId })).chain, 'chain_invalid'],
      [
        'an intermediate without the right to sign',
        (await cannotSign.issueClient({ spiffeId })).chain,
        'chain_invalid',
      ],
      ['no chain', [], 'malformed'],
      ['a long chain', Array.from({ length: 9 }, () => below.chain[0] ?? new Uint8Array()), 'malformed'],
      ['a changed byte', [flip(below.chain[0]), ...below.chain.slice(1)], 'chain_invalid'],
    ];
    for (const [name, chain, expected] of rows) assert.equal(await outcome(trust, chain), expected, name);
  });

  it('a trust domain binds: the configured one, and the one that a root is marked with', async () => {
    const marked = await createAuthority('Other Root');
    const other = await marked.issueClient({ spiffeId: 'spiffe://other.example/api' });
    await setup.write('both.pem', root.certificatePem + marked.certificatePem);
    const trust = await setup.start({ tls: { ...tls(), clientBundle: at('both.pem'), trustDomain: 'corp.example' } });
    assert.equal(await outcome(trust, other.chain), 'chain_invalid');
    assert.equal(await outcome(trust, (await marked.issueClient({ spiffeId })).chain), 'verified');
    const domainRoot = await createAuthority('Domain Root', { uris: ['spiffe://other.example'] });
    await setup.write('domain.pem', domainRoot.certificatePem);
    const bound = await setup.start({ tls: { ...tls(), clientBundle: at('domain.pem') } });
    assert.equal(await outcome(bound, (await domainRoot.issueClient({ spiffeId })).chain), 'chain_invalid');
    const fine = await domainRoot.issueClient({ spiffeId: 'spiffe://other.example/api' });
    assert.equal(await outcome(bound, fine.chain), 'verified');
  });

  it('a revoked certificate is refused after the reload, also while it is remembered', async () => {
    const client = await root.issueClient({ spiffeId });
    await setup.write('crl.pem', await root.issueRevocations({ thisUpdate: now - 600_000 }));
    const trust = await setup.start({ tls: { ...tls(), revocations: at('crl.pem') } });
    const verified = await trust.verify({ kind: 'certificate', chain: client.chain }, now);
    assert.ok(verified.kind === 'verified');
    assert.equal(trust.stillHolds(verified.evidence, now), true);
    const changed = nextNotice(trust.onChange);
    await setup.write('crl.pem', await root.issueRevocations({ serials: [client.serial] }));
    await changed;
    assert.equal(await outcome(trust, client.chain), 'revoked');
    assert.equal(trust.stillHolds(verified.evidence, now), false);
  });

  it('a list that is lapsed, of nobody, or signed by another fails closed; an older one is not taken', async () => {
    const client = await root.issueClient({ spiffeId });
    const rows: readonly (readonly [string, Promise<string>, string])[] = [
      ['lapsed', root.issueRevocations({ nextUpdate: now - 1000 }), 'unavailable'],
      ['of another issuer', middle.issueRevocations(), 'unavailable'],
      ['of our issuer by name, signed by another', stranger.issueRevocations(), 'unavailable'],
      ['sound', root.issueRevocations(), 'verified'],
    ];
    for (const [name, list, expected] of rows) {
      const file = await setup.write(`${name}.crl`, await list);
      const trust = await setup.start({ tls: { ...tls(), revocations: file } });
      assert.equal(await outcome(trust, client.chain), expected, name);
    }
    const file = at('lapsed.crl');
    const lax = await setup.start({ tls: { ...tls(), revocations: file, revocationsPastUpdate: 'accept' } });
    assert.equal(await outcome(lax, client.chain), 'verified');
    assert.ok(lax.status(now).problems.some((each) => each.code === 'revocations_lapsed'));

    const trust = await setup.start({ tls: { ...tls(), revocations: at('sound.crl') } });
    await setup.write('sound.crl', await root.issueRevocations({ thisUpdate: now - 3_600_000 }));
    await trust.reload();
    assert.equal(trust.status(now).problems[0]?.code, 'revocations_older');
  });

  it('an intermediate that the root revoked takes its leaves with it', async () => {
    const client = await middle.issueClient({ spiffeId });
    const serial = new X509Certificate(client.chain[1] ?? '').serialNumber;
    const lists = (await middle.issueRevocations()) + (await root.issueRevocations({ serials: [serial] }));
    const trust = await setup.start({ tls: { ...tls(), revocations: await setup.write('two.crl', lists) } });
    assert.equal(await outcome(trust, client.chain), 'revoked');
  });

  it('an authority taken out of the bundle takes its clients with it', async () => {
    const leaving = await createAuthority('Leaving Root');
    const clientBundle = await setup.write('leaving.pem', root.certificatePem + leaving.certificatePem);
    const trust = await setup.start({ tls: { ...tls(), clientBundle } });
    const client = await leaving.issueClient({ spiffeId });
    const verified = await trust.verify({ kind: 'certificate', chain: client.chain }, now);
    assert.ok(verified.kind === 'verified');
    await setup.write('leaving.pem', root.certificatePem);
    await trust.reload();
    assert.equal(trust.stillHolds(verified.evidence, now), false);
    assert.equal(await outcome(trust, client.chain), 'chain_invalid');
  });

  it('a real handshake gives the chain, and a replaced certificate is served without a restart', async () => {
    // The intermediate stands in the bundle: Node 24.21 hands a server the client's leaf alone (nodejs/node#65579).
    const clientBundle = await setup.write('with-middle.pem', root.certificatePem + middle.certificatePem);
    const trust = await setup.start({ tls: { ...tls(), clientBundle } });
    const client = await middle.issueClient({ spiffeId });
    const seen: string[] = [];
    const server = createServer(trust.tlsServerOptions() ?? {}, (socket) => {
      socket.on('error', (error) => seen.push(error.message));
      void outcome(trust, peerChain(socket)).then((said) => {
        seen.push(said);
        socket.end(said);
      });
    });
    const stop = trust.onTlsChange((options) => server.setSecureContext(options));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    try {
      const { port } = server.address() as AddressInfo;
      const first = await handshake(port, client, root.certificatePem);
      assert.equal(seen[0], 'verified');
      const next = await root.issueServer({ names: ['proxy.example'], addresses: ['127.0.0.1'] });
      const changed = nextNotice(trust.onTlsChange);
      await setup.write('proxy.crt', next.chainPem);
      await setup.write('proxy.key', next.keyPem);
      await changed;
      const second = await handshake(port, client, root.certificatePem);
      assert.notEqual(second, first);
      assert.equal(second, next.serial);
      assert.equal(seen[1], 'verified');
    } finally {
      stop();
      server.close();
    }
  });

  it('a start with broken TLS files is refused with the file or part and the mend', async () => {
    const other = await root.issueServer({ names: ['proxy.example'] });
    const twoDomains = await createAuthority('Two Domains', { uris: ['spiffe://a.example', 'spiffe://b.example'] });
    const rows: readonly (readonly [Record<string, string>, RegExp])[] = [
      [{ key: await setup.write('other.key', other.keyPem) }, /does not belong/],
      [{ certificate: at('absent.crt') }, /absent\.crt` does not exist/],
      [{ clientBundle: await setup.write('empty.pem', '') }, /client bundle/],
      [{ clientBundle: await setup.write('leaf.pem', other.certificatePem) }, /not a usable authority/],
      [{ clientBundle: await setup.write('two.pem', twoDomains.certificatePem) }, /not a usable authority/],
      [
        { revocations: await setup.write('junk.crl', '-----BEGIN X509 CRL-----\nAAAA\n-----END X509 CRL-----') },
        /revocation list 1/,
      ],
    ];
    for (const [change, message] of rows) await assert.rejects(setup.start({ tls: { ...tls(), ...change } }), message);
  });
});

function flip(der: Uint8Array | undefined): Uint8Array {
  const copy = Uint8Array.from(der ?? []);
  // The last byte belongs to the signature.
  copy[copy.length - 1] = (copy.at(-1) ?? 0) ^ 1;
  return copy;
}

function peerChain(socket: TLSSocket): readonly Uint8Array[] {
  const chain: Uint8Array[] = [];
  let each: DetailedPeerCertificate | undefined = socket.getPeerCertificate(true);
  // A self-signed root is its own issuer.
  while (each?.raw !== undefined && chain.length < 8) {
    chain.push(new Uint8Array(each.raw));
    each = each.issuerCertificate === each ? undefined : each.issuerCertificate;
  }
  return chain;
}

function handshake(port: number, client: Issued, ca: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: '127.0.0.1', ca, cert: client.chainPem, key: client.keyPem });
    let serial = '';
    socket.on('error', reject);
    socket.on('secureConnect', () => {
      serial = socket.getPeerX509Certificate()?.serialNumber.toLowerCase() ?? '';
    });
    socket.on('data', () => socket.end());
    socket.on('close', () => resolve(serial));
  });
}
