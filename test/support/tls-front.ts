import { createHash, X509Certificate } from 'node:crypto';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { createServer } from 'node:tls';
import { createAuthority } from './pki.ts';

/** What ends TLS in front of a console, as a reverse proxy does, and how a browser comes to it. */
export interface TlsFront {
  /** `https://console.example:41234`. */
  readonly origin: string;
  /** What Chromium is started with: the name leads here, and this certificate alone is trusted. */
  readonly browserArgs: readonly string[];
  close(): Promise<void>;
}

/** Listens with a certificate for `name` and passes on to the port that `target` gives. */
export async function startTlsFront(name: string, target: () => number): Promise<TlsFront> {
  const authority = await createAuthority('Test Root');
  const { certificatePem, keyPem } = await authority.issueServer({ names: [name] });
  const open = new Set<Socket>();
  const server = createServer({ cert: certificatePem, key: keyPem }, (secure) => {
    const behind = connect(target(), '127.0.0.1');
    for (const socket of [secure, behind]) {
      open.add(socket);
      socket.on('error', () => undefined);
      socket.on('close', () => {
        open.delete(socket);
        secure.destroy();
        behind.destroy();
      });
    }
    secure.pipe(behind).pipe(secure);
  });
  server.on('tlsClientError', (_error, socket) => socket.destroy());
  await new Promise<void>((done, fail) => server.once('error', fail).listen(0, '127.0.0.1', done));
  const spki = new X509Certificate(certificatePem).publicKey.export({ type: 'spki', format: 'der' });
  return {
    origin: `https://${name}:${(server.address() as AddressInfo).port}`,
    browserArgs: [
      `--host-resolver-rules=MAP ${name} 127.0.0.1`,
      `--ignore-certificate-errors-spki-list=${createHash('sha256').update(spki).digest('base64')}`,
    ],
    close: () =>
      new Promise((done) => {
        server.close(() => done());
        for (const socket of open) socket.destroy();
      }),
  };
}
