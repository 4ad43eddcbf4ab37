import { type Fault, failed, fault, nearestWord, ok, quoteInput, type Result } from '../../base/index.ts';

/**
 * Where the parser keeps a column that it reads; all others share `unread`. From `firstNumber` on they are numbers, which are read while
 * the row is gone through.
 */
export const slots = {
  unread: 0,
  source: 1,
  destination: 2,
  packetSource: 3,
  packetDestination: 4,
  action: 5,
  direction: 6,
  ecsService: 7,
  ecsTaskDefinition: 8,
  instance: 9,
  sourceProvider: 10,
  destinationProvider: 11,
  sourcePort: 12,
  destinationPort: 13,
  protocol: 14,
  packets: 15,
  bytes: 16,
  start: 17,
  end: 18,
  tcpFlags: 19,
  lostNoRoute: 20,
  lostBlackhole: 21,
} as const;

/** The last of {@link slots} that holds an address; they start behind `unread`. */
export const lastAddress: number = slots.packetDestination;

/** The first of {@link slots} that holds a number. */
export const firstNumber: number = slots.sourcePort;

/** How many of {@link slots} there are. */
export const slotCount: number = Object.keys(slots).length;

/** No flow log has more columns than this; what comes behind is not looked at. */
export const mostColumns = 128;

/** The columns of a source in their order, compiled for the parser. */
export interface AwsFlowColumns {
  /** The byte between fields: a blank, a comma or a tab. */
  readonly separator: number;
  readonly count: number;
  /** The slot of each column; as long as {@link mostColumns}, so that no row reaches past it. */
  readonly slotOf: Int32Array;
  /** Whether a column says what the interface belongs to. */
  readonly hasService: boolean;
}

/** What tells VPC and Transit Gateway flow logs apart. */
export interface AwsFlowKind {
  readonly title: string;
  /** Every field name, in the order of AWS's list. */
  readonly names: readonly string[];
  /** The fields of records that come without a header and without a grammar. */
  readonly usual: readonly string[];
  /**
   * Whether ACK is set only in the answer to a SYN (VPC). Elsewhere (Transit Gateway) the flags of all packets are OR-ed, and then SYN
   * with ACK stands in the records of both directions and proves nothing.
   */
  readonly isAckOnlyInAnswers: boolean;
  /** The end of a flow at which `ingress` records are taken: the interface's own, or the side from which a gateway is entered. */
  readonly ingressIs: 'source' | 'destination';
}

const slotOfName: Readonly<Record<string, number>> = {
  srcaddr: slots.source,
  dstaddr: slots.destination,
  srcport: slots.sourcePort,
  dstport: slots.destinationPort,
  protocol: slots.protocol,
  packets: slots.packets,
  bytes: slots.bytes,
  start: slots.start,
  end: slots.end,
  action: slots.action,
  'tcp-flags': slots.tcpFlags,
  'pkt-srcaddr': slots.packetSource,
  'pkt-dstaddr': slots.packetDestination,
  'flow-direction': slots.direction,
  'ecs-service-name': slots.ecsService,
  'ecs-task-definition-arn': slots.ecsTaskDefinition,
  'instance-id': slots.instance,
  'pkt-src-aws-service': slots.sourceProvider,
  'pkt-dst-aws-service': slots.destinationProvider,
  'packets-lost-no-route': slots.lostNoRoute,
  'packets-lost-blackhole': slots.lostBlackhole,
};

/** Column names of the tables that AWS's guides for Athena create, by the field's own name. */
const aliases: Readonly<Record<string, string>> = {
  account: 'account-id',
  interfaceid: 'interface-id',
  sourceaddress: 'srcaddr',
  destinationaddress: 'dstaddr',
  sourceport: 'srcport',
  destinationport: 'dstport',
  numpackets: 'packets',
  numbytes: 'bytes',
  starttime: 'start',
  endtime: 'end',
  'start-time': 'start',
  'end-time': 'end',
  logstatus: 'log-status',
};

/**
 * Compiles a list of fields: a header line, or the user's `version account-id …`, `${version} ${account-id}`, `version,account_id`.
 * `-` stands for a column of no interest. Fault: `grammar_invalid` for a name that is no field and for a missing address.
 */
export function compileAwsColumns(text: string, kind: AwsFlowKind): Result<AwsFlowColumns, Fault<'grammar_invalid'>> {
  const { separator, names } = splitNames(text);
  if (names.length > mostColumns - 1) {
    return failed(fault('grammar_invalid', `${names.length} fields are more than the ${mostColumns - 1} of a record`));
  }
  const known = new Set([...kind.names, '-']);
  const wrong = names.find((name) => !known.has(name));
  if (wrong !== undefined) {
    const near = nearestWord(wrong, kind.names);
    const hint = near === null ? '`-` stands for a column that is not needed' : `did you mean \`${near}\`?`;
    return failed(fault('grammar_invalid', `${quoteInput(wrong)} is no field of ${kind.title}: ${hint}`));
  }
  for (const needed of ['srcaddr', 'dstaddr']) {
    if (names.includes(needed) || names.includes(`pkt-${needed}`)) continue;
    return failed(fault('grammar_invalid', `${quoteInput(text)} has no \`${needed}\`, without which there is no flow`));
  }
  return ok(columnsOf(names, separator));
}

/**
 * The header in a line of fields, as a grammar for {@link compileAwsColumns}; null where the line is none. Columns that are not known
 * (fields newer than this list, partitions of a table) become `-`: only people make typing mistakes.
 */
export function readAwsHeader(line: string, kind: AwsFlowKind): string | null {
  const { separator, names } = splitNames(line);
  if (!(names.includes('srcaddr') || names.includes('pkt-srcaddr'))) return null;
  if (!(names.includes('dstaddr') || names.includes('pkt-dstaddr'))) return null;
  const known = new Set(kind.names);
  return names.map((name) => (known.has(name) ? name : '-')).join(separator);
}

function splitNames(text: string): { readonly separator: string; readonly names: readonly string[] } {
  const trimmed = text.trim();
  const separator = trimmed.includes(',') ? ',' : trimmed.includes('\t') ? '\t' : ' ';
  const words = separator === ' ' ? trimmed.split(/\s+/) : trimmed.split(separator);
  return { separator, names: words.map(nameOf) };
}

/** `${tcp-flags}`, `"tcp_flags"` and `TCP-Flags` are all `tcp-flags`. */
function nameOf(word: string): string {
  const bare = word
    .trim()
    .replace(/^\$\{(.*)\}$/, '$1')
    .replace(/^["'](.*)["']$/, '$1');
  const name = bare.trim().toLowerCase().replaceAll('_', '-');
  return Object.hasOwn(aliases, name) ? (aliases[name] ?? name) : name;
}

function columnsOf(names: readonly string[], separator: string): AwsFlowColumns {
  const slotOf = new Int32Array(mostColumns);
  // Packets are only compared with those that were lost.
  const hasLost = names.some((name) => name.startsWith('packets-lost-'));
  for (const [column, name] of names.entries()) {
    const slot = Object.hasOwn(slotOfName, name) ? (slotOfName[name] ?? slots.unread) : slots.unread;
    slotOf[column] = slot === slots.packets && !hasLost ? slots.unread : slot;
  }
  const hasService = ['ecs-service-name', 'ecs-task-definition-arn', 'instance-id'].some((name) =>
    names.includes(name),
  );
  return { separator: separator.charCodeAt(0), count: names.length, slotOf, hasService };
}
