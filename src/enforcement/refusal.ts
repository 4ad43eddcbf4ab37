import { type Reason, reasons, requestableReasons } from '../policy/index.ts';
import { latin1Bytes } from '../wire/index.ts';

/** A failure of a dependency, told to the client with a status of its own; never a decision. */
export type Failure = 'resolver_failed' | 'upstream_unreachable';

/** Why a request is not served, in the words of its form: a reason of the policy, or a failure behind the proxy. */
export interface Refusal {
  readonly reason: Reason | Failure;
  /** The decision's id, or null for a challenge, which is not recorded. */
  readonly decisionId: string | null;
  /** Whether to ask for (another) proof with 407. */
  readonly isChallenge: boolean;
}

/** How a refusal is written. */
export interface RefusalForm {
  /** The client's `Accept`, or null. */
  readonly accept: string | null;
  readonly isHead: boolean;
  readonly closes: boolean;
  /** Base of the link to ask for an exception, without a slash at its end: `https://exeat.example.com`. Null for no link. */
  readonly requestBase: string | null;
}

const titles: Readonly<Record<number, string>> = {
  400: 'Bad Request',
  403: 'Forbidden',
  407: 'Proxy Authentication Required',
  502: 'Bad Gateway',
  503: 'Service Unavailable',
};

const failureSays: Readonly<Record<Failure, string>> = {
  resolver_failed: 'the name could not be resolved',
  upstream_unreachable: 'the destination could not be reached',
};

/** The HTTP status of a refusal (DESIGN 5.3): 400, 403, 407, 502 or 503. */
export function refusalStatus(refusal: Refusal): number {
  if (refusal.isChallenge) return 407;
  if (isFailure(refusal.reason)) return 502;
  const status = reasons[refusal.reason].status;
  return status === null || status === 407 ? 403 : status;
}

/**
 * Writes a refusal as an HTTP/1.1 response. Only the reason, its public sentence, the decision's id and where to ask for an exception
 * are shown: no rule text, no address and nothing that the client sent, so nothing can be injected or learned.
 */
export function refusalResponse(refusal: Refusal, form: RefusalForm): Uint8Array {
  const status = refusalStatus(refusal);
  const says = isFailure(refusal.reason) ? failureSays[refusal.reason] : reasons[refusal.reason].says;
  const isProblem = wantsProblem(form.accept);
  const link = requestLink(refusal, form.requestBase);
  const body = isProblem ? problemBody(refusal, { status, says, link }) : textBody(refusal, says, link);
  const head = [
    `HTTP/1.1 ${status} ${titles[status] ?? 'Refused'}`,
    ...(refusal.isChallenge
      ? ['Proxy-Authenticate: Basic realm="exeat", charset="UTF-8"', 'Proxy-Authenticate: Bearer realm="exeat"']
      : []),
    ...(refusal.decisionId === null ? [] : [`Exeat-Decision: ${refusal.decisionId}`]),
    `Exeat-Reason: ${refusal.reason}`,
    ...(link === null ? [] : [`Exeat-Request: ${link}`]),
    `Content-Type: ${isProblem ? 'application/problem+json' : 'text/plain; charset=utf-8'}`,
    `Content-Length: ${body.length}`,
    'Cache-Control: no-store',
    ...(status === 503 ? ['Retry-After: 10'] : []),
    `Connection: ${form.closes ? 'close' : 'keep-alive'}`,
    ...(form.closes ? ['Proxy-Connection: close'] : []),
  ];
  return latin1Bytes(`${head.join('\r\n')}\r\n\r\n${form.isHead ? '' : body}`);
}

// Where a grant can mend it; the decision tells the page what was asked.
function requestLink({ reason, decisionId, isChallenge }: Refusal, base: string | null): string | null {
  if (base === null || decisionId === null || isChallenge || isFailure(reason)) return null;
  return requestableReasons.has(reason) ? `${base}/request?decision=${decisionId}` : null;
}

function isFailure(reason: Reason | Failure): reason is Failure {
  return reason === 'resolver_failed' || reason === 'upstream_unreachable';
}

function wantsProblem(accept: string | null): boolean {
  return accept !== null && /application\/(?:problem\+)?json/i.test(accept);
}

function textBody(refusal: Refusal, says: string, link: string | null): string {
  const id = refusal.decisionId === null ? '' : ` (decision ${refusal.decisionId})`;
  const ask = link === null ? '' : `, to ask for an exception: ${link}`;
  return `exeat: ${refusal.reason}: ${says}${id}${ask}\n`;
}

function problemBody(
  refusal: Refusal,
  { status, says, link }: { readonly status: number; readonly says: string; readonly link: string | null },
): string {
  const decision = {
    ...(refusal.decisionId === null ? {} : { decision: refusal.decisionId }),
    ...(link === null ? {} : { requestable: { url: link } }),
  };
  return `${JSON.stringify({ type: 'about:blank', title: titles[status], status, detail: says, reason: refusal.reason, ...decision })}\n`;
}
