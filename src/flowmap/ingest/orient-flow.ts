import type { FlowDraft, TextId } from '../observation.ts';

/** A record of one direction, as flow logs write it. */
export interface DirectedRecord {
  readonly source: TextId;
  readonly sourcePort: number;
  readonly destination: TextId;
  readonly destinationPort: number;
  /** Bytes from source to destination, and back where the record has both; -1 unknown. */
  readonly bytes: number;
  readonly bytesBack: number;
  /**
   * What the record says of who opened the connection: `source` or `destination` where it is stated (flow-direction, Initiated, is_reply);
   * the TCP flags OR-ed over the record; or nothing.
   */
  readonly opener: 'source' | 'destination' | null;
  /** SYN 2, ACK 16, as on the wire; -1 where the record has none. */
  readonly tcpFlags: number;
}

const syn = 2;
const ack = 16;
/** Linux, BSD, Windows and IANA all take the ports of clients from above here. */
const firstEphemeralPort = 32_768;

/**
 * Writes the two sides of a record into a draft the way the connection was opened: who asked is `client`. The initiator rule, in this
 * order: what the record states; a SYN without ACK (or the SYN and ACK of an answer); the ports, which is only a guess and marked so.
 */
export function orientFlow(draft: FlowDraft, record: DirectedRecord): void {
  const isReply = isAnswer(record);
  draft.isReply = isReply;
  if (isReply) {
    draft.client = record.destination;
    draft.address = record.source;
    draft.port = record.sourcePort;
    draft.bytesUp = record.bytesBack;
    draft.bytesDown = record.bytes;
  } else {
    draft.client = record.source;
    draft.address = record.destination;
    draft.port = record.destinationPort;
    draft.bytesUp = record.bytes;
    draft.bytesDown = record.bytesBack;
  }
  draft.initiator = record.opener !== null ? 'stated' : hasSyn(record) ? 'flags' : 'ports';
}

/** Whether the destination of the record opened the connection. Makes no object: millions of flow records come through here. */
function isAnswer(record: DirectedRecord): boolean {
  if (record.opener !== null) return record.opener === 'destination';
  if (hasSyn(record)) return (record.tcpFlags & ack) !== 0;
  return isServerPort(record.sourcePort, record.destinationPort);
}

function hasSyn(record: DirectedRecord): boolean {
  return record.tcpFlags > 0 && (record.tcpFlags & syn) !== 0;
}

/** Whether the first port looks like a server's beside the second. With nothing to tell them apart, the record's direction stands. */
function isServerPort(port: number, other: number): boolean {
  if (port <= 0 || other <= 0) return false;
  const isLow = port < 1024;
  if (isLow !== other < 1024) return isLow;
  const isFixed = port < firstEphemeralPort;
  return isFixed !== other < firstEphemeralPort ? isFixed : false;
}
