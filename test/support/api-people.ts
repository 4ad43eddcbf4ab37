import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { EntryAnswer, ExceptionAnswer, Page, RequestBody } from '../../src/api/contract/index.ts';
import type { RunningProduct } from './product.ts';

/** What the API answered: `body` is the answer or the problem. `isDurable` is false where it said so. */
export interface ApiSaid<T> {
  readonly status: number;
  readonly body: T & { readonly code?: string };
  readonly isDurable: boolean;
}

/** Somebody with a token. */
export interface ApiPerson {
  readonly id: string;
  get<T>(path: string): Promise<ApiSaid<T>>;
  post<T>(path: string, body: unknown, key?: string): Promise<ApiSaid<T>>;
  /**
   * Sends an act with one key until it is answered with less than 500, whatever dies meanwhile; fails after 60 s, or once `isOver`
   * says so.
   */
  insist<T>(path: string, body: unknown, isOver?: () => boolean): Promise<ApiSaid<T>>;
}

const answerTimeoutMs = 60_000;
const insistMs = 60_000;

/** The first two people of a product that has just started, `ana` (admin) and `ben` (approver); both may ask. `at` gives the console's address. */
export async function foundPeople(
  product: Pick<RunningProduct, 'report'>,
  at: () => string,
): Promise<{ readonly ana: ApiPerson; readonly ben: ApiPerson }> {
  const claim = async (role: string, id: string): Promise<ApiPerson> => {
    const link = product.report.founding.find((one) => one.role === role)?.link;
    assert.ok(link !== undefined, `the start made no link for the first ${role}`);
    const secret = link.slice(link.indexOf('#') + 1);
    const stranger = personWith('', '', at);
    const said = await stranger.post<{ readonly secret: string }>('/setup/claim', { secret, id, name: id });
    assert.equal(said.status, 201, JSON.stringify(said.body));
    return personWith(id, said.body.secret, at);
  };
  return { ana: await claim('admin', 'ana'), ben: await claim('approver', 'ben') };
}

/** Somebody who holds this token. */
export function personWith(id: string, token: string, at: () => string): ApiPerson {
  const send = async <T>(method: string, path: string, rest: RequestInit = {}): Promise<ApiSaid<T>> => {
    const response = await fetch(`http://${at()}/api/v1${path}`, {
      ...rest,
      method,
      signal: AbortSignal.timeout(answerTimeoutMs),
      headers: { ...(token === '' ? {} : { authorization: `Bearer ${token}` }), ...rest.headers },
    });
    const body = (await response.json()) as T & { readonly code?: string };
    return { status: response.status, body, isDurable: response.headers.get('exeat-durable') !== 'false' };
  };
  const post: ApiPerson['post'] = (path, body, key = randomUUID()) =>
    send('POST', path, {
      body: JSON.stringify(body),
      headers: { 'content-type': 'application/json', 'idempotency-key': key },
    });
  return {
    id,
    get: (path) => send('GET', path),
    post,
    insist: async (path, body, isOver = () => false) => {
      const key = randomUUID();
      const deadline = performance.now() + insistMs;
      for (;;) {
        const said = await post<never>(path, body, key).catch(() => null);
        if (said !== null && said.status < 500) return said;
        if (isOver() || performance.now() > deadline) {
          throw new Error(`\`${path}\` was not answered in time: ${JSON.stringify(said)}`);
        }
        await sleep(100);
      }
    },
  };
}

/** A request of the service `story` for `to`; what is not said is the same in every story. */
export function askFor(to: string, changed: Partial<RequestBody> = {}): Partial<RequestBody> {
  return {
    service: 'story',
    owner: 'team-story',
    to,
    durationSeconds: 600,
    reason: 'the bank moved to another host',
    ...changed,
  };
}

/** Asks and approves, as two people; gives the exception as it is in force. */
export async function openException(
  asker: ApiPerson,
  approver: ApiPerson,
  body: Partial<RequestBody>,
): Promise<ExceptionAnswer> {
  const asked = await asker.post<ExceptionAnswer>('/exceptions', body);
  assert.equal(asked.status, 201, JSON.stringify(asked.body));
  const { id, digest } = asked.body;
  const approved = await approver.post<ExceptionAnswer>(`/exceptions/${id}/approve`, { digest });
  assert.equal(approved.status, 200, JSON.stringify(approved.body));
  return approved.body;
}

/** Somebody who may read the log; whoever makes them is linked to them. */
export async function makeAuditor(admin: ApiPerson, at: () => string, id = 'eve'): Promise<ApiPerson> {
  const made = await admin.post('/people', { id, name: id, roles: ['auditor'] });
  assert.equal(made.status, 201, JSON.stringify(made.body));
  const asked = { person: id, label: 'story', scopes: ['read', 'audit:read'], lastsSeconds: 86_400 };
  const token = await admin.post<{ readonly secret: string }>('/tokens', asked);
  assert.equal(token.status, 201, JSON.stringify(token.body));
  return personWith(id, token.body.secret, at);
}

/** Every act of the log, oldest first. */
export async function readLog(person: ApiPerson): Promise<readonly EntryAnswer[]> {
  const all: EntryAnswer[] = [];
  for (let cursor: string | null = ''; cursor !== null; ) {
    const after: string = cursor === '' ? '' : `&cursor=${encodeURIComponent(cursor)}`;
    const page: ApiSaid<Page<EntryAnswer>> = await person.get(`/audit/entries?limit=500${after}`);
    assert.equal(page.status, 200, JSON.stringify(page.body));
    all.push(...page.body.items);
    cursor = page.body.next;
  }
  return all.reverse();
}
