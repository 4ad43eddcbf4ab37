import { type ChildProcess, fork } from 'node:child_process';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { AuditState, ExceptionAnswer } from '../src/api/contract/index.ts';
import { type ApiPerson, foundPeople, makeAuditor, openException } from '../test/support/api-people.ts';
import { proofOf } from '../test/support/ask-proxy.ts';
import { type RunningProduct, startProduct, waitFor } from '../test/support/product.ts';
import { writeControlHistory } from './control-history.ts';
import type { FromWorker, TunnelOrder } from './control-worker.ts';
import type { PolicySize } from './decide-policy.ts';
import { measureDecisions, openBenchPolicy } from './grants.ts';
import { type Bench, type BenchContext, type BenchResult, defineBench, figure } from './harness.ts';
import { end } from './load.ts';
import { measureSessions, type SessionSizes } from './simulated-sessions.ts';

/** What is measured; the guard test measures little. */
export interface ControlSizes {
  readonly services: number;
  readonly grants: number;
  readonly tunnels: number;
  readonly events: number;
  /** Requests of each kind of read. */
  readonly reads: number;
  readonly decisions: PolicySize;
  /** Conversations without sockets, beside the tunnels. */
  readonly sessions: SessionSizes;
}

export const bench: Bench = defineBench(
  'control',
  'with 10,000 live grants, 8,000 tunnels and a million events: from a revocation to the last cut, decisions, reads of the API',
  (context) =>
    measureControl(context, {
      services: 100,
      grants: 10_000,
      tunnels: 8_000,
      events: 1_000_000,
      reads: 1_000,
      decisions: { services: 1_000, rulesPerService: 100 },
      sessions: { grants: 10_000, sessions: 100_000, cut: 8_000 },
    }),
);

/** Whose leaving holds every grant but one. */
const leaver = 'cleo';
const all = 'all.example';
const startMs = 15 * 60_000;
const tunnelsMs = 5 * 60_000;

/** Measures a product with a past: decisions in process, reads of the API beside live tunnels, and two ways to end what is open. */
export async function measureControl(context: BenchContext, sizes: ControlSizes): Promise<readonly BenchResult[]> {
  const decisions = measureDecisions(sizes.decisions).map((result) => ({ ...result, bench: 'control' }));
  const sessions = await measureSessions(openBenchPolicy(sizes.decisions), sizes.decisions, sizes.sessions);
  const origin = startWorker('origin');
  const port = await origin.next('listening').then((said) => said.port);
  let product = await startProduct(optionsOf(sizes, port));
  try {
    const people = await foundPeople(product, () => product.console);
    const auditor = await makeAuditor(people.ana, () => product.console);
    const allId = await prepare({ product, people, port, sizes, context });
    product = await product.again();
    await catchUp(auditor);
    const field: Field = { product, ...people, auditor, port, sizes, context };
    return [
      ...decisions,
      ...sessions,
      ...(await withTunnels(
        field,
        () => all,
        (tunnels) => measureOneRevoked(field, allId, tunnels),
      )),
      ...(await withTunnels(field, nameOf, (tunnels) => measureManyHeld(field, tunnels))),
    ];
  } finally {
    await product.stop();
    await origin.end();
  }
}

// The log that was copied in is hashed by the first start after it, as no log is that grew act by act.
async function catchUp(auditor: ApiPerson): Promise<void> {
  const isUp = async (): Promise<boolean> => {
    const { body } = await auditor.get<AuditState>('/audit');
    // The second line of a checkpoint is its size (C2SP tlog-checkpoint).
    return Number(body.checkpoint?.split('\n', 2)[1]) >= body.size;
  };
  await waitFor(isUp, 'the audit log', 120_000);
}

interface Field {
  readonly product: RunningProduct;
  readonly ana: ApiPerson;
  readonly ben: ApiPerson;
  readonly auditor: ApiPerson;
  readonly port: number;
  readonly sizes: ControlSizes;
  readonly context: BenchContext;
}

/** Makes one exception in force and one that is over through the API, ends the product and copies them. Gives the id of the first. */
async function prepare(parts: {
  readonly product: RunningProduct;
  readonly people: { readonly ana: ApiPerson; readonly ben: ApiPerson };
  readonly port: number;
  readonly sizes: ControlSizes;
  readonly context: BenchContext;
}): Promise<string> {
  const { product, port, sizes, context } = parts;
  const { ana, ben } = parts.people;
  const leaving = await ana.post('/people', { id: leaver, name: leaver, roles: ['requester'] });
  if (leaving.status !== 201) throw new Error(JSON.stringify(leaving.body));
  const live = await openException(ana, ben, request(`tcp://${all}:${port}`));
  const over = await openException(ana, ben, request('tcp://old.example:443'));
  await ben.post(`/exceptions/${over.id}/revoke`, { reason: 'an old one' });
  await waitFor(
    async () => (await ana.get<ExceptionAnswer>(`/exceptions/${over.id}`)).body.closedAt !== null,
    'its close',
    30_000,
  );
  product.signal('SIGTERM');
  await product.ended;
  const began = performance.now();
  const size = await writeControlHistory(product.state, {
    pattern: { live: { id: live.id, to: live.to, service: live.service }, over: over.id },
    live: Array.from({ length: sizes.grants - 1 }, (_, index) => ({
      to: `tcp://${nameOf(index)}:${port}`,
      service: serviceOf(index, sizes),
      beneficiary: leaver,
    })),
    events: sizes.events,
  });
  context.note(`${size} events were written in ${Math.round((performance.now() - began) / 1_000)} s`);
  return live.id;
}

/** From the request that revokes one grant to the last cut of the tunnels that it justified; reads of the API before, beside them. */
async function measureOneRevoked(field: Field, id: string, tunnels: Tunnels): Promise<readonly BenchResult[]> {
  const reads = await measureReads(field, id);
  const began = Date.now();
  const revoked = await field.ben.post(`/exceptions/${id}/revoke`, { reason: 'the bench' });
  if (revoked.status !== 200) throw new Error(JSON.stringify(revoked.body));
  const seconds = ((await tunnels.cut()) - began) / 1_000;
  const what = `revocation of one grant to the last of ${field.sizes.tunnels} cuts`;
  return [...reads, figure({ bench: 'control', figure: what, value: seconds, unit: 's', atMost: 1 })];
}

/** The same for as many grants with a tunnel each, which end together: the person they are for is disabled. */
async function measureManyHeld({ ana, sizes, context }: Field, tunnels: Tunnels): Promise<readonly BenchResult[]> {
  const began = Date.now();
  const disabled = await ana.post(`/people/${leaver}/disable`, { reason: 'the bench' });
  const answeredMs = Date.now() - began;
  if (disabled.status !== 200) throw new Error(JSON.stringify(disabled.body));
  const seconds = ((await tunnels.cut()) - began) / 1_000;
  context.note(`the act that held ${sizes.grants - 1} grants was answered after ${answeredMs} ms`);
  const what = `end of all grants by one act to the last of ${sizes.tunnels} cuts, one each`;
  return [figure({ bench: 'control', figure: what, value: seconds, unit: 's', atMost: 1 })];
}

async function measureReads({ auditor, sizes }: Field, id: string): Promise<readonly BenchResult[]> {
  const rows: readonly (readonly [name: string, path: string])[] = [
    ['list of exceptions', '/exceptions?limit=100'],
    ['show of an exception', `/exceptions/${id}`],
    ['open --service', `/open?service=${serviceOf(1, sizes)}`],
    ['list of the audit', '/audit/entries?limit=100'],
  ];
  const results: BenchResult[] = [];
  for (const [name, path] of rows) {
    const times: number[] = [];
    for (let asked = 0; asked < sizes.reads; asked += 1) {
      const began = performance.now();
      const said = await auditor.get(path);
      times.push(performance.now() - began);
      if (said.status !== 200) throw new Error(`${path}: ${JSON.stringify(said.body)}`);
    }
    const value = times.sort((a, b) => a - b)[Math.ceil(times.length * 0.99) - 1] ?? 0;
    results.push(figure({ bench: 'control', figure: `p99 of ${name}`, value, unit: 'ms', atMost: 20 }));
  }
  return results;
}

interface Tunnels {
  /** When the last of them was cut, epoch milliseconds. */
  cut(): Promise<number>;
}

async function withTunnels<T>(
  { product, port, sizes, context }: Field,
  hostOf: (index: number) => string,
  work: (tunnels: Tunnels) => Promise<T>,
): Promise<T> {
  const client = startWorker('client');
  try {
    const isOne = hostOf(0) === hostOf(1);
    const order: TunnelOrder = {
      proxyPort: product.proxyPort,
      originPort: port,
      tunnels: Array.from({ length: sizes.tunnels }, (_, index) => ({
        host: hostOf(index),
        proof: proofOf(product, serviceOf(isOne ? 0 : index, sizes)),
      })),
    };
    client.send(order);
    const { count } = await client.next('standing');
    context.note(`${count} tunnels stand`);
    // What opening them left behind is not what is measured.
    await sleep(2_000);
    const cut = client.next('cut').then(({ lastAtMs }) => lastAtMs);
    // Where the work fails first nobody waits for it.
    cut.catch(() => undefined);
    return await work({ cut: () => cut });
  } finally {
    await client.end();
  }
}

interface Worker {
  send(order: TunnelOrder): void;
  /** The next message of a kind; rejects when the worker fails, ends, or is silent for minutes. */
  next<K extends FromWorker['kind']>(kind: K): Promise<Extract<FromWorker, { readonly kind: K }>>;
  end(): Promise<void>;
}

function startWorker(role: 'origin' | 'client'): Worker {
  const child: ChildProcess = fork(join(import.meta.dirname, 'control-worker.ts'), [role]);
  return {
    send: (order) => void child.send(order),
    next: (kind) =>
      new Promise((resolve, reject) => {
        const late = setTimeout(() => reject(new Error(`the ${role} did not say \`${kind}\``)), tunnelsMs);
        child.on('message', (message: FromWorker) => {
          if (message.kind !== kind && message.kind !== 'failed') return;
          clearTimeout(late);
          if (message.kind === 'failed') reject(new Error(message.message));
          else resolve(message as never);
        });
        child.on('exit', () => {
          clearTimeout(late);
          reject(new Error(`the ${role} ended early`));
        });
      }),
    end: () => end(child),
  };
}

function optionsOf(sizes: ControlSizes, port: number): Parameters<typeof startProduct>[0] {
  const services = Array.from({ length: sizes.services }, (_, index) => serviceOf(index, sizes));
  const hosts = [all, ...Array.from({ length: sizes.tunnels }, (_, index) => nameOf(index))];
  return {
    policy: { 'bench.yaml': services.map(servicePolicy).join('---\n') },
    credentials: services,
    startTimeoutMs: startMs,
    config: {
      hosts: Object.fromEntries(hosts.map((host) => [host, '127.0.0.1'])),
      localOrigins: [`127.0.0.1:${port}`],
      limits: {
        connections: sizes.tunnels + 100,
        perPrincipal: sizes.tunnels + 100,
        unprovenPerSource: sizes.tunnels + 100,
      },
    },
  };
}

function request(to: string): Readonly<Record<string, unknown>> {
  return { service: 's0', owner: 'team-bench', to, durationSeconds: 86_400, reason: 'what the bench holds open' };
}

function nameOf(index: number): string {
  return `c${index}.example`;
}

function serviceOf(index: number, { services }: ControlSizes): string {
  return `s${index % services}`;
}

function servicePolicy(name: string): string {
  return `apiVersion: exeat/v1
service: ${name}
owner: team-bench
kind: app
mode: enforce
identities: [ "credential:${name}" ]
allow: [ { to: "ruled.example:443", reason: a rule beside } ]
`;
}
