import { startProduct } from '../test/support/product.ts';
import { basicProof } from '../test/support/raw-client.ts';
import type { ProxyUnderTest } from './peers.ts';

const host = 'origin.example';

/** Starts the product as a user would: a policy with a `tls` rule, a credential, `exeat up`. Cost is the point process's. */
export async function startExeat(originPort: number, transport: 'auto' | 'node' = 'auto'): Promise<ProxyUnderTest> {
  const product = await startProduct({
    policy: { 'bench.yaml': policy(originPort) },
    credentials: ['bench'],
    config: {
      transport,
      hosts: { [host]: '127.0.0.1' },
      localOrigins: [`127.0.0.1:${originPort}`],
      limits: { perPrincipal: 8000 },
    },
  });
  return {
    name: transport === 'node' ? 'exeat-node' : 'exeat',
    host,
    port: product.proxyPort,
    proof: basicProof('bench', product.secretOf('bench')),
    pid: product.report.pids.point ?? 0,
    stop: () => product.stop(),
  };
}

function policy(originPort: number): string {
  return [
    'apiVersion: exeat/v1',
    'service: bench',
    'owner: team-bench',
    'kind: app',
    'mode: enforce',
    'identities: [ "credential:bench" ]',
    'allow:',
    `  - to: ${host}:${originPort}`,
    '    reason: the origin that the load is measured on',
    '',
  ].join('\n');
}
