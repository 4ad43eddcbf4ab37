import { once } from 'node:events';
import { type AddressInfo, connect, createServer } from 'node:net';
import { type Endpoints, type ExceptionAnswer, endpoints, scopes } from '../../src/api/contract/index.ts';
import { type AnyHandler, type Caller, createApi, describeApi } from '../../src/api/index.ts';
import { failed, fault, ok } from '../../src/base/index.ts';
import { type CliIo, runCli } from '../../src/cli/index.ts';

/** The token that the stub takes for `ana`, who may do everything; `reader-token-0000` may read only. */
export const anaToken = 'ana-token-0000';

/** When the command line of these tests runs. */
export const stubNow: number = Date.parse('2026-11-28T19:00:00Z');

/** A control API whose answers a test writes by hand: the server, its contract and its problems are the real ones. */
export interface ControlStub {
  readonly api: string;
  close(): Promise<void>;
}

type Handled = { readonly [Id in keyof Endpoints]?: AnyHandler };

/** Starts a stub on loopback with handlers for some of the endpoints. */
export async function startControlStub(handlers: Handled): Promise<ControlStub> {
  let ids = 0;
  const served = Object.fromEntries(Object.keys(handlers).map((id) => [id, endpoints[id as keyof Endpoints]]));
  const server = createApi({
    endpoints: served,
    handlers: handlers as Readonly<Record<string, AnyHandler>>,
    streams: {},
    document: describeApi(served, '0.0.0'),
    problems: { self_approval: { status: 403, title: 'nobody approves their own' } },
    authenticate: async (token) => {
      const scopesOf: Readonly<Record<string, Caller['scopes']>> = {
        [anaToken]: scopes,
        'reader-token-0000': ['read'],
      };
      const granted = scopesOf[token];
      if (granted === undefined)
        return failed(fault('token_refused', 'the token is not known, was revoked or has ended'));
      return ok({
        actor: { kind: 'person', id: 'ana', via: 'token', credential: 't1' },
        person: 'ana',
        scopes: granted,
        seal: 'none',
      });
    },
    recall: () => failed(fault('session_over', 'nobody signs in here')),
    onRefused: async () => undefined,
    clock: { now: () => stubNow },
    newId: () => {
      ids += 1;
      return `01STUB${String(ids).padStart(20, '0')}`;
    },
    onFailure: (where, error) => void process.stderr.write(`${where}: ${String(error)}\n`),
    tls: null,
    hostNames: [],
  });
  await server.listen({ host: '127.0.0.1', port: 0 });
  const { port } = server.server.address() as AddressInfo;
  return { api: `http://127.0.0.1:${port}`, close: () => server.close() };
}

/** A way to a stub that breaks connections after they were heard, and keeps the head of every request. */
export interface BreakingWay {
  readonly api: string;
  readonly heads: readonly string[];
  close(): Promise<void>;
}

/** Starts a {@link BreakingWay}: the connections of `broken`, counted from 1, end without an answer; the others are passed on. */
export async function startBreakingWay(api: string, broken: readonly number[]): Promise<BreakingWay> {
  const heads: string[] = [];
  const target = Number(new URL(api).port);
  const server = createServer((socket) => {
    socket.on('error', () => socket.destroy());
    socket.once('data', (head: Buffer) => {
      heads.push(head.toString('latin1'));
      if (broken.includes(heads.length)) {
        socket.destroy();
        return;
      }
      const onward = connect(target, '127.0.0.1');
      onward.on('error', () => socket.destroy());
      onward.write(head);
      socket.pipe(onward).pipe(socket);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    api: `http://127.0.0.1:${port}`,
    heads,
    close: async () => {
      server.close();
      await once(server, 'close');
    },
  };
}

/** What a command said. */
export interface Said {
  readonly code: number;
  readonly out: string;
  readonly error: string;
}

/** Runs a command line in this process with an environment of its own, at {@link stubNow}. */
export async function sayWith(env: CliIo['env'], ...args: readonly string[]): Promise<Said> {
  const said = { out: '', error: '' };
  const io: CliIo = {
    env,
    now: () => stubNow,
    writeOut: (text) => {
      said.out += text;
    },
    writeError: (text) => {
      said.error += text;
    },
  };
  const code = await runCli(args, io);
  return { code, ...said };
}

/** An exception that waits for its first approval; a test changes what it is about. */
export function stubException(changes: Partial<ExceptionAnswer> = {}): ExceptionAnswer {
  return {
    id: '01KB0Z2Q6W7V8X9Y0A1B2C3D4E',
    kind: 'exception',
    status: 'pending',
    close: null,
    reviewStatus: null,
    revision: 1,
    digest: 'sha256:aaaa',
    policyVersion: 'sha256:0123456789abcdef',
    tier: 'medium',
    findings: ['new_domain'],
    service: 'payments-api',
    identity: null,
    to: 'bank.example.com:443',
    via: [],
    durationSeconds: 28_800,
    bytesUp: 2 ** 30,
    bytesDown: null,
    requester: 'ben',
    beneficiary: 'ben',
    owner: 'team-payments',
    reason: 'the new acquirer is tested',
    ticket: 'CHG-17',
    extends: null,
    decision: null,
    submittedAt: '2026-11-28T18:30:00.000Z',
    startAt: null,
    pendingUntil: '2026-11-29T18:30:00.000Z',
    startBy: null,
    notBefore: null,
    notAfter: null,
    endedAt: null,
    endedBy: null,
    approvalsNeeded: 1,
    held: null,
    acknowledged: null,
    confirm: 'never',
    decisions: [],
    closedAt: null,
    reviewDueAt: null,
    review: null,
    ...changes,
  };
}
