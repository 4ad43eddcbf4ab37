import { type DnsMessage, internetClass, rcodes } from '../../wire/index.ts';

/** A response of ours to a question, with nothing in it. */
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
