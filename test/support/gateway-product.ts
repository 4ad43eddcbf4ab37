import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { DecisionRecord, VerdictRecord } from '../../src/policy/index.ts';
import { at, type GatewayBed, until, workloadMac } from './gateway-bed.ts';
import { createAuthority } from './pki.ts';
import { type RunningProduct, startProduct } from './product.ts';

/** What the product is given beside the place in the bed. */
export interface GatewayProductOptions {
  readonly policy: string;
  readonly hosts?: Readonly<Record<string, string | readonly string[]>>;
  /** Keys of `gateway:` beside `inside` and `neighbours`. Default: none. */
  readonly gateway?: Readonly<Record<string, unknown>>;
  /** More of `exeat.yaml`. Default: nothing. */
  readonly config?: Readonly<Record<string, unknown>>;
}

/** Starts the product as the gateway of the bed, and waits until the kernel holds the policy. */
export async function startGatewayProduct(bed: GatewayBed, options: GatewayProductOptions): Promise<RunningProduct> {
  const product = await startProduct({
    namespace: bed.names.gateway,
    policy: { 'workload.yaml': options.policy },
    config: {
      listen: { proxy: '127.0.0.1:3128', console: '127.0.0.1:8440', dns: '[::]:5353' },
      hosts: options.hosts ?? {},
      gateway: {
        inside: ['gi'],
        neighbours: Object.fromEntries(
          [at.workload, at.second].flatMap((both) => [both[4], both[6]].map((one) => [one, workloadMac])),
        ),
        ...options.gateway,
      },
      ...options.config,
    },
  });
  const isReady = async (): Promise<boolean> =>
    (await bed.exec('gateway', ['nft', 'list', 'map', 'inet', 'exeat', 'who4'])).includes(at.workload[4]);
  await until(isReady, 'the policy in the kernel', 20_000);
  return product;
}

/** Waits for a verdict of the product. */
export async function verdictOf(
  product: RunningProduct,
  matches: (record: VerdictRecord) => boolean,
): Promise<VerdictRecord> {
  const isWanted = (record: DecisionRecord): boolean => record.kind === 'verdict' && matches(record);
  return (await product.waitForRecord(isWanted)) as VerdictRecord;
}

/** Starts a program in one of the namespaces, once it has printed a line. `said` is all lines so far. */
export async function startIn(
  bed: GatewayBed,
  where: 'workload' | 'gateway' | 'origin',
  words: readonly string[],
): Promise<{ readonly child: ChildProcess; readonly said: () => readonly string[] }> {
  const lines: string[] = [];
  const child = spawn('ip', ['netns', 'exec', bed.names[where], ...words], { stdio: ['ignore', 'pipe', 'inherit'] });
  const reader = createInterface({ input: child.stdout });
  reader.on('line', (line) => lines.push(line));
  await once(reader, 'line');
  return { child, said: () => lines };
}

/** Starts a TLS server at the origin, with a certificate for the names. `accept` is a port of every address, or one address with its port. */
export async function startTlsOrigin(bed: GatewayBed, names: readonly string[], accept = '443'): Promise<ChildProcess> {
  const authority = await createAuthority('Gateway Test Root');
  const issued = await authority.issueServer({ names });
  writeFileSync(join(bed.folder, 'tls.crt'), issued.chainPem);
  writeFileSync(join(bed.folder, 'tls.key'), issued.keyPem);
  const files = ['-cert', join(bed.folder, 'tls.crt'), '-key', join(bed.folder, 'tls.key')];
  const words = ['openssl', 's_server', '-quiet', '-www', '-accept', accept, ...files];
  const child = spawn('ip', ['netns', 'exec', bed.names.origin, ...words], { stdio: 'ignore' });
  const isThere = async (): Promise<boolean> =>
    (await bed.exec('origin', ['ss', '-ltn'])).includes(accept.includes(':') ? accept : `:${accept}`);
  await until(isThere, 'the TLS server');
  return child;
}
