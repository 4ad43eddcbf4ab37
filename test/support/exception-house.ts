import assert from 'node:assert/strict';
import { join } from 'node:path';
import type { EntryAnswer, ExceptionAnswer, RequestBody } from '../../src/api/contract/index.ts';
import type { DecisionRecord, VerdictRecord } from '../../src/policy/index.ts';
import { proofOf, requestTunnel } from './ask-proxy.ts';
import { waitFor } from './product.ts';
import { openRaw, type RawClient } from './raw-client.ts';
import { type RawStory, type RawStoryOptions, startRawStory } from './raw-story.ts';
import { type SeededAccount, type SeededPerson, seedPeople } from './seed-people.ts';

/** What the API answered: the status, the body, and its headers. */
export interface ApiAnswer<T = Record<string, unknown>> {
  readonly status: number;
  /** The code of a problem, null for a success. */
  readonly code: string | null;
  readonly body: T;
  readonly headers: Headers;
}

/** What is sent beside path and token. */
export interface ApiSent {
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

/** The whole product where people have been for long: their tokens, and the API as a program speaks to it. */
export interface ExceptionHouse {
  readonly story: RawStory;
  /** `http://127.0.0.1:41234`. */
  readonly api: string;
  accountOf(person: string): SeededAccount;
  /** `GET` without a body, else `POST`. `as` is a person of the house, a secret, or null for no token. `path` starts below `/api/v1`. */
  call<T = Record<string, unknown>>(as: string | null, path: string, sent?: ApiSent): Promise<ApiAnswer<T>>;
  /** `tcp://HOST` with the port of the origin. */
  to(host: string): string;
  /** A request for a minute to a host of the origin, as a body of the API. */
  asking(host: string, changes?: Partial<RequestBody>): Partial<RequestBody>;
  /** Asks as somebody; fails when it is refused. */
  request(as: string, host: string, changes?: Partial<RequestBody>): Promise<ExceptionAnswer>;
  show(id: string): Promise<ExceptionAnswer>;
  /** Approves what stands there now. */
  approve(as: string, id: string, narrow?: unknown): Promise<ApiAnswer<ExceptionAnswer>>;
  /** Asks as `ana`, approves as `ben`; gives the active exception. */
  grant(host: string, changes?: Partial<RequestBody>): Promise<ExceptionAnswer>;
  /** Opens a tunnel to a host that echoes; fails when it is denied. */
  tunnel(host: string): Promise<LiveTunnel>;
  /** The reason with which a host is denied now, or `open`. */
  reasonOf(host: string): Promise<string>;
  /** Acts in the log, the newest first. */
  acts(query: string): Promise<readonly EntryAnswer[]>;
  /** How many entries the log has. */
  size(): Promise<number>;
  stop(): Promise<void>;
}

/** A live tunnel, with this end of its connection as records name it. `ended` settles with the instant (performance.now) of its end. */
export type LiveTunnel = RawClient & { readonly source: string; readonly ended: Promise<number> };

/** What differs: who is there, further policy files, and the rest of the product's options. */
export interface HouseOptions extends RawStoryOptions {
  readonly people?: readonly SeededPerson[];
  /** False: the founding links were never made, so this start offers them. Default: true. */
  readonly isFounded?: boolean;
}

/** Ana asks, Ben and Cyn approve, Dan makes people; Eve audits. None of them is linked to another. */
export const houseOf: readonly SeededPerson[] = [
  { id: 'ana', roles: ['requester'], owns: [] },
  { id: 'ben', roles: ['approver'] },
  { id: 'cyn', roles: ['security'] },
  { id: 'dan', roles: ['admin', 'requester', 'approver'] },
  { id: 'eve', roles: ['auditor'] },
];

/** Starts the product on a state in which people are there already. */
export async function startExceptionHouse(options: HouseOptions = {}): Promise<ExceptionHouse> {
  const { people = houseOf, isFounded = true, ...others } = options;
  let accounts: ReadonlyMap<string, SeededAccount> = new Map();
  const story = await startRawStory({
    ...others,
    prepare: async (folder) => {
      accounts = await seedPeople(join(folder, '.exeat'), people, { isFounded });
    },
  });
  const accountOf = (person: string): SeededAccount => {
    const account = accounts.get(person);
    assert.ok(account !== undefined, `nobody is called ${person}`);
    return account;
  };
  return makeHouse(story, accountOf, (as) => accounts.get(as)?.secret ?? as);
}

function makeHouse(
  story: RawStory,
  accountOf: ExceptionHouse['accountOf'],
  secretOf: (as: string) => string,
): ExceptionHouse {
  const api = `http://${story.product.console}`;
  const call: ExceptionHouse['call'] = async (as, path, sent = {}) => {
    const { body, headers = {} } = sent;
    const response = await fetch(`${api}/api/v1${path}`, {
      method: body === undefined ? 'GET' : 'POST',
      headers: {
        ...(as === null ? {} : { authorization: `Bearer ${secretOf(as)}` }),
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(20_000),
    });
    const read = (await response.json()) as { readonly code?: string };
    const code = response.ok ? null : (read.code ?? '');
    return { status: response.status, code, body: read as never, headers: response.headers };
  };
  const show = async (id: string): Promise<ExceptionAnswer> =>
    (await call<ExceptionAnswer>('eve', `/exceptions/${id}`)).body;
  const to = (host: string): string => `tcp://${host}:${story.origin.port}`;
  const asking: ExceptionHouse['asking'] = (host, changes = {}) => ({
    service: 'story',
    to: to(host),
    durationSeconds: 60,
    owner: 'team-story',
    reason: 'the new acquirer is tested',
    ...changes,
  });
  const request: ExceptionHouse['request'] = async (as, host, changes) => {
    const asked = await call<ExceptionAnswer>(as, '/exceptions', { body: asking(host, changes) });
    assert.equal(asked.status, 201, JSON.stringify(asked.body));
    return asked.body;
  };
  const approve: ExceptionHouse['approve'] = async (as, id, narrow = null) => {
    const { digest, policyVersion } = await show(id);
    return call(as, `/exceptions/${id}/approve`, { body: { digest, policyVersion, narrow } });
  };
  return {
    ...{ story, api, accountOf, call, to, asking, request, show, approve },
    grant: async (host, changes) => {
      const { id } = await request('ana', host, changes);
      const approved = await approve('ben', id);
      assert.deepEqual([approved.status, approved.body.status], [200, 'active'], JSON.stringify(approved.body));
      return approved.body;
    },
    tunnel: (host) => openLive(story, `${host}:${story.origin.port}`),
    reasonOf: async (host) => {
      const answer = await story.ask(`${host}:${story.origin.port}`);
      return answer.status === 200 ? 'open' : (answer.reason ?? '');
    },
    acts: async (query) =>
      (await call<{ readonly items: readonly EntryAnswer[] }>('eve', `/audit/entries?${query}`)).body.items,
    size: async () => (await call<{ readonly size: number }>('eve', '/audit')).body.size,
    stop: () => story.stop(),
  };
}

async function openLive(story: RawStory, authority: string): Promise<LiveTunnel> {
  const client = await openRaw(story.product.proxyPort);
  const ask = { port: story.product.proxyPort, authority, proof: proofOf(story.product, 'story') };
  const { status, source, reason } = await requestTunnel(client, ask);
  assert.equal(status, 200, `${authority}: ${reason}`);
  const ended = new Promise<number>((resolve) => {
    for (const event of ['end', 'error', 'close']) client.socket.once(event, () => resolve(performance.now()));
  });
  const live = { ...client, source, ended };
  await echo(live, 'alive');
  return live;
}

/** Sends a text and waits for it to come back. */
export async function echo(client: RawClient, text: string): Promise<void> {
  client.send(text);
  assert.equal((await client.readBytes(text.length)).toString(), text);
}

/** Waits for the end of a tunnel; gives how many milliseconds after `sinceMs` (performance.now) it came, and the reasons in the records. */
export async function endOfTunnel(
  story: RawStory,
  tunnel: LiveTunnel,
  sinceMs: number,
): Promise<{ readonly tookMs: number; readonly reason: string; readonly endedBy: string; readonly grantId: string }> {
  await tunnel.readToEnd(20_000);
  const tookMs = (await tunnel.ended) - sinceMs;
  const isMine = (record: DecisionRecord): boolean =>
    record.kind === 'verdict' && record.stage === 'recheck' && record.source === tunnel.source;
  const recheck = (await story.product.waitForRecord(isMine)) as VerdictRecord;
  const close = await story.product.waitForRecord((record) => record.kind === 'close' && record.flow === recheck.flow);
  const endedBy = close.kind === 'close' ? close.endedBy : '';
  return { tookMs, reason: recheck.reason, endedBy, grantId: recheck.grantId ?? '' };
}

/** Waits until an exception is as wanted, and gives it. */
export async function waitForException(
  house: ExceptionHouse,
  id: string,
  isWanted: (one: ExceptionAnswer) => boolean,
  timeoutMs = 10_000,
): Promise<ExceptionAnswer> {
  return waitFor(
    async () => {
      const one = await house.show(id);
      return isWanted(one) && one;
    },
    `exception ${id} as wanted`,
    timeoutMs,
  );
}

/** How an act is refused, and who is written down to have tried; null where nobody is. */
export interface WantedRefusal {
  readonly status: number;
  readonly code: string;
  readonly by: string | null;
}

/**
 * Acts, and checks that it is refused as wanted and that nothing half-done remains: no exception, person, token or key is another than
 * before, and the log has no act of a person beside the attempt.
 */
export async function assertRefused(
  house: ExceptionHouse,
  act: () => Promise<ApiAnswer<unknown>>,
  { status, code, by }: WantedRefusal,
): Promise<void> {
  const before = await standingOf(house);
  const answer = await act();
  assert.deepEqual([answer.status, answer.code], [status, code], JSON.stringify(answer.body));
  assert.deepEqual(await standingOf(house), before);
  if (by === null) return;
  const [entry] = await house.acts(`actor=${by}&limit=1`);
  assert.deepEqual([entry?.actor, entry?.details['code']], [by, code]);
  assert.match(entry?.action ?? '', /\.refused$/);
}

/** Everything that an act could have changed, without what goes on by itself. */
async function standingOf(house: ExceptionHouse): Promise<unknown> {
  const paths = ['/exceptions', '/people', '/tokens', '/break-glass/keys'];
  const listed = await Promise.all(paths.map((path) => house.call<Items>('eve', `${path}?limit=500`)));
  const acts = await house.acts('limit=200');
  const isActOfPerson = ({ actor, action }: EntryAnswer): boolean =>
    !actor.startsWith('(') && !action.endsWith('.refused');
  return [listed.map(({ body }) => body.items.map(withoutTime)), acts.find(isActOfPerson)?.seq];
}

interface Items {
  readonly items: readonly Readonly<Record<string, unknown>>[];
}

/** What the clock and the closing change of an answer is left out. */
function withoutTime(item: Readonly<Record<string, unknown>>): unknown {
  const byItself = ['status', 'close', 'closedAt', 'endedAt', 'reviewStatus', 'digest', 'isLive', 'linkedTo'];
  return Object.entries(item).filter(([key]) => !byItself.includes(key));
}
