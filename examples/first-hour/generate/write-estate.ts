import { cpSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { proxyAddress, services } from './estate.ts';
import { habits } from './habits.ts';
import { makeConnections } from './make-connections.ts';
import { plantedFlows } from './planted.ts';
import { resolverLines } from './resolver-lines.ts';
import { squidLines } from './squid-lines.ts';
import { splitWeeks, type TimedLine } from './timed-lines.ts';
import { type Truth, tellTruth } from './truth.ts';
import { vpcHeader, vpcLines } from './vpc-lines.ts';

const seed = 20_260_914;

/** What was written. */
export interface WrittenEstate {
  readonly lines: number;
  readonly truth: Truth;
  /** The truth from an instant on, epoch milliseconds. */
  truthSince(fromMs: number): Truth;
}

/** Writes the estate into a folder: `exeat.yaml`, `inventory.yaml`, `deploy/`, `logs/`, and `truth.json`, which Exeat never reads. */
export function writeEstate(folder: string): WrittenEstate {
  const connections = makeConnections([...habits, ...plantedFlows], seed);
  const truth = tellTruth(connections);
  const put = (path: string, content: string | Uint8Array): void => {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), content);
  };
  put('exeat.yaml', 'policy: ./policy\ninventory: ./inventory.yaml\nstate: ./.exeat\n');
  put('inventory.yaml', inventoryText());
  put('truth.json', `${JSON.stringify(truth, null, 1)}\n`);
  cpSync(join(import.meta.dirname, '../deploy'), join(folder, 'deploy'), { recursive: true });
  const squid = squidLines(connections, seed);
  const vpc = vpcLines(connections, seed);
  const resolver = resolverLines(connections, seed);
  writeSquid(squid, put);
  for (const { date, text } of splitWeeks(vpc)) put(`logs/vpc/flows-${date}.log.gz`, gzip(`${vpcHeader}\n${text}`));
  for (const { date, text } of splitWeeks(resolver)) put(`logs/dns/resolver-${date}.log.gz`, gzip(text));
  return {
    lines: squid.length + vpc.length + resolver.length,
    truth,
    truthSince: (fromMs) => tellTruth(connections.filter(({ startMs }) => startMs >= fromMs)),
  };
}

type Put = (path: string, content: string | Uint8Array) => void;

// The newest file is as the proxy left it: plain, and cut off in its last line.
function writeSquid(lines: readonly TimedLine[], put: Put): void {
  const weeks = splitWeeks(lines);
  for (const [at, { date, text }] of weeks.entries()) {
    if (at < weeks.length - 1) put(`logs/proxy/access.log-${date}.gz`, gzip(text));
    else put('logs/proxy/access.log', text.slice(0, -40));
  }
}

function gzip(text: string): Uint8Array {
  return gzipSync(text, { level: 1 });
}

function inventoryText(): string {
  const known = services.flatMap(({ name, owner, kind, places }) => [
    `  - name: ${name}`,
    ...(owner === null ? [] : [`    owner: ${owner}`]),
    `    kind: ${kind}`,
    '    sources:',
    ...places.map((place) => `      - { ${sourceFields(place).join(', ')} }`),
  ]);
  const proxy = ['  - name: forward-proxy', '    kind: proxy', `    sources: [{ cidr: ${proxyAddress}/32 }]`];
  return `${['services:', ...known, ...proxy].join('\n')}\n`;
}

function sourceFields({ cidr, fromMs, untilMs }: (typeof services)[number]['places'][number]): readonly string[] {
  const dayOf = (ms: number): string => new Date(ms).toISOString().slice(0, 10);
  return [
    `cidr: ${cidr}`,
    ...(fromMs === null ? [] : [`from: ${dayOf(fromMs)}`]),
    ...(untilMs === null ? [] : [`until: ${dayOf(untilMs)}`]),
  ];
}
