import type { FlowDraft, LineOutcome, ObservationSink } from '../observation.ts';
import { readCount, readPort } from './host-port.ts';
import { parseEpochTime } from './parse-time.ts';
import { readProtocol } from './protocol-number.ts';

/** NSG flow logs have letters for the two protocols that they know. */
const protocolLetters: ReadonlyMap<string, number> = new Map([
  ['T', 6],
  ['U', 17],
]);
/** Both ends want encryption, and what cannot be encrypted is dropped. */
const droppedUnencrypted = 'NX_NOT_ACCEPTED';

/** What a tuple says behind its addresses and ports. */
interface TupleState {
  readonly isDenied: boolean;
  /** `B` begin, `C` continuing, `E` end; empty in version 1. */
  readonly state: string;
  readonly bytesUp: string;
  readonly bytesDown: string;
}

/**
 * Reads one flow tuple. NSG: `s,source,destination,port,port,T|U,I|O,A|D` and in version 2 `,B|C|E,packets,bytes,packets,bytes`; VNet:
 * `ms,source,destination,port,port,number,I|O,B|C|E|D,encryption,packets,bytes,packets,bytes`. The source of a flow is who opened it,
 * whichever end logs it; bytes of `C` and `E` are those since the last tuple.
 */
export function parseFlowTuple(tuple: unknown, service: string, sink: ObservationSink): LineOutcome {
  if (typeof tuple !== 'string') return 'bad_fields';
  const fields = tuple.split(',');
  const [time = '', source = '', destination = '', , , protocol = '', direction = ''] = fields;
  const told = stateOf(fields);
  if (told === null) return 'bad_fields';
  const startMs = parseEpochTime(time);
  if (Number.isNaN(startMs)) return 'bad_time';
  const port = readPort(fields[4] ?? '');
  if (port < 0 || readPort(fields[3] ?? '') < 0) return 'bad_number';
  const draft = sink.beginFlow();
  draft.startMs = startMs;
  draft.endMs = startMs;
  draft.client = sink.text(source);
  draft.address = sink.text(destination);
  draft.port = port;
  draft.protocol = protocolLetters.get(protocol) ?? readProtocol(protocol);
  draft.vantage = direction === 'O' ? 'source' : 'destination';
  if (direction === 'O') draft.service = sink.text(service);
  return fillState(draft, told) ? sink.endFlow() : 'bad_number';
}

function stateOf(fields: readonly string[]): TupleState | null {
  const isNsg = /^[TU]$/.test(fields[5] ?? '');
  if (fields.length !== 13 && !(isNsg && fields.length === 8)) return null;
  if (fields.slice(1, 3).includes('') || !/^[IO]$/.test(fields[6] ?? '')) return null;
  const [, , , , , , , seventh = '', eighth = '', , bytesUp = '', , bytesDown = ''] = fields;
  const state = isNsg ? eighth : seventh;
  const isKnown = isNsg ? /^[AD]$/.test(seventh) && /^[BCE]?$/.test(state) : /^[BCED]$/.test(state);
  if (!isKnown) return null;
  return { isDenied: seventh === 'D' || eighth === droppedUnencrypted, state, bytesUp, bytesDown };
}

/** False where a count is no number. The beginning of a flow is what counts as its connection; it has no statistics yet. */
function fillState(draft: FlowDraft, { isDenied, state, bytesUp, bytesDown }: TupleState): boolean {
  draft.isDenied = isDenied;
  if (isDenied || state === 'B' || state === '') return true;
  draft.connections = 0;
  draft.bytesUp = readCount(bytesUp);
  draft.bytesDown = readCount(bytesDown);
  return (bytesUp === '' || draft.bytesUp >= 0) && (bytesDown === '' || draft.bytesDown >= 0);
}
