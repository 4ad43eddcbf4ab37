/** A reason code: a closed set, spelled the same in records, metrics, headers, the command line and the console. */
export type Reason =
  | 'rule_matched'
  | 'grant_matched'
  | 'observed'
  | 'local_origin'
  | 'no_rule_matched'
  | 'grant_expired'
  | 'grant_revoked'
  | 'grant_suspended'
  | 'budget_spent'
  | 'rule_denied'
  | 'query_type_denied'
  | 'response_policy_denied'
  | 'boundary_denied'
  | 'address_forbidden'
  | 'address_untold'
  | 'resolver_closed'
  | 'environment_crossing'
  | 'strength_insufficient'
  | 'source_not_permitted'
  | 'identity_unknown'
  | 'identity_conflict'
  | 'identity_revoked'
  | 'proof_required'
  | 'proof_refused'
  | 'proof_ended'
  | 'cleartext_proof_refused'
  | 'no_policy'
  | 'policy_changed'
  | 'decision_failed'
  | 'request_malformed'
  | 'authority_malformed'
  | 'protocol_refused'
  | 'host_mismatch'
  | 'hello_missing'
  | 'hello_unreadable'
  | 'sni_missing'
  | 'sni_mismatch'
  | 'sni_repeated'
  | 'sni_address'
  | 'sni_nul'
  | 'sni_malformed'
  | 'ech_refused'
  | 'http_malformed'
  | 'connection_limit'
  | 'records_blocked'
  | 'proxy_loop';

/** What a reason means, who can mend it, and the HTTP status of its refusal (null where the refusal is a reset). */
export interface ReasonRow {
  readonly says: string;
  readonly mend: string;
  readonly status: 400 | 403 | 407 | 503 | null;
}

/** Every reason with its row: what happened, and who can mend it. */
export const reasons: Readonly<Record<Reason, ReasonRow>> = {
  rule_matched: { says: 'a rule of the service allows this destination', mend: 'nothing to mend', status: null },
  grant_matched: {
    says: 'no rule covers this destination, and a live exception does',
    mend: 'nothing to mend; what stays needed becomes a rule before the exception ends',
    status: null,
  },
  observed: {
    says: 'the service is observed: this would be denied under enforce',
    mend: 'service owner: add a rule before enforcing',
    status: null,
  },
  local_origin: {
    says: 'a rule allows this name and its address is listed in localOrigins',
    mend: 'nothing to mend',
    status: null,
  },
  no_rule_matched: {
    says: 'no rule of the service covers this destination',
    mend: 'service owner: add a rule',
    status: 403,
  },
  grant_expired: {
    says: 'the exception that allowed this destination has ended',
    mend: 'service owner: ask for a new exception, or add a rule',
    status: 403,
  },
  grant_revoked: {
    says: 'the exception that allowed this destination was revoked',
    mend: 'service owner: ask who revoked it, then for a new one',
    status: 403,
  },
  grant_suspended: {
    says: 'the exception that allowed this destination is suspended',
    mend: 'exception owner: have it resumed',
    status: 403,
  },
  budget_spent: {
    says: 'the bytes that the exception for this destination may carry are spent',
    mend: 'service owner: ask for a new exception with a larger budget',
    status: 403,
  },
  rule_denied: {
    says: 'a deny rule of the service covers this destination',
    mend: 'service owner: change the deny rule',
    status: 403,
  },
  query_type_denied: {
    says: 'the name is allowed and queries of this type are not: they can carry data, and no rule names them',
    mend: 'service owner: add `queries` with the type to the rule of the name',
    status: 403,
  },
  response_policy_denied: {
    says: 'a response policy zone answers this query otherwise',
    mend: 'security: look at the zone, or let the name through by a passthru entry before it',
    status: 403,
  },
  boundary_denied: {
    says: 'the boundary forbids this destination to everybody',
    mend: 'nobody: the boundary is not grantable',
    status: 403,
  },
  address_forbidden: {
    says: 'the name resolved to no address that may be dialled, or the address itself may not be',
    mend: 'service owner: name the segment with via, if it is a private one',
    status: 403,
  },
  address_untold: {
    says: 'a rule allows the name of this address, and no answer of DNS had told the service of it yet',
    mend: 'the program: ask for the name again; addresses that are written down are not opened by a rule for a name',
    status: 403,
  },
  resolver_closed: {
    says: 'a public resolver would answer names past the filter, and observing a service does not open it',
    mend: 'the program: ask the DNS filter; service owner: name the resolver in an allow rule, if it is meant',
    status: 403,
  },
  environment_crossing: {
    says: 'the segment belongs to another environment and no rule names both',
    mend: 'service owner: name the crossing in the rule',
    status: 403,
  },
  strength_insufficient: {
    says: 'the proof of identity is weaker than this destination requires',
    mend: 'workload owner: present a stronger proof',
    status: 403,
  },
  source_not_permitted: {
    says: 'this class of destination may not be reached from this source',
    mend: 'workload owner: connect from the required segment',
    status: 403,
  },
  identity_unknown: {
    says: 'the proof is valid and names no service of the policy',
    mend: 'service owner: list the identity in the service',
    status: 403,
  },
  identity_conflict: {
    says: 'the proofs name more than one service',
    mend: 'workload owner: present one identity',
    status: 403,
  },
  identity_revoked: { says: 'this identity was revoked', mend: 'security team: lift the revocation', status: 403 },
  proof_required: {
    says: 'a proof of identity is needed and none was presented',
    mend: 'workload owner: present a proof',
    status: 407,
  },
  // One code for all that can be wrong with a proof: which part it was is told to operators only, by a counter.
  proof_refused: {
    says: 'a proof of identity was presented and is not accepted',
    mend: 'workload owner: present a valid proof',
    status: 407,
  },
  proof_ended: {
    says: 'the proof of identity expired or was withdrawn while the connection was open',
    mend: 'workload owner: connect again with a fresh proof',
    status: null,
  },
  cleartext_proof_refused: {
    says: 'a secret was sent in clear text from another machine',
    mend: 'workload owner: use TLS to the proxy',
    status: 403,
  },
  no_policy: {
    says: 'no good policy is loaded, so everything is denied',
    mend: 'platform team: mend the policy, see the log',
    status: 403,
  },
  policy_changed: {
    says: 'the policy changed and nothing justifies this connection any more',
    mend: 'service owner: see the policy change',
    status: null,
  },
  decision_failed: {
    says: 'deciding failed inside Exeat, so the answer is deny',
    mend: 'platform team: see the log for this decision',
    status: 403,
  },
  request_malformed: { says: 'the request is not well-formed', mend: 'workload owner: mend the client', status: 400 },
  authority_malformed: {
    says: 'the destination is not spelled in the one accepted way',
    mend: 'workload owner: mend the spelling',
    status: 400,
  },
  protocol_refused: {
    says: 'this form of request is not supported',
    mend: 'workload owner: use CONNECT or SOCKS5 CONNECT',
    status: 400,
  },
  host_mismatch: {
    says: 'the Host of an inner request differs from the destination that was asked for',
    mend: 'workload owner: ask for the host you use',
    status: 403,
  },
  hello_missing: {
    says: 'the first bytes are not a TLS ClientHello and the rule is for TLS',
    mend: 'service owner: use http:// or tcp:// in the rule',
    status: null,
  },
  hello_unreadable: {
    says: 'the ClientHello could not be read, was too large or came too late',
    mend: 'workload owner: mend the client',
    status: null,
  },
  sni_missing: { says: 'the ClientHello names no server', mend: 'workload owner: send the server name', status: null },
  sni_mismatch: {
    says: 'the ClientHello names another server than the one asked for',
    mend: 'workload owner: ask for the server you speak to',
    status: null,
  },
  sni_repeated: {
    says: 'the ClientHello names more than one server, and two readers could take one each',
    mend: 'workload owner: send one server name',
    status: null,
  },
  sni_address: {
    says: 'the server name of the ClientHello is an address, which no TLS server is named by',
    mend: 'workload owner: ask for the server by its name, or send no server name',
    status: null,
  },
  sni_nul: {
    says: 'the server name of the ClientHello holds a NUL, at which some readers stop',
    mend: 'security: look at the workload; no honest client sends this',
    status: null,
  },
  sni_malformed: {
    says: 'the server name of the ClientHello is not spelled as a name',
    mend: 'workload owner: mend the spelling',
    status: null,
  },
  ech_refused: {
    says: 'the ClientHello is encrypted and the rule does not allow that',
    mend: 'service owner: say ech: allow in the rule',
    status: null,
  },
  http_malformed: {
    says: 'a request on an http connection is not well-formed',
    mend: 'workload owner: mend the client',
    status: 400,
  },
  connection_limit: {
    says: 'too many connections are open for this principal or in all',
    mend: 'platform team: raise the limit or find the leak',
    status: 503,
  },
  records_blocked: {
    says: 'decision records cannot be written and the setting is to block',
    mend: 'platform team: free the disk',
    status: 503,
  },
  proxy_loop: {
    says: 'the request came back to this proxy',
    mend: 'workload owner: do not chain the proxy to itself',
    status: 403,
  },
};

/** The reasons of denials that a grant can mend: those after which the refused side is shown where to ask for one. */
export const requestableReasons: ReadonlySet<Reason> = new Set([
  'no_rule_matched',
  'grant_expired',
  'grant_revoked',
  'budget_spent',
]);
