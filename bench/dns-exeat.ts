import type { UpReport } from '../src/app/index.ts';
import { readyVersion, startProduct, waitFor } from '../test/support/product.ts';
import { type OtherRules, policyFiles } from './dns-names.ts';
import { type DnsServerOrder, type DnsServerUnderTest, waitForAnswer } from './dns-servers.ts';

/** What Exeat is started for, beside what the peers are: the names it allows to loopback, and all its other rules. */
export interface DnsExeatOrder extends DnsServerOrder {
  readonly names: readonly string[];
  readonly others: OtherRules;
}

// Reading a million rules of YAML takes minutes, and the product is up, denying all, before it is done.
const policyMs = 20 * 60_000;

/** Starts the product as a user would, with records on, one in a hundred of what is allowed. Cost is the point process's. */
export async function startDnsExeat(order: DnsExeatOrder): Promise<DnsServerUnderTest> {
  const product = await startProduct({
    policy: policyFiles(order.names, order.others),
    config: {
      // The native transport where it is built.
      transport: 'auto',
      listen: { dns: '127.0.0.1:0', proxy: '127.0.0.1:0', console: '127.0.0.1:0' },
      resolver: { servers: [`127.0.0.1:${order.authorityPort}`] },
      // The load generator is one client, and has no rest.
      dns: { sample: 0.01, perClient: 1_000_000 },
    },
  });
  try {
    await waitFor(() => readyVersion(product.console), 'the policy', policyMs);
    const port = dnsPortOf(product.report);
    await waitForAnswer(port, order.probe, null);
    return { name: 'exeat', port, pid: product.report.pids.point ?? 0, stop: () => product.stop() };
  } catch (error) {
    const said = product.stderr().slice(-2_000);
    await product.stop();
    throw new Error(`exeat: ${String(error)}\n${said}`);
  }
}

function dnsPortOf(report: UpReport): number {
  const address = report.dns ?? '';
  return Number(address.slice(address.lastIndexOf(':') + 1));
}
