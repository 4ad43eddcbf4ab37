import { openGrantDesk, storyGrant } from '../test/support/grant-desk.ts';
import { readyVersion, startProduct, waitFor } from '../test/support/product.ts';
import { createTokenIssuer } from '../test/support/token-issuer.ts';
import { type OtherRules, policyFiles } from './dns-names.ts';
import type { ProxyUnderTest } from './peers.ts';

/** The product with all that costs something, once by a rule and once by a grant whose bytes are counted. */
export interface FullExeat {
  readonly plain: ProxyUnderTest;
  /** The same process, asked for a name that only a capped grant allows. */
  readonly budgeted: ProxyUnderTest;
}

const ruled = 'origin.example';
const capped = 'capped.example';
const connections = 8_200;
// Reading a million rules of YAML takes minutes.
const policyMs = 10 * 60_000;
const tokenSeconds = 3 * 3_600;
// No load comes near.
const capBytes = 2 ** 50;

/** Starts the product on the native transport with a signed token as the proof, records on, and all `others` as a policy beside. */
export async function startFullExeat(originPort: number, others: OtherRules): Promise<FullExeat> {
  const issuer = await createTokenIssuer();
  const exp = Math.floor(Date.now() / 1_000) + tokenSeconds;
  const token = await issuer.sign({ aud: 'exeat', sub: 'story', repository: 'team/story', exp });
  const product = await startProduct({
    policy: { ...policyFiles([], others), 'bench.yaml': policy(issuer.issuer, originPort) },
    files: { 'jwks.json': issuer.jwks() },
    startTimeoutMs: policyMs,
    config: {
      transport: 'native',
      hosts: { [ruled]: '127.0.0.1', [capped]: '127.0.0.1' },
      localOrigins: [`127.0.0.1:${originPort}`],
      limits: { connections, perPrincipal: connections, unprovenPerSource: connections },
      issuers: [{ issuer: issuer.issuer, audience: 'exeat', jwks: './jwks.json' }],
    },
  });
  await waitFor(() => readyVersion(product.console), 'the policy', policyMs);
  const desk = await openGrantDesk(product);
  await desk.put([storyGrant('capped', `${capped}:${originPort}`, { bytesUp: capBytes, bytesDown: capBytes })]);
  const common = {
    port: product.proxyPort,
    proof: `Bearer ${token}`,
    pid: product.report.pids.point ?? 0,
    stop: () => product.stop(),
  };
  return {
    plain: { ...common, name: 'exeat', host: ruled },
    budgeted: { ...common, name: 'exeat, bytes counted', host: capped },
  };
}

function policy(issuer: string, originPort: number): string {
  return [
    'apiVersion: exeat/v1',
    'service: story',
    'owner: team-bench',
    'kind: app',
    'mode: enforce',
    `identities: [ { token: { issuer: "${issuer}", claims: { sub: story } } } ]`,
    'allow:',
    `  - to: ${ruled}:${originPort}`,
    '    reason: the origin that the load is measured on',
    '',
  ].join('\n');
}
