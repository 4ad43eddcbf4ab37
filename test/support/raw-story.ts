import assert from 'node:assert/strict';
import { renameSync, writeFileSync } from 'node:fs';
import { askConnect, type ProxyAnswer, proofOf } from './ask-proxy.ts';
import { type EchoOrigin, startTcpEcho } from './echo-origins.ts';
import { type ProductOptions, type RunningProduct, startProduct } from './product.ts';
import { connectHead, openRaw, type RawClient } from './raw-client.ts';

/**
 * The whole product with one service, `story`, that may reach `raw.example` (an echo origin) by an opaque rule; proven by a credential or
 * by a token of https://ci.example.com with the claim `repository_id: "123"`.
 */
export interface RawStory {
  readonly product: RunningProduct;
  readonly origin: EchoOrigin;
  /** `raw.example` with the port of the origin. */
  readonly authority: string;
  /** Asks for a tunnel, by default to the origin and with the credential. */
  ask(authority?: string, proof?: string): Promise<ProxyAnswer>;
  /** Opens a tunnel to the origin that stays. */
  tunnel(): Promise<RawClient>;
  metrics(): Promise<string>;
  /** The problems that `exeat status` lists. */
  problems(): Promise<readonly string[]>;
  stop(): Promise<void>;
}

/** What differs between stories: more rules (`tcp://…`), hosts and local origins beside the origin's own, and the rest of the product's options. */
export interface RawStoryOptions extends Pick<ProductOptions, 'files' | 'maxDescriptors' | 'prepare' | 'proxyTls'> {
  /** Further `to:` of the service. Default: none. */
  readonly rules?: readonly string[];
  /** Further policy files by path. Default: none. */
  readonly policy?: Readonly<Record<string, string>>;
  /** Keys of `exeat.yaml`; `hosts` and `localOrigins` are added to the story's own. Default: none. */
  readonly config?: Readonly<Record<string, unknown>> & {
    readonly hosts?: Readonly<Record<string, string>>;
    readonly localOrigins?: readonly string[];
  };
}

/** Starts the origin and the product. */
export async function startRawStory(options: RawStoryOptions = {}): Promise<RawStory> {
  const origin = await startTcpEcho();
  const { rules = [], policy = {}, config = {}, ...others } = options;
  const authority = `raw.example:${origin.port}`;
  const product = await startProduct({
    ...others,
    policy: { 'story.yaml': policyOf([`tcp://${authority}`, ...rules]), ...policy },
    credentials: ['story'],
    config: {
      ...config,
      hosts: { 'raw.example': '127.0.0.1', ...config.hosts },
      localOrigins: [`127.0.0.1:${origin.port}`, ...(config.localOrigins ?? [])],
    },
  }).catch(async (error: unknown) => {
    await origin.close();
    throw error;
  });
  return {
    product,
    origin,
    authority,
    ask: (to = authority, proof = proofOf(product, 'story')) =>
      askConnect({ port: product.proxyPort, authority: to, proof }),
    tunnel: async () => {
      const client = await openRaw(product.proxyPort);
      client.send(connectHead(authority, { proof: proofOf(product, 'story') }));
      assert.match(await client.readUntil(/\r\n\r\n/), /^HTTP\/1\.1 200 /);
      return client;
    },
    metrics: async () => (await fetch(`http://${product.console}/metrics`)).text(),
    problems: async () => {
      const { stdout } = await product.run('status', '-o', 'json');
      return (JSON.parse(stdout) as { readonly problems: readonly string[] }).problems;
    },
    stop: async () => {
      await product.stop();
      await origin.close();
    },
  };
}

/** Replaces a file as a tool would: written beside it, then renamed, for its owner only. */
export function replaceFile(path: string, content: string | Uint8Array): void {
  writeFileSync(`${path}.new`, content, { mode: 0o600 });
  renameSync(`${path}.new`, path);
}

function policyOf(rules: readonly string[]): string {
  return `apiVersion: exeat/v1
service: story
owner: team-story
kind: build
mode: enforce
identities:
  - credential:story
  - token: { issuer: "https://ci.example.com", claims: { repository_id: "123" } }
allow:
${rules.map((to) => `  - { to: "${to}", reason: opaque bytes }\n`).join('')}`;
}
