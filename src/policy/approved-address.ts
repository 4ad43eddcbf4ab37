import type { Brand } from '../base/index.ts';
import type { IpAddress } from '../destination/index.ts';

/** An address that may be dialled, with its port. INVARIANT: only `approve-address.ts` makes these, and only these are dialled. */
export type ApprovedAddress = Brand<{ readonly address: IpAddress; readonly port: number }, 'ApprovedAddress'>;
