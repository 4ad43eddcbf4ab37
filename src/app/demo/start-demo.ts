import { writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:https';
import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import { failed, fault, ok, type Result } from '../../base/index.ts';
import type { Config, Endpoint } from '../../config/index.ts';
import { addCredential, removeCredential } from '../../trust/index.ts';
import { type DemoCertificates, makeDemoCertificates } from './demo-certificates.ts';

/** What the demo made for this start: an origin, the authority to trust for it, and a credential shown once. */
export interface DemoStart {
  readonly origin: string;
  readonly authorityPath: string;
  readonly credential: string;
  readonly secret: string;
  readonly allowedUrl: string;
  readonly deniedUrl: string;
  close(): Promise<void>;
}

/** The name that the policy of the quickstart allows, the one that it does not name, and the credential of its service. */
const allowedName = 'allowed.example';
const deniedName = 'denied.example';
const credentialName = 'demo';
const credentialLifeMs = 24 * 3_600_000;

/**
 * Starts the demo of the quickstart: `curl -> proxy (CONNECT) -> this origin`. It listens on the first local origin, loopback only.
 * Faults: `port_in_use` with the address and the mend; those of the credential file.
 */
export async function startDemo(config: Config, folder: string): Promise<Result<DemoStart | null>> {
  const [at] = config.localOrigins;
  if (at === undefined || config.credentials === null) return ok(null);
  const now = Date.now();
  const certificates = await makeDemoCertificates([allowedName, deniedName], now);
  const authorityPath = join(folder, 'ca.pem');
  writeFileSync(authorityPath, certificates.authority, { mode: 0o600 });
  const secret = await makeCredential(config.credentials, now);
  if (!secret.ok) return secret;
  const origin = await listen(certificates, at);
  if (!origin.ok) return origin;
  return ok({
    origin: at.text,
    authorityPath,
    credential: credentialName,
    secret: secret.value,
    allowedUrl: `https://${allowedName}:${at.port}/`,
    deniedUrl: `https://${deniedName}:${at.port}/`,
    close: origin.value,
  });
}

// Those of earlier starts go: at most two secrets of a name may live, and nobody has the old ones.
async function makeCredential(path: string, nowMs: number): Promise<Result<string>> {
  const removed = await removeCredential({ path, name: credentialName, id: null, nowMs });
  if (!removed.ok && removed.fault.code !== 'credential_unknown') return removed;
  const added = await addCredential({ path, name: credentialName, nowMs, lifeMs: credentialLifeMs });
  return added.ok ? ok(added.value.secret) : added;
}

async function listen(certificates: DemoCertificates, at: Endpoint): Promise<Result<() => Promise<void>>> {
  const open = new Set<Duplex>();
  const server = createServer({ cert: certificates.certificate, key: certificates.key }, (request, response) => {
    response.setHeader('content-type', 'text/plain; charset=utf-8');
    response.end(`This is the demo origin, reached through Exeat as ${request.headers.host ?? allowedName}.\n`);
  });
  server.on('connection', (socket) => {
    open.add(socket);
    socket.on('error', () => socket.destroy());
    socket.on('close', () => open.delete(socket));
  });
  // A client that speaks no TLS is its own trouble.
  server.on('tlsClientError', (_error, socket) => socket.destroy());
  const trouble = await startListening(server, at);
  if (trouble !== null) return failed(fault('port_in_use', trouble));
  return ok(
    () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        for (const socket of open) socket.destroy();
      }),
  );
}

function startListening(server: Server, at: Endpoint): Promise<string | null> {
  return new Promise((resolve) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      resolve(
        `the demo origin cannot listen on \`${at.text}\` (${error.code}), stop what listens there or change \`localOrigins\``,
      );
    });
    server.listen(at.port, at.address, () => resolve(null));
  });
}
