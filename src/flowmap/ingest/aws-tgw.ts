import type { AwsFlowKind } from './aws-flow-columns.ts';
import { createAwsFlowParser, learnAwsHeader, scoreAwsRows } from './aws-flow-format.ts';
import type { LogFormat } from './log-format.ts';

/** Every field up to version 6, which is also the default format. */
const everything = [
  'version resource-type account-id tgw-id tgw-attachment-id tgw-src-vpc-account-id tgw-dst-vpc-account-id',
  'tgw-src-vpc-id tgw-dst-vpc-id tgw-src-subnet-id tgw-dst-subnet-id tgw-src-eni tgw-dst-eni tgw-src-az-id',
  'tgw-dst-az-id tgw-pair-attachment-id srcaddr dstaddr srcport dstport protocol packets bytes start end log-status',
  'type packets-lost-no-route packets-lost-blackhole packets-lost-mtu-exceeded packets-lost-ttl-expired tcp-flags',
  'region flow-direction pkt-src-aws-service pkt-dst-aws-service',
]
  .join(' ')
  .split(' ');

const kind: AwsFlowKind = {
  title: 'Transit Gateway flow logs',
  names: everything,
  usual: everything,
  isAckOnlyInAnswers: false,
  ingressIs: 'source',
};

const usualRow = /^(?:\S+[\s,]"?)?\d{1,2} TransitGateway\S* \d{12} tgw-[0-9a-f]+ /;
const customRow = /(?:^| )tgw-attach-[0-9a-f]+ .*(?:OK|NODATA|SKIPDATA)(?: |$)/;

/** AWS Transit Gateway flow logs: what passes between networks, once as it enters the gateway and once as it leaves. */
export const awsTgwFormat: LogFormat = {
  id: 'aws-tgw',
  title: 'AWS Transit Gateway flow logs',
  fields: {
    names: 'none',
    destinationAddress: true,
    bytesUp: true,
    bytesDown: true,
    identity: false,
    denials: true,
    unit: 'window',
    time: 'both',
    blindSpots: [
      'Transit Gateway flow logs see only what passes between networks, never what leaves a VPC by its own gateway.',
      'Transit Gateway flow logs never name a destination, and tell refusals only as packets lost to routes.',
      'Their TCP flags are those of all packets of a window together, so who opened a connection is mostly guessed from the ports.',
    ],
  },
  isOrdered: false,
  grammar: {
    what: 'the fields of the log in their order, for records without a header line that are not of the default format',
    example: 'version tgw-id srcaddr dstaddr srcport dstport protocol bytes start end tcp-flags flow-direction',
  },
  detect: (sample) =>
    sample.some((line) => /\btgw[-_](?:id|attach)|TransitGateway/i.test(line.text()))
      ? scoreAwsRows(sample, kind, (text) => usualRow.test(text) || customRow.test(text))
      : 0,
  learn: (sample) => learnAwsHeader(sample, kind),
  createParser: ({ grammar }) => createAwsFlowParser(grammar, kind),
};
