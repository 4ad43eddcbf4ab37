import { generateKeyPairSync, type KeyObject, randomUUID, sign } from 'node:crypto';
import { Agent, request as httpRequest, type IncomingMessage, type OutgoingHttpHeaders } from 'node:http';
import { canonicalJson } from '../../../audit/index.ts';
import { ExeatError } from '../../../base/index.ts';

/** Somebody of the town, with the token that proves it. */
export interface TownPerson {
  readonly id: string;
  readonly role: string;
  readonly secret: string;
}

/** Everybody of the town. Ana has a break-glass key. */
export interface TownPeople {
  readonly ana: TownPerson & { readonly keyId: string; readonly key: KeyObject };
  readonly ben: TownPerson;
  readonly dana: TownPerson;
  readonly eve: TownPerson;
}

/** What the API answered. */
export interface Said<T> {
  readonly status: number;
  readonly body: T;
}

/** Asks the control API as somebody, or as nobody. `GET` without a body. */
export type AskApi = <T>(secret: string | null, path: string, body?: unknown) => Promise<Said<T>>;

const answerMs = 15_000;
const mostAnswerBytes = 4 * 1024 * 1024;

/** Speaks to the API at `127.0.0.1:8440` over connections of its own: no proxy of the environment comes between. */
export function createAskApi(at: string): { readonly ask: AskApi; close(): void } {
  const agent = new Agent({ keepAlive: true, maxSockets: 4 });
  const ask: AskApi = <T>(secret: string | null, path: string, body?: unknown) =>
    new Promise<Said<T>>((resolve, reject) => {
      const text = body === undefined ? null : JSON.stringify(body);
      const options = {
        method: text === null ? 'GET' : 'POST',
        agent,
        headers: headersOf(secret, text),
        timeout: answerMs,
      };
      const sent = httpRequest(`http://${at}/api/v1${path}`, options, (answer) => {
        readJson<T>(answer).then((got) => resolve({ status: answer.statusCode ?? 0, body: got }), reject);
      });
      sent.on('timeout', () => sent.destroy(new Error('no answer in time')));
      sent.on('error', reject);
      sent.end(text ?? undefined);
    });
  return { ask, close: () => agent.destroy() };
}

function headersOf(secret: string | null, text: string | null): OutgoingHttpHeaders {
  return {
    ...(secret === null ? {} : { authorization: `Bearer ${secret}` }),
    ...(text === null ? {} : { 'content-type': 'application/json', 'idempotency-key': randomUUID() }),
  };
}

async function readJson<T>(answer: IncomingMessage): Promise<T> {
  let got = '';
  answer.setEncoding('utf8');
  for await (const more of answer) {
    got += String(more);
    if (got.length > mostAnswerBytes) throw new Error('the answer is too large');
  }
  return JSON.parse(got) as T;
}

/**
 * Makes the people of the town: Dana and Ben come by founding links, so that neither made the other; Dana makes Ana and Eve. The link for
 * security stays for whoever watches. Throws an ExeatError with what the API refused.
 */
export async function makePeople(ask: AskApi, linkOf: (role: string) => string): Promise<TownPeople> {
  const dana = await claim(ask, { role: 'admin', link: linkOf('admin'), id: 'dana', name: 'Dana Ilves' });
  const ben = await claim(ask, { role: 'approver', link: linkOf('approver'), id: 'ben', name: 'Ben Okafor' });
  const ana = await make(ask, dana, { id: 'ana', name: 'Ana Lindqvist', roles: ['requester'], owns: [] });
  const eve = await make(ask, dana, { id: 'eve', name: 'Eve Marchetti', roles: ['auditor'], owns: [] });
  const { publicKey, privateKey } = generateKeyPairSync('ed25519');
  const spki = publicKey.export({ type: 'spki', format: 'der' }).toString('base64');
  const key = await act<{ readonly id: string }>(ask, dana, '/break-glass/keys', { person: 'ana', publicKey: spki });
  return { ana: { ...ana, keyId: key.id, key: privateKey }, ben, dana, eve };
}

/** Acts, and throws an ExeatError where it is refused. */
export async function act<T>(ask: AskApi, by: TownPerson | null, path: string, body: unknown): Promise<T> {
  const { status, body: answer } = await ask<T & { readonly detail?: string }>(by?.secret ?? null, path, body);
  if (status < 300) return answer;
  throw new ExeatError('demo_refused', `\`${path}\` was refused (${status}): ${answer.detail ?? 'no reason'}`);
}

/** Signs a declaration of break-glass as the command line does. */
export function signDeclaration(
  key: KeyObject,
  declared: Readonly<Record<string, string | number>>,
): { readonly document: string; readonly signature: string } {
  const document = canonicalJson(declared);
  if (!document.ok) throw new ExeatError(document.fault.code, document.fault.message);
  const signature = sign(null, Buffer.from(`exeat-break-glass-v1\n${document.value}`), key).toString('base64');
  return { document: document.value, signature };
}

interface Claiming {
  readonly role: string;
  readonly link: string;
  readonly id: string;
  readonly name: string;
}

async function claim(ask: AskApi, { role, link, id, name }: Claiming): Promise<TownPerson> {
  const secret = new URL(link).hash.slice(1);
  const made = await act<{ readonly secret: string }>(ask, null, '/setup/claim', { secret, id, name });
  return { id, role, secret: made.secret };
}

interface Making {
  readonly id: string;
  readonly name: string;
  readonly roles: readonly string[];
  readonly owns: readonly string[];
}

const scopesOf: Readonly<Record<string, readonly string[]>> = {
  requester: ['read', 'exception:request', 'exception:revoke'],
  auditor: ['read', 'audit:read'],
};
const tokenSeconds = 7 * 86_400;

async function make(ask: AskApi, by: TownPerson, person: Making): Promise<TownPerson> {
  await act(ask, by, '/people', person);
  const [role = ''] = person.roles;
  const wanted = { person: person.id, label: 'demo', scopes: scopesOf[role] ?? ['read'], lastsSeconds: tokenSeconds };
  const made = await act<{ readonly secret: string }>(ask, by, '/tokens', wanted);
  return { id: person.id, role, secret: made.secret };
}
