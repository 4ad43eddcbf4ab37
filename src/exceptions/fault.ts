import { type Fault, failed, fault } from '../base/index.ts';

/** What a refusal means, how to mend it, and its HTTP status. */
export interface ExceptionFaultRow {
  readonly says: string;
  readonly mend: string;
  readonly status: 400 | 403 | 404 | 409 | 422;
}

/** Why an act was refused: a closed set, spelled the same in the API, the log and the command line. */
export type ExceptionFaultCode =
  | 'actor_unknown'
  | 'person_disabled'
  | 'token_cannot'
  | 'not_yours'
  | 'not_eligible'
  | 'self_approval'
  | 'approver_linked'
  | 'already_decided'
  | 'quorum_unreachable'
  | 'no_policy'
  | 'spec_malformed'
  | 'target_malformed'
  | 'target_too_wide'
  | 'boundary'
  | 'unknown_service'
  | 'unknown_identity'
  | 'unknown_segment'
  | 'owner_unknown'
  | 'beneficiary_unknown'
  | 'requester_gone'
  | 'reason_missing'
  | 'duration_over_tier'
  | 'cumulative_over_cap'
  | 'repeats_over_cap'
  | 'start_too_far'
  | 'extends_unknown'
  | 'extends_ended'
  | 'wider_than_extended'
  | 'unknown_exception'
  | 'exception_exists'
  | 'not_pending'
  | 'not_granted'
  | 'not_suspended'
  | 'not_ended'
  | 'digest_stale'
  | 'policy_changed'
  | 'wider_than_asked'
  | 'start_window_passed'
  | 'close_unproven'
  | 'already_closed'
  | 'already_reviewed'
  | 'self_review'
  | 'break_glass_not_enrolled'
  | 'break_glass_wide'
  | 'review_overdue'
  | 'break_glass_unacknowledged'
  | 'acknowledge_late'
  | 'self_acknowledge'
  | 'already_acknowledged'
  | 'confirmation_missing'
  | 'confirmation_refused'
  | 'passkey_fresh'
  | 'passkey_cloned'
  | 'passkey_exists'
  | 'passkey_unknown'
  | 'passkey_malformed'
  | 'person_exists'
  | 'person_unknown'
  | 'person_malformed'
  | 'last_admin'
  | 'self_unlink'
  | 'not_linked'
  | 'token_exists'
  | 'token_unknown'
  | 'token_malformed'
  | 'scope_over_roles'
  | 'key_exists'
  | 'key_unknown'
  | 'key_malformed'
  | 'setup_unknown';

/** A refusal. */
export type ExceptionFault = Fault<ExceptionFaultCode>;

/** Every code with what it says, how to mend it, and its status. */
export const exceptionFaultRows: Readonly<Record<ExceptionFaultCode, ExceptionFaultRow>> = {
  // Who acts.
  actor_unknown: { says: 'nobody of that name acts here', mend: 'ask an admin for an account', status: 403 },
  person_disabled: { says: 'the account is disabled', mend: 'ask an admin to enable it', status: 403 },
  token_cannot: {
    says: 'the token, or the roles behind it, do not carry what this act needs',
    mend: 'use a token with the scope that the message names',
    status: 403,
  },
  not_yours: {
    says: 'this act is for those who asked, who benefit, or who own it',
    mend: 'ask one of them',
    status: 403,
  },
  not_eligible: {
    says: 'the tier of this request does not let this person approve it',
    mend: 'ask somebody whom the tier names',
    status: 403,
  },
  self_approval: {
    says: 'nobody approves what they asked for, edited or benefit from, nor what somebody linked to them did',
    mend: 'ask somebody who is not linked to those people',
    status: 403,
  },
  approver_linked: {
    says: 'somebody linked to this approver approved already, and linked people count once',
    mend: 'ask somebody who is not linked to that approver',
    status: 403,
  },
  already_decided: {
    says: 'this person decided on this revision already',
    mend: 'ask somebody else, or wait',
    status: 409,
  },
  quorum_unreachable: {
    says: 'fewer people than the tier asks for may approve this, counting linked people once',
    mend: 'give the role to more people who are not linked to each other or to who asks',
    status: 409,
  },
  // What is asked.
  no_policy: { says: 'no good policy is in force', mend: 'mend the policy first', status: 409 },
  spec_malformed: {
    says: 'a field of the request is not well-formed',
    mend: 'write it as the message says',
    status: 400,
  },
  target_malformed: { says: 'the destination is not a target of the grammar', mend: 'write `host:port`', status: 400 },
  target_too_wide: {
    says: 'the destination is wider than any exception may be',
    mend: 'name the hosts and ports that are needed, or change the policy',
    status: 422,
  },
  boundary: {
    says: 'the destination is outside the boundary, which no exception and no break-glass exceeds',
    mend: 'nobody can grant it: use another destination',
    status: 422,
  },
  unknown_service: { says: 'the policy has no such service', mend: 'mend the name', status: 422 },
  unknown_identity: { says: 'the service has no such identity', mend: 'mend it, or leave it out for any', status: 422 },
  unknown_segment: { says: 'the policy has no such segment', mend: 'mend the name', status: 422 },
  owner_unknown: {
    says: 'nobody who is active acts for this owner',
    mend: 'name the owner of the service, or an owner that somebody acts for',
    status: 422,
  },
  beneficiary_unknown: {
    says: 'who benefits is not an active person',
    mend: 'name an active person',
    status: 422,
  },
  requester_gone: {
    says: 'who asked is not an active person any more',
    mend: 'let somebody who is active ask',
    status: 409,
  },
  reason_missing: {
    says: 'the reason is too short, or a placeholder',
    mend: 'say in at least 10 characters what it is needed for',
    status: 422,
  },
  duration_over_tier: {
    says: 'it would last longer than its tier allows',
    mend: 'ask for less, or for a narrower destination',
    status: 422,
  },
  cumulative_over_cap: {
    says: 'with the exceptions of the last 90 days it would last longer than the tier allows in all',
    mend: 'make it a rule',
    status: 422,
  },
  repeats_over_cap: {
    says: 'there were as many exceptions of this kind within 90 days as the tier allows',
    mend: 'make it a rule',
    status: 422,
  },
  start_too_far: {
    says: 'the start is past, or more than 30 days ahead',
    mend: 'ask for an earlier start',
    status: 422,
  },
  extends_unknown: { says: 'there is no such exception to extend', mend: 'mend the id', status: 404 },
  extends_ended: {
    says: 'what is to be extended is not active any more, and nothing revives it',
    mend: 'ask for a new exception',
    status: 409,
  },
  wider_than_extended: {
    says: 'an extension is not wider than what it extends',
    mend: 'ask for the same or less, or for a new exception',
    status: 422,
  },
  // Where it stands.
  unknown_exception: { says: 'there is no such exception', mend: 'mend the id', status: 404 },
  exception_exists: { says: 'there is an exception of this id already', mend: 'use a fresh id', status: 409 },
  not_pending: {
    says: 'the request does not wait for a decision any more',
    mend: 'ask for a new exception',
    status: 409,
  },
  not_granted: { says: 'there is no live grant that this act could end or hold', mend: 'nothing to mend', status: 409 },
  not_suspended: { says: 'the grant is not suspended', mend: 'nothing to mend', status: 409 },
  not_ended: { says: 'it has not ended yet', mend: 'wait for its end, or revoke it', status: 409 },
  digest_stale: {
    says: 'what was looked at is not what stands there now',
    mend: 'look again and decide on the digest of now',
    status: 409,
  },
  policy_changed: {
    says: 'the policy changed since it was looked at',
    mend: 'look again under the policy of now',
    status: 409,
  },
  wider_than_asked: { says: 'an approver may only narrow', mend: 'narrow, or let the request be edited', status: 422 },
  start_window_passed: {
    says: 'the start that was asked for is too long ago',
    mend: 'ask for a new exception',
    status: 409,
  },
  close_unproven: {
    says: 'not every enforcement point confirmed the end with no connection left',
    mend: 'wait for the points that the message names',
    status: 409,
  },
  already_closed: { says: 'it is closed', mend: 'nothing to mend', status: 409 },
  already_reviewed: { says: 'it is reviewed', mend: 'nothing to mend', status: 409 },
  self_review: {
    says: 'nobody reviews what they asked for, approved, acknowledged or benefit from, nor somebody linked to them',
    mend: 'ask somebody uninvolved',
    status: 403,
  },
  // Break-glass.
  break_glass_not_enrolled: {
    says: 'break-glass is declared with an enrolled key of an active person, never with a token',
    mend: 'enroll a key beforehand',
    status: 403,
  },
  break_glass_wide: {
    says: 'break-glass is for one host or address and one port',
    mend: 'name exactly one',
    status: 422,
  },
  review_overdue: {
    says: 'a review of an earlier break-glass of this person or this destination is overdue',
    mend: 'review that one first',
    status: 409,
  },
  break_glass_unacknowledged: {
    says: 'an earlier break-glass of this person ended without anybody acknowledging it',
    mend: 'let somebody review that one, or let somebody else declare',
    status: 409,
  },
  acknowledge_late: { says: 'the break-glass has ended', mend: 'let somebody declare a new one', status: 409 },
  self_acknowledge: {
    says: 'a second person acknowledges, not linked to who declared it or who benefits',
    mend: 'ask somebody else',
    status: 403,
  },
  already_acknowledged: { says: 'it is acknowledged', mend: 'nothing to mend', status: 409 },
  // Confirmations and passkeys.
  confirmation_missing: {
    says: 'this act must be confirmed with a passkey, or with an enrolled key',
    mend: 'confirm it in the console, or send `--key` and `--key-id`',
    status: 403,
  },
  confirmation_refused: {
    says: 'the confirmation is not one by this person, of just this act, given now',
    mend: 'look again and confirm anew',
    status: 403,
  },
  passkey_fresh: {
    says: 'the passkeys of this person were changed by token alone within the last day',
    mend: 'wait a day, or let somebody else decide',
    status: 403,
  },
  passkey_cloned: {
    says: 'the count that the passkey told did not grow, so there may be a copy of it',
    mend: 'remove this passkey and register another one',
    status: 403,
  },
  passkey_exists: {
    says: 'this passkey is registered already, or the person has as many as anybody may have',
    mend: 'use another one, or remove one',
    status: 409,
  },
  passkey_unknown: { says: 'there is no such passkey, or it is removed', mend: 'mend the id', status: 404 },
  passkey_malformed: {
    says: 'a field of a passkey is not well-formed',
    mend: 'write it as the message says',
    status: 400,
  },
  // People.
  person_exists: { says: 'there is a person of this id already', mend: 'choose another id', status: 409 },
  person_unknown: { says: 'there is no such person', mend: 'mend the id', status: 404 },
  person_malformed: {
    says: 'a field of a person is not well-formed',
    mend: 'write it as the message says',
    status: 400,
  },
  last_admin: { says: 'nobody else could make people then', mend: 'make another admin first', status: 409 },
  self_unlink: {
    says: 'a link is taken away by somebody whom it does not touch',
    mend: 'ask somebody who is not linked to these people',
    status: 403,
  },
  not_linked: { says: 'these people are not linked by what somebody said', mend: 'nothing to mend', status: 409 },
  token_exists: { says: 'there is a token of this id already', mend: 'use a fresh id', status: 409 },
  token_unknown: { says: 'there is no such token, or it is revoked', mend: 'mend the id', status: 404 },
  token_malformed: { says: 'a field of a token is not well-formed', mend: 'write it as the message says', status: 400 },
  scope_over_roles: {
    says: 'a token carries no more than the roles of its person',
    mend: 'leave the scope out, or change the roles',
    status: 422,
  },
  key_exists: { says: 'there is a key of this id already', mend: 'use a fresh id', status: 409 },
  key_unknown: { says: 'there is no such key, or it is revoked', mend: 'mend the id', status: 404 },
  key_malformed: { says: 'the public key is not Ed25519 in SPKI, base64', mend: 'enroll the public half', status: 400 },
  setup_unknown: { says: 'there is no such founding link, or it is used or over', mend: 'start afresh', status: 404 },
};

/** A refusal as a failed result; the message is for this case, what the code says where none is given. */
export function refuse(
  code: ExceptionFaultCode,
  message: string = exceptionFaultRows[code].says,
): { readonly ok: false; readonly fault: ExceptionFault } {
  return failed(fault(code, message));
}
