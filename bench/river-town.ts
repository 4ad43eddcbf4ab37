import { join } from 'node:path';
import { type RunningProduct, startProduct } from '../test/support/product.ts';
import { type SeededAccount, seedPeople } from '../test/support/seed-people.ts';
import { recordsOf, type SeededFlow, seedSpool } from '../test/support/traffic-records.ts';

/** How much goes out: so many edges of one day, from so many services. */
export interface RiverTown {
  readonly edges: number;
  readonly services: number;
}

/** A product that counted a day of traffic before anybody looks. */
export interface TownUnderTest {
  readonly product: RunningProduct;
  /** The token of somebody who may read everything. */
  readonly token: string;
}

const points = ['proxy', 'gateway', 'dns'] as const;
const perDomain = 11;
const rulesPerService = 12;

/** Starts the product on a spool with a day of traffic: every verdict, every point, and rules that nothing uses. */
export async function startTown(town: RiverTown): Promise<TownUnderTest> {
  let accounts: ReadonlyMap<string, SeededAccount> = new Map();
  const product = await startProduct({
    policy: { 'town.yaml': policyOf(town) },
    prepare: async (folder) => {
      const [state, nowMs] = [join(folder, '.exeat'), Date.now()];
      accounts = await seedPeople(state, [{ id: 'eve', roles: ['security'] }]);
      seedSpool(state, recordsOf(flowsOf(town), nowMs - 60_000), nowMs - 3_600_000);
    },
  });
  return { product, token: accounts.get('eve')?.secret ?? '' };
}

/** Each flow is an edge of its own; some hosts are asked for by everybody, most by few. */
function flowsOf({ edges, services }: RiverTown): readonly SeededFlow[] {
  return Array.from({ length: edges }, (_, at): SeededFlow => {
    const service = `service-${at % services}`;
    const host = `api-${at}.host-${Math.floor(at / perDomain)}.example`;
    const point = points[at % points.length] ?? 'proxy';
    return { service, host, bytesDown: (at % 1_000) * 1_000, change: { point, ...judged(at, service, host) } };
  });
}

function judged(at: number, service: string, host: string): NonNullable<SeededFlow['change']> {
  if (at % 7 === 0) return { verdict: 'deny', reason: 'no_rule_matched', ruleIds: [] };
  if (at % 5 === 0) return { wouldDeny: true, wouldDenyReason: 'no_rule_matched', mode: 'observe', ruleIds: [] };
  return { ruleIds: [`${service}/allow/${host}:443`] };
}

function policyOf({ services }: RiverTown): string {
  const documents = Array.from({ length: services }, (_, at) => {
    const rules = Array.from(
      { length: rulesPerService },
      (__, rule) =>
        `  - { to: "api-${rule * services + at}.host-${rule}.example:443", reason: what the bench asks for }\n`,
    );
    return `apiVersion: exeat/v1
service: service-${at}
owner: team-${at % 5}
kind: app
mode: enforce
identities: [ "source:127.31.0.${at + 1}/32" ]
allow:
${rules.join('')}`;
  });
  return documents.join('---\n');
}
