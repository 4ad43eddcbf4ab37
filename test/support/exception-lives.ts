import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ExceptionAnswer } from '../../src/api/contract/index.ts';
import { type ApiPerson, askFor, foundPeople, makeAuditor, readLog } from './api-people.ts';
import { askConnect, proofOf } from './ask-proxy.ts';
import { startTcpEcho } from './echo-origins.ts';
import { openGrantDesk } from './grant-desk.ts';
import { type RunningProduct, startProduct, waitFor } from './product.ts';

/**
 * A product under load whose processes may be killed at any moment: two people ask, approve and revoke without an end, and a workload uses
 * what they open, and tries what they closed.
 */
export interface Life {
  /** The product as it runs now. */
  product(): RunningProduct;
  /** Starts it again after its supervisor was killed. */
  startAgain(): Promise<void>;
  /** Waits until one more act was answered and one more request let through: what was killed is back. */
  goOn(): Promise<void>;
  /** Ends the load and waits until the product is ready and has closed what is over. */
  settle(): Promise<void>;
  /** Fails where something acknowledged is not in the log, or the log has a gap. */
  checkLog(): Promise<{
    readonly acknowledged: number;
    readonly entries: number;
    readonly passed: number;
    readonly refused: number;
  }>;
  stop(): Promise<void>;
}

/** A name that must not be reached: from when on (epoch milliseconds), and why. */
interface Over {
  readonly id: string;
  readonly fromMs: number;
  readonly why: 'expired' | 'revoked';
}

/** What the parts of the load share. */
interface Load {
  readonly product: RunningProduct;
  readonly people: Readonly<Record<'ana' | 'ben', ApiPerson>>;
  readonly port: number;
  readonly over: Map<string, Over>;
  /** `exception/ID action` of every act that was answered with 2xx. */
  readonly acknowledged: Set<string>;
  readonly broken: string[];
  readonly counts: { passed: number; refused: number };
  isEnding: boolean;
}

const workers = 2;
const namesOfEach = 40;
const shortSeconds = 2;
const longSeconds = 600;
// A point that is down lets nothing through, so a use is given up after a while.
const useMs = 3_000;
// The bound of the issue: what ended is cut, and asked for in vain, within a second.
const endSlackMs = 1_000;

/** Starts the product, makes its first two people and starts the load. */
export async function startLives(): Promise<Life> {
  const origin = await startTcpEcho();
  const product = await startProduct({
    policy: { 'story.yaml': servicePolicy, 'tiers.yaml': tiersPolicy },
    credentials: ['story'],
    config: {
      hosts: Object.fromEntries(allNames().map((name) => [name, '127.0.0.1'])),
      localOrigins: [`127.0.0.1:${origin.port}`],
    },
  });
  let running = product;
  const people = await foundPeople(product, () => running.console);
  const load: Load = {
    get product() {
      return running;
    },
    people,
    port: origin.port,
    ...{ over: new Map(), acknowledged: new Set(), broken: [], counts: { passed: 0, refused: 0 }, isEnding: false },
  };
  const parts = [
    ...Array.from({ length: workers }, (_, worker) => live(load, worker)),
    tryWhatIsOver(load),
    watchSequence(load),
  ].map((part) => part.catch((error: unknown) => void load.broken.push(String((error as Error).stack))));
  return {
    product: () => running,
    startAgain: async () => {
      running = await running.again();
    },
    goOn: async () => {
      const before = { acts: load.acknowledged.size, passed: load.counts.passed };
      const isOn = async (): Promise<boolean> =>
        load.broken.length > 0 || (load.acknowledged.size > before.acts && load.counts.passed > before.passed);
      await waitFor(isOn, 'an act and a request after the last kill', 60_000);
      assert.deepEqual(load.broken, []);
    },
    settle: async () => {
      load.isEnding = true;
      await Promise.all(parts);
      await waitFor(async () => (await readiness(load)) === 200, 'readiness after the last kill', 60_000);
      assert.deepEqual(load.broken, []);
    },
    checkLog: () => checkLog(load),
    stop: async () => {
      load.isEnding = true;
      await load.product.stop();
      await Promise.all(parts);
      await origin.close();
    },
  };
}

/** One exception after the other, each with a name that nothing else opens: half of them end by the clock, half are revoked. */
async function live(load: Load, worker: number): Promise<void> {
  for (let round = 0; !load.isEnding; round += 1) {
    const name = nameOf(worker, round % namesOfEach);
    load.over.delete(name);
    await (round % 2 === 0 ? liveUntilItsEnd(load, name) : liveUntilRevoked(load, name)).catch((error: unknown) => {
      // Nobody waits any more for what was asked when the load ended.
      if (!load.isEnding) throw error;
    });
  }
}

async function liveUntilItsEnd(load: Load, name: string): Promise<void> {
  const { id, notAfter } = await open(load, name, shortSeconds);
  const untilMs = Date.parse(notAfter ?? '');
  await use(load, name, untilMs);
  load.over.set(name, { id, fromMs: untilMs, why: 'expired' });
  await sleep(Math.max(0, untilMs - Date.now()));
}

async function liveUntilRevoked(load: Load, name: string): Promise<void> {
  const { id } = await open(load, name, longSeconds);
  await use(load, name, Date.now() + useMs);
  const path = `/exceptions/${id}/revoke`;
  await act(load, { by: 'ben', path, body: { reason: 'done' }, action: 'revoked' });
  load.over.set(name, { id, fromMs: Date.now(), why: 'revoked' });
}

async function open(load: Load, name: string, durationSeconds: number): Promise<ExceptionAnswer> {
  const body = askFor(`tcp://${name}:${load.port}`, { durationSeconds });
  const { id, digest } = await act(load, { by: 'ana', path: '/exceptions', body, action: 'submitted' });
  return await act(load, { by: 'ben', path: `/exceptions/${id}/approve`, body: { digest }, action: 'granted' });
}

interface LoadAct {
  readonly by: 'ana' | 'ben';
  readonly path: string;
  readonly body: unknown;
  /** What stands in the log afterwards. */
  readonly action: string;
}

/** One act, sent until it is answered. */
async function act(load: Load, { by, path, body, action }: LoadAct): Promise<ExceptionAnswer> {
  const said = await load.people[by].insist<ExceptionAnswer>(path, body, () => load.isEnding);
  assert.ok(said.status < 300, `${path}: ${said.status} ${JSON.stringify(said.body)}`);
  load.acknowledged.add(`exception/${said.body.id} exception.${action}`);
  return said.body;
}

/** Uses a grant until it was let through once, or until a time. */
async function use(load: Load, name: string, untilMs: number): Promise<void> {
  while (Date.now() < untilMs && !load.isEnding) {
    if ((await ask(load, name)) === 200) return;
    await sleep(20);
  }
}

/** INVARIANT: what is over never passes, whoever was killed. */
async function tryWhatIsOver(load: Load): Promise<void> {
  while (!load.isEnding) {
    for (const [name, over] of [...load.over].slice(-6)) await tryOnce(load, name, over);
    await sleep(100);
  }
}

async function tryOnce(load: Load, name: string, over: Over): Promise<void> {
  const lateMs = Date.now() - over.fromMs;
  const status = await ask(load, name);
  // Asked for again meanwhile: the name is that of another exception now.
  if (status !== 200 || load.over.get(name) !== over) return;
  if (lateMs <= (over.why === 'revoked' ? 0 : endSlackMs)) return;
  load.broken.push(`${over.id} was ${over.why} and let something through ${lateMs} ms later`);
}

/** INVARIANT: a point never goes back to an older list. */
async function watchSequence(load: Load): Promise<void> {
  let last = 0;
  while (!load.isEnding) {
    const said = await openGrantDesk(load.product)
      .then((desk) => desk.ask<{ readonly sequence: number | null }>('grants'))
      .catch(() => null);
    const sequence = said?.sequence ?? last;
    if (sequence < last) load.broken.push(`the point went back from list ${last} to ${sequence}`);
    last = Math.max(last, sequence);
    await sleep(50);
  }
}

async function ask(load: Load, name: string): Promise<number | null> {
  const { proxyPort: port } = load.product;
  const proof = proofOf(load.product, 'story');
  const said = await askConnect({ port, authority: `${name}:${load.port}`, proof }).catch(() => null);
  if (said?.status === 200) load.counts.passed += 1;
  if (said?.status === 403) load.counts.refused += 1;
  return said?.status ?? null;
}

async function readiness(load: Load): Promise<number | null> {
  const said = await fetch(`http://${load.product.console}/readyz`).catch(() => null);
  return said?.status ?? null;
}

async function checkLog(load: Load): ReturnType<Life['checkLog']> {
  const log = await readLog(await makeAuditor(load.people.ana, () => load.product.console));
  log.forEach(({ seq }, place) => {
    assert.equal(seq, place, `the log has a gap at ${place}`);
  });
  const acts = Map.groupBy(log, ({ subject, action }) => `${subject} ${action}`);
  const missing = [...load.acknowledged].filter((one) => !acts.has(one));
  assert.deepEqual(missing, [], 'acts were acknowledged and are not in the log');
  const twice = [...load.acknowledged].filter((one) => (acts.get(one)?.length ?? 0) > 1);
  assert.deepEqual(twice, [], 'acts that were sent again were done twice');
  return { acknowledged: load.acknowledged.size, entries: log.length, ...load.counts };
}

function nameOf(worker: number, number: number): string {
  return `w${worker}-${number}.example`;
}

function allNames(): readonly string[] {
  return Array.from({ length: workers * namesOfEach }, (_, index) =>
    nameOf(index % workers, Math.floor(index / workers)),
  );
}

const servicePolicy = `apiVersion: exeat/v1
service: story
owner: team-story
kind: app
mode: enforce
identities: [ "credential:story" ]
allow: []
`;

// One approver is enough for what goes to a name of the origin, as often as the load asks.
const tiersPolicy = `apiVersion: exeat/v1
owner: team-security
tiers:
  medium: { quorum: 1, longest: 1h, repeats: 1000 }
`;
