import { createSocket, type Socket } from 'node:dgram';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { encode } from 'dns-packet';
import { type RunningProduct, startProduct, waitFor } from '../test/support/product.ts';
import { type SeededAccount, seedPeople } from '../test/support/seed-people.ts';
import { startStubAuthority } from '../test/support/stub-authority.ts';

/** How many hosts are asked for, each below a registrable domain of its own, and by how many services. */
export interface ConsoleTown {
  readonly hosts: number;
  readonly services: number;
}

/** A product that records a decision for every query that is sent to it. */
export interface ConsoleUnderTest {
  readonly product: RunningProduct;
  /** The token of somebody who may read everything. */
  readonly token: string;
  /** Sends so many queries a second for so long, and gives how many were answered. */
  load(perSecond: number, seconds: number): Promise<number>;
  stop(): Promise<void>;
}

const tickMs = 20;
// Answers on their way when the last query was sent.
const lateMs = 500;

/** Starts the product with a DNS filter, which records thousands of decisions a second for little, and the people who look. */
export async function startConsole(town: ConsoleTown): Promise<ConsoleUnderTest> {
  // Every name is unknown to it: what is recorded is the decision, whatever the answer.
  const authority = await startStubAuthority({});
  let accounts: ReadonlyMap<string, SeededAccount> = new Map();
  const product = await startProduct({
    policy: { 'town.yaml': policyOf(town) },
    config: {
      listen: { proxy: '127.0.0.1:0', console: '127.0.0.1:0', dns: '127.0.0.1:0' },
      resolver: { servers: [authority.server] },
      dns: { sample: 1, perClient: 1_000_000 },
    },
    prepare: async (folder) => {
      accounts = await seedPeople(join(folder, '.exeat'), [{ id: 'eve', roles: ['security'] }]);
    },
  });
  const dnsPort = Number((product.report.dns ?? '').split(':').at(-1));
  const sockets = await Promise.all(Array.from({ length: town.services }, (_, at) => bind(addressOf(at))));
  const generator = createLoad({ sockets, dnsPort, town });
  await waitFor(async () => (await generator(20, 0.5)) > 0, 'an answer', 60_000);
  return {
    product,
    token: accounts.get('eve')?.secret ?? '',
    load: generator,
    stop: async () => {
      for (const socket of sockets) socket.close();
      await product.stop();
      await authority.close();
    },
  };
}

interface LoadParts {
  readonly sockets: readonly Socket[];
  readonly dnsPort: number;
  readonly town: ConsoleTown;
}

function createLoad({ sockets, dnsPort, town }: LoadParts): ConsoleUnderTest['load'] {
  let answered = 0;
  for (const socket of sockets) {
    socket.on('message', () => {
      answered += 1;
    });
  }
  let sent = 0;
  return async (perSecond, seconds) => {
    const [before, beganMs] = [answered, performance.now()];
    let own = 0;
    for (let atMs = 0; atMs < seconds * 1_000; atMs = performance.now() - beganMs) {
      for (const due = Math.floor((atMs / 1_000) * perSecond); own < due; own += 1) {
        const name = `api.host-${sent % town.hosts}.example`;
        const bytes = encode({ type: 'query', id: sent % 65_536, flags: 0x0100, questions: [{ name, type: 'A' }] });
        sockets[sent % sockets.length]?.send(bytes, dnsPort, '127.0.0.1');
        sent += 1;
      }
      await sleep(tickMs);
    }
    await sleep(lateMs);
    return answered - before;
  };
}

async function bind(address: string): Promise<Socket> {
  const socket = createSocket('udp4');
  await new Promise<void>((resolve, reject) => {
    socket.once('error', reject);
    socket.bind(0, address, resolve);
  });
  return socket;
}

function addressOf(at: number): string {
  return `127.30.0.${at + 1}`;
}

function policyOf({ services, hosts }: ConsoleTown): string {
  const rules = Array.from(
    { length: hosts },
    (_, at) => `  - { to: "*.host-${at}.example:443", reason: what the bench asks for }\n`,
  ).join('');
  const documents = Array.from(
    { length: services },
    (_, at) => `apiVersion: exeat/v1
service: service-${at}
owner: team-${at % 5}
kind: app
mode: enforce
identities: [ "source:${addressOf(at)}/32" ]
allow:
${rules}`,
  );
  return documents.join('---\n');
}
