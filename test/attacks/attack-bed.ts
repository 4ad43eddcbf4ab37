import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { DecisionRecord } from '../../src/policy/index.ts';
import { startCountingOrigin, startHttpOrigin, startTlsOrigin } from '../support/attack-origins.ts';
import { type RunningProduct, startProduct, waitFor } from '../support/product.ts';
import { basicProof } from '../support/raw-client.ts';
import { createTokenIssuer } from '../support/token-issuer.ts';

/** The whole product with origins around it, for attacks from outside. */
export interface AttackBed {
  readonly port: number;
  readonly secret: string;
  /** The proof of `app`, which may reach the few names that its rules list. */
  readonly proof: string;
  /** The proof of `other`, which may reach `other.example` only. */
  readonly otherProof: string;
  /** The proof of `wide`, whose rules cover every name and every address: what still holds is the boundary. */
  readonly wideProof: string;
  readonly tokens: {
    sign(claims: Record<string, unknown>, options: { readonly expiresInMs?: number }): Promise<string>;
  };
  readonly tls: { bytesIn(): number };
  readonly http: { requests(): readonly SeenRequest[] };
  authority(name: string): string;
  httpAuthority(name: string): string;
  tcpAuthority(name: string): string;
  /** Forgets the records written so far, for `record`. */
  forget(): Promise<void>;
  /** The first record since `forget` that matches; waits for it. */
  record(matches: (record: DecisionRecord) => boolean): Promise<DecisionRecord>;
  recordLines(): Promise<readonly string[]>;
  log(): string;
  until(isThere: () => boolean | Promise<boolean>, timeoutMs?: number): Promise<void>;
  close(): Promise<void>;
}

/** A request as the plain origin saw it. */
export interface SeenRequest {
  readonly path: string;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
}

/** What differs between beds. */
export interface AttackBedOptions {
  /** The `limits:` of the configuration. Default: none. */
  readonly limits?: Readonly<Record<string, string | number>>;
}

/** Starts origins and the product, and adds the credentials. */
export async function openAttackBed(options: AttackBedOptions = {}): Promise<AttackBed> {
  const tls = await startTlsOrigin(['allowed.example', 'other.example', 'sourced.example', 'token.example']);
  const http = await startHttpOrigin();
  const tcp = await startCountingOrigin();
  const folder = await mkdtemp(join(tmpdir(), 'exeat-attack-'));
  const issuer = await createTokenIssuer({ issuer: 'https://ci.example.com' });
  const jwks = join(folder, 'jwks.json');
  await writeFile(jwks, issuer.jwks());
  const ports = { tls: tls.port, http: http.port, tcp: tcp.port };
  const product = await startProduct({
    policy: { 'attack.yaml': attackPolicy(ports) },
    credentials: ['app', 'other', 'wide'],
    config: {
      hosts: attackHosts,
      localOrigins: Object.values(ports).map((port) => `127.0.0.1:${port}`),
      issuers: [{ issuer: issuer.issuer, audience: 'exeat', jwks }],
      ...(options.limits === undefined ? {} : { limits: options.limits }),
    },
  });
  const proofOf = (name: string): string => basicProof(name, product.secretOf(name));
  let forgotten = 0;
  return {
    port: product.proxyPort,
    secret: product.secretOf('app'),
    proof: proofOf('app'),
    otherProof: proofOf('other'),
    wideProof: proofOf('wide'),
    tokens: {
      sign: (claims, { expiresInMs = 60_000 }) => {
        const now = Math.floor(Date.now() / 1000);
        const exp = Math.floor((Date.now() + expiresInMs) / 1000);
        return issuer.sign({ aud: 'exeat', iat: Math.min(now, exp - 60), exp, ...claims });
      },
    },
    tls,
    http,
    authority: (name) => `${name}:${ports.tls}`,
    httpAuthority: (name) => `${name}:${ports.http}`,
    tcpAuthority: (name) => `${name}:${ports.tcp}`,
    // By count: records carry the clock of the product, which need not agree with ours to the millisecond.
    forget: async () => {
      forgotten = (await product.records()).length;
    },
    record: (matches) => firstRecord(product, forgotten, matches),
    recordLines: async () => (await product.records()).map((record) => JSON.stringify(record)),
    log: () => product.stderr(),
    until,
    close: async () => {
      await product.stop();
      await Promise.all([tls.close(), http.close(), tcp.close()]);
      await rm(folder, { recursive: true, force: true });
    },
  };
}

const attackHosts: Readonly<Record<string, string>> = {
  'allowed.example': '127.0.0.1',
  'other.example': '127.0.0.1',
  'sourced.example': '127.0.0.1',
  'token.example': '127.0.0.1',
  'plain.example': '127.0.0.1',
  'raw.example': '127.0.0.1',
  'self.example': '127.0.0.1',
  'inner.example': '10.9.8.7',
};

function attackPolicy(ports: { readonly tls: number; readonly http: number; readonly tcp: number }): string {
  return `apiVersion: exeat/v1
service: app
owner: team-app
kind: app
mode: enforce
identities: [ "credential:app" ]
allow:
  - { to: "allowed.example:${ports.tls}", reason: the top secret reason }
  - { to: "http://plain.example:${ports.http}", reason: plain requests of the attack tests }
  - { to: "tcp://raw.example:${ports.tcp}", reason: opaque bytes of the attack tests }
deny:
  - { to: "forbidden.example:*", reason: never }
---
apiVersion: exeat/v1
service: other
owner: team-other
kind: app
mode: enforce
identities: [ "credential:other" ]
allow:
  - { to: "other.example:${ports.tls}", reason: the other service's origin }
---
apiVersion: exeat/v1
service: wide
owner: team-wide
kind: app
mode: enforce
identities: [ "credential:wide" ]
allow:
  - { to: "tcp://*:*", reason: covers every name so that only the boundary is left }
  - { to: "http://*:*", reason: covers every name so that only the boundary is left }
  - { to: "tcp://0.0.0.0/0:*", reason: covers every address so that only the boundary is left }
  - { to: "tcp://[::/0]:*", reason: covers every address so that only the boundary is left }
  - { to: "http://0.0.0.0/0:*", reason: covers every address so that only the boundary is left }
---
apiVersion: exeat/v1
service: sourced
owner: team-sourced
kind: app
mode: enforce
identities: [ "source:127.0.0.0/8" ]
allow:
  - { to: "sourced.example:${ports.tls}", reason: by source range only }
---
apiVersion: exeat/v1
service: ci
owner: team-ci
kind: build
mode: enforce
identities:
  - token: { issuer: "https://ci.example.com", claims: { repository_id: "123" } }
allow:
  - { to: "token.example:${ports.tls}", reason: by token }
`;
}

async function firstRecord(
  product: RunningProduct,
  forgotten: number,
  matches: (record: DecisionRecord) => boolean,
): Promise<DecisionRecord> {
  let found: DecisionRecord | undefined;
  await until(async () => {
    found = (await product.records()).slice(forgotten).find(matches);
    return found !== undefined;
  });
  if (found === undefined) throw new Error('no such record');
  return found;
}

async function until(isThere: () => boolean | Promise<boolean>, timeoutMs = 8000): Promise<void> {
  await waitFor(async () => isThere(), 'what was waited for', timeoutMs);
}
