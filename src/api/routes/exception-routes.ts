import type { Actor } from '../../audit/index.ts';
import { failed, fault, ok, type Result } from '../../base/index.ts';
import {
  type ExceptionCommand,
  type ExceptionSpec,
  type ExceptionState,
  exceptionOf,
  type Narrowing as SpecNarrowing,
} from '../../exceptions/index.ts';
import type { Answered, Call, Caller, Handlers } from '../call.ts';
import type { Endpoints, ExceptionAnswer, ExceptionQuery, Narrowing, Page, RequestBody } from '../contract/index.ts';
import type { ApiPorts } from './api-ports.ts';
import type { Confirmations } from './confirmations.ts';
import { showState } from './exception-answer.ts';
import { scanStates } from './scan-states.ts';

type Ids =
  | 'requestException'
  | 'listExceptions'
  | 'showException'
  | 'editException'
  | 'approveException'
  | 'denyException'
  | 'withdrawException'
  | 'revokeException'
  | 'suspendException'
  | 'resumeException'
  | 'extendException'
  | 'reviewException'
  | 'acknowledgeBreakGlass';

type AnyCall = Pick<Call<unknown, unknown, unknown>, 'caller' | 'ifMatch' | 'once'>;
type Shown = Promise<Result<Answered<ExceptionAnswer>>>;

/** The handlers of exceptions. */
export function exceptionRoutes(ports: ApiPorts, confirmations: Confirmations): Pick<Handlers<Endpoints>, Ids> {
  const act = (call: AnyCall, id: string, command: ExceptionCommand): Shown => {
    const { ifMatch, once } = call;
    return showActed(ports, { id, command, actor: callerOf(call).actor, ifMatch, once });
  };
  const submit = (call: AnyCall, spec: ExceptionSpec): Shown => {
    const id = ports.newId(ports.clock.now());
    return act(call, id, { kind: 'submit', id, spec });
  };
  return {
    requestException: (call) => submit(call, toSpec(call.body, callerOf(call).person)),
    listExceptions: (call) => listExceptions(ports, call.query),
    showException: ({ params }) => showOne(ports, params.id),
    editException: (call) =>
      act(call, call.params.id, { kind: 'edit', spec: toSpec(call.body, callerOf(call).person) }),
    approveException: async (call) => {
      const { digest, reason, narrow } = call.body;
      const policyVersion = await lookedAt(ports, call.params.id, call.body.policyVersion);
      const narrowing = toNarrowing(narrow);
      const confirmation = await confirmations.take('approveException', call);
      const looked = { digest, policyVersion, narrowing, note: reason ?? '' };
      return act(call, call.params.id, { kind: 'approve', ...looked, confirmation });
    },
    denyException: (call) => act(call, call.params.id, { kind: 'deny', note: call.body.reason }),
    withdrawException: (call) => act(call, call.params.id, { kind: 'withdraw', reason: call.body.reason }),
    revokeException: (call) => act(call, call.params.id, { kind: 'revoke', reason: call.body.reason }),
    suspendException: (call) => act(call, call.params.id, { kind: 'suspend', reason: call.body.reason }),
    resumeException: async (call) => {
      const { digest, reason } = call.body;
      const policyVersion = await lookedAt(ports, call.params.id, call.body.policyVersion);
      const confirmation = await confirmations.take('resumeException', call);
      return act(call, call.params.id, { kind: 'resume', digest, policyVersion, note: reason, confirmation });
    },
    extendException: async (call) => {
      const state = await findState(ports, call.params.id);
      return state === null ? unknown : submit(call, toExtension(state, call.body));
    },
    reviewException: (call) => {
      const { outcome, note } = call.body;
      return act(call, call.params.id, { kind: 'review', outcome, note: note ?? '' });
    },
    acknowledgeBreakGlass: async (call) => {
      const confirmation = await confirmations.take('acknowledgeBreakGlass', call);
      return act(call, call.params.id, { kind: 'acknowledge', confirmation });
    },
  };
}

const unknown: Result<never> = failed(fault('unknown_exception', 'there is no such exception'));

/** Issues an act on an exception and shows it as it stands after it. */
export async function showActed(
  ports: ApiPorts,
  asked: Pick<AnyCall, 'ifMatch' | 'once'> & {
    readonly id: string;
    readonly command: ExceptionCommand;
    readonly actor: Actor;
  },
): Shown {
  const acted = await ports.actOnException(asked);
  if (!acted.ok) return acted;
  const { id, isDurable, isConfirmed, isReplay } = acted.value;
  const shown = await showOne(ports, id);
  return shown.ok ? ok({ ...shown.value, isDurable, isConfirmed, isReplay }) : shown;
}

/** The caller of an endpoint that asks for a token. Throws where there is none: the server let the call through then. */
export function callerOf({ caller }: Pick<AnyCall, 'caller'>): Caller {
  if (caller === null) throw new TypeError('an act without a caller');
  return caller;
}

/** An exception by its id, whether or not it still matters; null for none. */
export async function findState(ports: ApiPorts, id: string): Promise<ExceptionState | null> {
  const held = ports.exceptions().get(id);
  if (held !== undefined) return held;
  const view = await ports.ledger.view('exception', id);
  return view === null ? null : exceptionOf(view);
}

async function showOne(ports: ApiPorts, id: string): Shown {
  const state = await findState(ports, id);
  if (state === null) return unknown;
  const seq = ports.seqOf('exception', id);
  return ok({ body: await showState(ports, state), ...(seq === null ? {} : { seq }) });
}

function toSpec(body: RequestBody, requester: string): ExceptionSpec {
  const { service, identity, to, via, bytesUp, bytesDown, owner, reason, ticket, decision } = body;
  return {
    relaxes: 'reach',
    ...{ service, identity, to, via, bytesUp, bytesDown, owner, reason, ticket },
    durationMs: body.durationSeconds * 1_000,
    startAtMs: body.startAt === null ? null : Date.parse(body.startAt),
    beneficiary: body.beneficiary ?? requester,
    extends: null,
    denial: decision,
  };
}

// It goes on where the other one ends, so that there is no gap and nothing is counted twice.
function toExtension(
  state: ExceptionState,
  body: { readonly durationSeconds: number; readonly reason: string; readonly ticket: string | null },
): ExceptionSpec {
  const granted = state.grant?.spec ?? state.spec;
  return {
    ...granted,
    durationMs: body.durationSeconds * 1_000,
    startAtMs: state.grant?.notAfterMs ?? null,
    reason: body.reason,
    ticket: body.ticket ?? granted.ticket,
    extends: state.id,
  };
}

function toNarrowing(narrow: Narrowing | null): SpecNarrowing {
  if (narrow === null) return {};
  const { durationSeconds, to, bytesUp, bytesDown } = narrow;
  return {
    ...(durationSeconds === undefined ? {} : { durationMs: durationSeconds * 1_000 }),
    ...(to === undefined ? {} : { to }),
    ...(bytesUp == null ? {} : { bytesUp }),
    ...(bytesDown == null ? {} : { bytesDown }),
  };
}

// A caller who does not say what policy they looked at looked at the one in force: the digest, which holds it, tells.
async function lookedAt(ports: ApiPorts, id: string, policyVersion: string | null): Promise<string> {
  if (policyVersion !== null) return policyVersion;
  const state = await findState(ports, id);
  const facts = state === null ? null : await ports.factsOf(state.spec);
  return facts?.ok ? facts.value.policyVersion : '';
}

async function listExceptions(
  ports: ApiPorts,
  query: ExceptionQuery,
): Promise<Result<Answered<Page<ExceptionAnswer>>>> {
  const found = await scanStates(ports, query);
  if (!found.ok) return found;
  const items = await Promise.all(found.value.states.map((state) => showState(ports, state)));
  return ok({ body: { items, next: found.value.next } });
}
