import type { IpAddress } from '../destination/index.ts';
import type { ApprovedAddress } from './approved-address.ts';
import type { CompiledPolicy, NetworkFacts } from './compiled-policy.ts';
import { decide } from './decide.ts';
import { addressContext, judgeAddress } from './judge-address.ts';
import { PolicyVerdict } from './policy-verdict.ts';
import type { Reason } from './reasons.ts';
import type { Admission, DecisionRequest, Verdict } from './verdict.ts';

/** Why one address may not be dialled. `why` is for the log and `explain`, never for the refused side. */
export interface RefusedAddress {
  readonly address: IpAddress;
  readonly reason: Reason;
  readonly why: string;
}

/**
 * What of an answer may be dialled. `reason` is `rule_matched`, `grant_matched` or `observed` (that of the verdict) or `local_origin`
 * when something was approved; else why nothing was: `environment_crossing` or `resolver_closed` where that refused every address, `address_forbidden` otherwise, or the
 * verdict's own reason when it was a deny. `isMixed`: the answer mixed addresses that may be dialled with ones that may not,
 * which is how rebinding looks: worth an alarm. `admissions` says for each approved address what a connection to it may carry: what
 * the rules that justify this very address admit, which can be less than what all matched rules admit together. `grantIds` says for
 * each which grant justifies it, null where a rule does.
 */
export interface AddressApproval {
  readonly approved: readonly ApprovedAddress[];
  readonly admissions: readonly Admission[];
  readonly grantIds: readonly (string | null)[];
  readonly refused: readonly RefusedAddress[];
  readonly reason: Reason;
  readonly isMixed: boolean;
}

/** The addresses to approve and what approving must know of this machine. */
export interface AddressQuestion {
  readonly addresses: readonly IpAddress[];
  readonly network: NetworkFacts;
}

/** More addresses than this in one answer are ignored: nobody dials them all, and the work stays bounded. */
const mostAddresses = 256;

/**
 * Approves the addresses that a name resolved to, or the address that was asked for. INVARIANT: this is the only maker of
 * `ApprovedAddress`, and only approved addresses are dialled. By default public addresses only; others by the segments that the
 * rules which matched name with `via`, and a rule with `via` must resolve into one of them; a grant is held to the same, and crosses
 * no environments. Forbidden ranges, our own addresses and
 * the prefixes of the boundary are refused whatever a rule says; a loopback address only where `localOrigins` lists it with
 * this port and a rule allowed the name. Never throws.
 */
export function approveAddresses(
  policy: CompiledPolicy,
  request: DecisionRequest,
  verdict: Verdict,
  question: AddressQuestion,
): AddressApproval {
  try {
    const judged = verdictOf(policy, request, verdict);
    if (judged.verdict === 'deny') return refuseAll(question.addresses, judged.reason, 'the verdict is deny');
    if (!(judged instanceof PolicyVerdict))
      return refuseAll(question.addresses, 'decision_failed', 'no verdict of ours');
    return approveAll(judged, request, question);
  } catch {
    // Fail closed: nothing is approved that was not judged.
    return refuseAll(question.addresses, 'decision_failed', 'approving failed');
  }
}

/** What of an answer of DNS may be handed to who asked. */
export interface AnswerScreen {
  readonly kept: readonly IpAddress[];
  readonly refused: readonly RefusedAddress[];
}

/**
 * Keeps of the addresses of an answer those that may be dialled on some port: the guard of {@link approveAddresses} where nobody has named
 * a port yet. It approves nothing: whoever dials asks again. Never throws; what cannot be judged is refused.
 */
export function screenAddresses(
  policy: CompiledPolicy,
  request: DecisionRequest,
  verdict: Verdict,
  question: AddressQuestion,
): AnswerScreen {
  try {
    const judged = verdictOf(policy, request, verdict);
    if (judged instanceof PolicyVerdict && judged.verdict === 'allow') return screenAll(judged, request, question);
    return { kept: [], refused: refuseAll(question.addresses, judged.reason, 'the verdict is deny').refused };
  } catch {
    return { kept: [], refused: refuseAll(question.addresses, 'decision_failed', 'screening failed').refused };
  }
}

function screenAll(verdict: PolicyVerdict, request: DecisionRequest, question: AddressQuestion): AnswerScreen {
  const context = addressContext(verdict, request, question.network);
  const kept: IpAddress[] = [];
  const refused: RefusedAddress[] = [];
  for (const address of question.addresses.slice(0, mostAddresses)) {
    const answer = judgeAddress(context, address);
    if (answer.kind === 'approved') kept.push(address);
    else refused.push({ address, reason: answer.reason, why: answer.why });
  }
  return { kept, refused };
}

/** A verdict of another policy (a reload came between) or a copy is not trusted: it is made again. */
function verdictOf(policy: CompiledPolicy, request: DecisionRequest, verdict: Verdict): Verdict {
  if (verdict.verdict === 'deny') return verdict;
  return verdict instanceof PolicyVerdict && verdict.policy === policy ? verdict : decide(policy, request);
}

function refuseAll(addresses: readonly IpAddress[], reason: Reason, why: string): AddressApproval {
  const refused = addresses.slice(0, mostAddresses).map((address) => ({ address, reason, why }));
  return { approved: [], admissions: [], grantIds: [], refused, reason, isMixed: false };
}

function approveAll(verdict: PolicyVerdict, request: DecisionRequest, question: AddressQuestion): AddressApproval {
  const { port } = request.destination;
  if (port === null) return refuseAll(question.addresses, 'address_forbidden', 'no port was asked for');
  const context = addressContext(verdict, request, question.network);
  const approved: ApprovedAddress[] = [];
  const admissions: Admission[] = [];
  const grantIds: (string | null)[] = [];
  const refused: RefusedAddress[] = [];
  let isLocal = false;
  for (const address of question.addresses.slice(0, mostAddresses)) {
    const answer = judgeAddress(context, address);
    if (answer.kind === 'refused') refused.push({ address, reason: answer.reason, why: answer.why });
    else {
      isLocal ||= answer.reason === 'local_origin';
      approved.push(Object.freeze({ address, port }) as ApprovedAddress);
      admissions.push(answer.admission);
      grantIds.push(answer.grantId);
    }
  }
  if (approved.length === 0) {
    return { approved, admissions, grantIds, refused, reason: commonReason(refused), isMixed: false };
  }
  const reason = isLocal ? 'local_origin' : verdict.reason;
  return { approved, admissions, grantIds, refused, reason, isMixed: refused.length > 0 };
}

// Those that say more than that no address may be dialled, where they are true of each.
const toldReasons: ReadonlySet<Reason> = new Set(['environment_crossing', 'resolver_closed']);

function commonReason(refused: readonly RefusedAddress[]): Reason {
  const [first] = refused;
  const isTold =
    first !== undefined && toldReasons.has(first.reason) && refused.every(({ reason }) => reason === first.reason);
  return isTold ? first.reason : 'address_forbidden';
}
