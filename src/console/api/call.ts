import type { Endpoint, Endpoints, Problem } from '../../api/contract/index.ts';
import { Refusal, Unreachable } from './failure.ts';
import { type Operation, paths } from './paths.ts';

type Parts<Id extends Operation> =
  Endpoints[Id] extends Endpoint<infer Params, infer Query, infer Body, infer Answer>
    ? { readonly params: Params; readonly query: Query; readonly body: Body; readonly answer: Answer }
    : never;

/** What an operation answers. */
export type Answer<Id extends Operation> = Parts<Id>['answer'];

/** What an operation is sent; what a query leaves out has the contract's default. */
export interface Sent<Id extends Operation> {
  readonly params?: Parts<Id>['params'];
  readonly query?: Partial<Parts<Id>['query']>;
  readonly body?: Parts<Id>['body'];
  /** The place that was looked at (`ETag`): another one is refused. */
  readonly ifMatch?: string | null;
  /** Makes an act happen once, however often it is sent. */
  readonly once?: string;
  readonly signal?: AbortSignal;
}

/** An answer with the place of the last entry that it shows. `isConfirmed` is false while the point has not said that it lives by it. */
export interface Answered<Id extends Operation> {
  readonly body: Answer<Id>;
  readonly etag: string | null;
  readonly isDurable: boolean;
  readonly isConfirmed: boolean;
}

let csrf = '';

/** Keeps the word that every act carries: a page of somebody else's cannot know it. */
export function keepCsrf(text: string): void {
  csrf = text;
}

const patienceMs = 20_000;

/** Asks the API. Throws a {@link Refusal} with what it says, or {@link Unreachable}. */
export async function call<Id extends Operation>(id: Id, sent: Sent<Id> = {}): Promise<Answered<Id>> {
  const [method = 'GET', path = ''] = paths[id].split(' ', 2);
  const response = await send(`/api/v1${fill(path, sent.params)}${queryText(sent.query)}`, {
    method,
    headers: headersOf(method, sent),
    signal: AbortSignal.any([AbortSignal.timeout(patienceMs), ...(sent.signal === undefined ? [] : [sent.signal])]),
    ...(method === 'GET' ? {} : { body: JSON.stringify(sent.body ?? {}) }),
  });
  if (!response.ok) throw new Refusal(await readProblem(response));
  return {
    body: (await response.json()) as Answer<Id>,
    etag: response.headers.get('etag'),
    isDurable: response.headers.get('exeat-durable') !== 'false',
    isConfirmed: response.headers.get('exeat-confirmed') !== 'false',
  };
}

async function send(url: string, init: RequestInit): Promise<Response> {
  try {
    return await fetch(url, { ...init, cache: 'no-store', credentials: 'same-origin', redirect: 'error' });
  } catch (error) {
    if (init.signal?.aborted === true && (error as Error).name === 'AbortError') throw error;
    throw new Unreachable();
  }
}

let lastInputMs = Date.now();
for (const kind of ['pointerdown', 'keydown', 'wheel', 'touchstart']) {
  globalThis.addEventListener?.(kind, () => (lastInputMs = Date.now()), { passive: true });
}
const presentMs = 2 * 60_000;

function headersOf<Id extends Operation>(method: string, { ifMatch, once }: Sent<Id>): Record<string, string> {
  // Pages renew themselves; only what somebody who is there does keeps their session.
  if (method === 'GET') return Date.now() - lastInputMs < presentMs ? { 'exeat-active': '1' } : {};
  return {
    'content-type': 'application/json',
    'exeat-csrf': csrf,
    ...(ifMatch == null ? {} : { 'if-match': ifMatch }),
    ...(once === undefined ? {} : { 'idempotency-key': once }),
  };
}

// A proxy in front of us that answers by itself does not speak in problems.
async function readProblem(response: Response): Promise<Problem> {
  const { status } = response;
  try {
    const said = (await response.json()) as Partial<Problem>;
    if (typeof said.code === 'string' && typeof said.detail === 'string') return said as Problem;
  } catch {
    // Told below.
  }
  const detail = `something between this page and control answered ${status}`;
  return { type: 'about:blank', title: 'no answer of control', status, code: 'unavailable', detail, requestId: '' };
}

function fill(path: string, params: unknown): string {
  const values = (params ?? {}) as Readonly<Record<string, string>>;
  return path.replace(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(values[name] ?? ''));
}

function queryText(query: object | undefined): string {
  const said = Object.entries(query ?? {}).filter(([, value]) => value !== undefined && value !== '');
  const text = new URLSearchParams(said.map(([name, value]) => [name, String(value)])).toString();
  return text === '' ? '' : `?${text}`;
}
