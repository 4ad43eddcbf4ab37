import type { AskFilter } from './ask-filter.ts';
import type { ClientRates } from './client-rates.ts';
import type { InFlight } from './in-flight.ts';
import type { ListenTally } from './listen-counts.ts';
import type { DnsListenerOptions, DnsListenLimits } from './listen-options.ts';

/** What all listeners of one `createDnsListener` share. @internal */
export interface ListenParts {
  readonly options: DnsListenerOptions;
  readonly limits: DnsListenLimits;
  readonly tally: ListenTally;
  readonly rates: ClientRates;
  readonly inFlight: InFlight;
  readonly filter: AskFilter;
}
