import {
  fieldMembers,
  fieldValues,
  parseAbsoluteForm,
  parseProxyAuthorization,
  type RequestHead,
} from '../wire/index.ts';
import type { RequestProof } from './identify-client.ts';

/** What a request presents in `Proxy-Authorization`. Two of them are no proof: two readers could take one each. */
export function presentedProof(head: RequestHead): RequestProof {
  const values = fieldValues(head, 'proxy-authorization');
  const [value] = values;
  if (value === undefined) return null;
  const proof = parseProxyAuthorization(value);
  return proof.ok && values.length === 1 ? proof.value : 'unreadable';
}

/** A request target as an origin gets it, and the authority that it named, null for none. */
export interface RequestTarget {
  readonly authority: string | null;
  readonly originTarget: string;
}

/** Reads the target of a request to an origin: origin form, absolute form, or `*` of OPTIONS; null for any other. */
export function targetOf(head: RequestHead): RequestTarget | null {
  if (head.target.startsWith('/') || (head.target === '*' && head.method === 'OPTIONS')) {
    return { authority: null, originTarget: head.target };
  }
  const parsed = parseAbsoluteForm(head.target, head.method);
  return parsed.ok ? parsed.value : null;
}

/** Whether the client wants to use its connection again after this request. */
export function wantsToKeep(head: RequestHead): boolean {
  if (head.version === '1.0') return false;
  return ![...fieldMembers(head, 'connection'), ...fieldMembers(head, 'proxy-connection')].includes('close');
}

/** Whether the request went through the proxy of that name before: `Via: 1.1 exeat-4f2c` (RFC 9110 section 7.6.3). */
export function cameThrough(head: RequestHead, viaName: string): boolean {
  return fieldMembers(head, 'via').some((member) => member.split(/\s+/).includes(viaName.toLowerCase()));
}
