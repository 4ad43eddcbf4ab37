import { type DnsMessage, internetClass, rcodes } from './message.ts';

/** A response of a server that recurses, with nothing in it but the question. */
export function bareMessage(name: string, type: number): DnsMessage {
  return {
    id: 0,
    isResponse: true,
    opcode: 0,
    isAuthoritative: false,
    isTruncated: false,
    recursionDesired: true,
    recursionAvailable: true,
    authenticData: false,
    checkingDisabled: false,
    rcode: rcodes.noError,
    question: { name, type, class: internetClass },
    answers: [],
    authorities: [],
    additionals: [],
    edns: null,
  };
}

/** A question to a server that recurses, with the id 0. */
export function bareQuery(name: string, type: number): DnsMessage {
  return { ...bareMessage(name, type), isResponse: false, recursionAvailable: false };
}
