import type { Fault } from '../base/index.ts';

/** Why a spelling was refused; the message says what is allowed. */
export type DestinationFault = Fault<
  | 'name_malformed'
  | 'address_malformed'
  | 'prefix_malformed'
  | 'port_malformed'
  | 'authority_malformed'
  | 'target_malformed'
>;
