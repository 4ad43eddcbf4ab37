import { closeSync, mkdirSync, openSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { dirname, join, resolve } from 'node:path';
import { ExeatError, failed, fault, ok, type Result } from '../../../base/index.ts';
import { type Config, loadConfig, renderConfigFault } from '../../../config/index.ts';
import { addCredential } from '../../../trust/index.ts';
import { startUp, type Up } from '../../supervisor.ts';
import { openTemporaryFolder } from '../../temporary-folder.ts';
import { makeDemoCertificates } from '../demo-certificates.ts';
import type { Demo, DemoOptions } from '../living-demo.ts';
import { type NameServer, startNameServer } from './name-server.ts';
import { startOrigins, type TownOrigins } from './origins.ts';
import { createAskApi, makePeople, type TownPeople } from './people.ts';
import type { WorkloadWay } from './proxy-client.ts';
import { playStory } from './story.ts';
import { townDomains, townHosts, townPolicy, townServices } from './town-policy.ts';
import { liveOn } from './traffic.ts';

/** The usual rate, at which the story takes the time that it says. */
const usualRate = 2;
const observeDays = 21;
const logName = 'exeat.log';
const credentialMs = 30 * 86_400_000;

/** Starts the town: its far ends, its name server, a whole product, its people, and what they do. Nothing of a start that fails is left. */
export async function startTown(options: DemoOptions, ended: Promise<void>): Promise<Result<Demo>> {
  const folder = makeFolder(options.keep);
  if (!folder.ok) return folder;
  const closing: (() => Promise<void>)[] = [
    async () => options.keep === null && rmSync(folder.value, { recursive: true, force: true }),
  ].map((one) => async () => void (await one()));
  // The last that was begun ends first.
  const stop = async (): Promise<void> => {
    for (const close of closing.splice(0).reverse()) await close();
  };
  try {
    const demo = await build(options, { folder: folder.value, ended, closing });
    if (!demo.ok) await stop();
    return demo.ok ? ok({ ...demo.value, stop }) : demo;
  } catch (error) {
    await stop();
    const { code = 'start_failed', message } = error as NodeJS.ErrnoException;
    return failed(fault(error instanceof ExeatError ? code : 'start_failed', message));
  }
}

interface Site {
  readonly folder: string;
  readonly ended: Promise<void>;
  readonly closing: (() => Promise<void>)[];
}

async function build(options: DemoOptions, { folder, ended, closing }: Site): Promise<Result<Omit<Demo, 'stop'>>> {
  const names = [...townHosts, ...townDomains.map((domain) => `*.${domain}`)];
  const certificates = await makeDemoCertificates(names, Date.now());
  const origins = await startOrigins(certificates);
  closing.push(origins.close);
  const nameServer = await startNameServer();
  closing.push(nameServer.close);
  const consolePort = options.consolePort === 0 ? await findPort() : options.consolePort;
  const secrets = await writeFiles(folder, { origins, nameServer, consolePort });
  writeFileSync(join(folder, 'ca.pem'), certificates.authority);
  const config = readConfig(join(folder, 'exeat.yaml'));
  if (!config.ok) return config;
  const log = openSync(join(folder, logName), 'a', 0o600);
  closing.push(async () => closeSync(log));
  const up = await startUp(config.value, ended, log);
  if (!up.ok) return up;
  closing.push(up.value.stop);
  const api = createAskApi(consoleOf(up.value));
  closing.push(async () => api.close());
  const { founding } = up.value.report;
  const linkOf = (wanted: string): string => founding.find(({ role }) => role === wanted)?.link ?? '';
  const people = await makePeople(api.ask, linkOf);
  const wayOf = (service: string): WorkloadWay => ({
    proxyPort: portOf(up.value.report.proxy),
    address: townServices.find(({ name }) => name === service)?.address ?? '127.0.0.1',
    credential: `${service}:${secrets.get(service)}`,
    authority: certificates.authority,
  });
  const town = new AbortController();
  const { ratePerSecond, onTrouble } = options;
  const common = { ports: origins.ports, wayOf, signal: town.signal };
  const living = Promise.all([
    liveOn({ ...common, ratePerSecond, dnsPort: portOf(up.value.report.dns ?? '') }),
    playStory({ ...common, ask: api.ask, people, pace: Math.max(1, ratePerSecond / usualRate), onTrouble }),
  ]);
  closing.push(async () => {
    town.abort();
    await living;
  });
  return ok(report({ up: up.value, folder, people, linkOf }));
}

// Passkeys are of a name and a port, which the configuration therefore has to tell.
async function findPort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((done, fail) => server.once('error', fail).listen(0, '127.0.0.1', done));
  const { port } = server.address() as AddressInfo;
  await new Promise((done) => server.close(done));
  return port;
}

function makeFolder(keep: string | null): Result<string> {
  try {
    // What `--keep` left under such a name has no mark, and stays.
    if (keep === null) return ok(openTemporaryFolder({ prefix: 'exeat-demo-', unmarkedMs: null }));
    const folder = resolve(keep);
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    if (readdirSync(folder).length === 0) return ok(folder);
    return failed(fault('folder_not_empty', `folder \`${keep}\` (\`--keep\`) holds something, name one that does not`));
  } catch (error) {
    const { code, path } = error as NodeJS.ErrnoException;
    return failed(
      fault('folder_unwritable', `\`${keep ?? path}\` cannot be made (${code}), name another with \`--keep\``),
    );
  }
}

interface Written {
  readonly origins: TownOrigins;
  readonly nameServer: NameServer;
  readonly consolePort: number;
}

/** Writes configuration, policy and credentials; gives the secrets by service. */
async function writeFiles(folder: string, written: Written): Promise<ReadonlyMap<string, string>> {
  const observeUntil = new Date(Date.now() + observeDays * 86_400_000).toISOString().slice(0, 10);
  for (const [path, text] of Object.entries(townPolicy(written.origins.ports, observeUntil))) {
    const file = join(folder, 'policy', path);
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
    writeFileSync(file, text);
  }
  writeFileSync(join(folder, 'exeat.yaml'), configText(written));
  const secrets = new Map<string, string>();
  for (const { name } of townServices) {
    const path = join(folder, 'credentials.json');
    const added = await addCredential({ path, name, nowMs: Date.now(), lifeMs: credentialMs });
    if (!added.ok) throw new ExeatError(added.fault.code, added.fault.message);
    secrets.set(name, added.value.secret);
  }
  return secrets;
}

// Small budgets: a demo that is forgotten in a terminal fills no disk.
function configText({ origins, nameServer, consolePort }: Written): string {
  const { tls, plain } = origins.ports;
  return `# The demo of Exeat: everything is on loopback. The only name server is the demo's own, so no name is asked elsewhere.
policy: ./policy
state: ./.exeat
credentials: ./credentials.json
listen: { proxy: "127.0.0.1:0", console: "127.0.0.1:${consolePort}", dns: "127.0.0.1:0" }
resolver: { servers: [ "${nameServer.address}" ] }
localOrigins: [ "127.0.0.1:${tls}", "127.0.0.1:${plain}" ]
dns: { sample: 1, denialTtl: 5s, cache: 4MiB }
limits: { connections: 500, perPrincipal: 100 }
decisions: { rotateSize: 4MiB, rotateAge: 15m, budget: 64MiB }
`;
}

// Without the variables of whoever starts it: they are about another product.
function readConfig(path: string): Result<Config> {
  const loaded = loadConfig({ path, env: {} });
  if (loaded.ok) return loaded;
  const [first] = loaded.fault;
  return failed(fault('config_invalid', first === undefined ? 'the demo does not load' : renderConfigFault(first)));
}

function consoleOf({ report: { console } }: Up): string {
  if (console === null) throw new ExeatError('start_failed', 'the console does not listen');
  return console;
}

function portOf(address: string): number {
  return Number(address.slice(address.lastIndexOf(':') + 1));
}

interface Told {
  readonly up: Up;
  readonly folder: string;
  readonly people: TownPeople;
  readonly linkOf: (role: string) => string;
}

function report({ up, folder, people, linkOf }: Told): Omit<Demo, 'stop'> {
  const { ana, ben, dana, eve } = people;
  return {
    folder,
    configPath: join(folder, 'exeat.yaml'),
    logPath: join(folder, logName),
    console: up.report.consoleUrl ?? `http://${consoleOf(up)}`,
    proxy: up.report.proxy,
    pids: up.report.pids,
    signIns: [ana, ben, eve, dana].map(({ id, role, secret }) => ({ id, role, token: secret })),
    securityLink: linkOf('security'),
  };
}
