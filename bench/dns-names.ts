import { createGenerator } from './decide-policy.ts';

/** How large the policy beside the names is: services that nobody asks as, each with its own names. */
export interface OtherRules {
  readonly services: number;
  readonly rulesPerService: number;
}

const filesPerFolder = 100;

/** The names that are asked for, all below `example.com` and none like another in its first label. */
export function benchNames(count: number): readonly string[] {
  return Array.from({ length: count }, (_, at) => `api-${at}.zone${at % 50}.example.com`);
}

/** The lines that dnsperf sends, in an order that no cache could foresee but the same every time. */
export function queryLines(names: readonly string[]): string {
  const next = createGenerator(names.length);
  const drawn = names.map((name) => ({ name, at: next() })).sort((a, b) => a.at - b.at);
  return `${drawn.map(({ name }) => `${name} A`).join('\n')}\n`;
}

/** The one address of a name, of RFC 5737. */
export function addressOfName(at: number): string {
  return `198.51.100.${(at % 254) + 1}`;
}

/** Policy files by path: the service that loopback is, with a rule for each name, and the others, a file each. */
export function policyFiles(
  names: readonly string[],
  { services, rulesPerService }: OtherRules,
): Record<string, string> {
  const files: Record<string, string> = { 'bench.yaml': serviceFile('bench', '127.0.0.0/8', names) };
  for (let service = 0; service < services; service += 1) {
    const own = Array.from({ length: rulesPerService }, (_, rule) => `api-${rule}.team-${service}.example.net`);
    const source = `10.${service >> 8}.${service & 255}.0/24`;
    const folder = `group-${Math.floor(service / filesPerFolder)}`;
    files[`${folder}/service-${service}.yaml`] = serviceFile(`service-${service}`, source, own);
  }
  return files;
}

function serviceFile(service: string, source: string, names: readonly string[]): string {
  return [
    'apiVersion: exeat/v1',
    `service: ${service}`,
    'owner: team-bench',
    'kind: app',
    'mode: enforce',
    `identities: [ "source:${source}" ]`,
    'allow:',
    ...names.map((name) => `  - { to: "${name}:443", reason: load of the bench }`),
    '',
  ].join('\n');
}
