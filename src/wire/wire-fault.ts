import { type Fault, failed, fault, type Result } from '../base/index.ts';

/** Every way in which bytes of the wire are refused. */
export type WireFaultCode =
  | 'head_too_large'
  | 'line_ending_malformed'
  | 'control_byte'
  | 'folded_line'
  | 'request_line_malformed'
  | 'status_line_malformed'
  | 'version_unsupported'
  | 'http2_preface'
  | 'field_malformed'
  | 'too_many_fields'
  | 'host_missing'
  | 'host_repeated'
  | 'framing_ambiguous'
  | 'length_malformed'
  | 'transfer_coding_unsupported'
  | 'chunk_malformed'
  | 'target_malformed'
  | 'scheme_unsupported'
  | 'proof_malformed'
  | 'proof_scheme_unsupported'
  | 'socks_malformed'
  | 'socks_command_unsupported'
  | 'socks_address_type_unsupported'
  | 'hello_too_large'
  | 'hello_malformed'
  | 'sni_repeated'
  | 'sni_malformed'
  | 'dns_too_large'
  | 'dns_malformed';

/** A refusal of bytes of the wire. */
export type WireFault = Fault<WireFaultCode>;

/** The answer of an incremental parser that refuses. */
export interface Refused {
  readonly kind: 'fault';
  readonly fault: WireFault;
}

/** Makes the refusal of an incremental parser. */
export function refused(code: WireFaultCode, message: string): Refused {
  return { kind: 'fault', fault: fault(code, message) };
}

/** Makes the refusal of a parser of text. */
export function failedAs(code: WireFaultCode, message: string): Result<never, WireFault> {
  return failed(fault(code, message));
}
