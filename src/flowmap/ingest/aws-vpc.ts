import type { AwsFlowKind } from './aws-flow-columns.ts';
import { createAwsFlowParser, learnAwsHeader, scoreAwsRows } from './aws-flow-format.ts';
import type { LogFormat } from './log-format.ts';

const versionTwo =
  'version account-id interface-id srcaddr dstaddr srcport dstport protocol packets bytes start end action log-status'.split(
    ' ',
  );

const later = [
  // Version 3
  'vpc-id subnet-id instance-id tcp-flags type pkt-srcaddr pkt-dstaddr',
  // Version 4
  'region az-id sublocation-type sublocation-id',
  // Version 5
  'pkt-src-aws-service pkt-dst-aws-service flow-direction traffic-path',
  // Version 7
  'ecs-cluster-arn ecs-cluster-name ecs-container-instance-arn ecs-container-instance-id ecs-container-id',
  'ecs-second-container-id ecs-service-name ecs-task-definition-arn ecs-task-arn ecs-task-id',
  // Versions 8 to 10
  'reject-reason resource-id encryption-status',
]
  .join(' ')
  .split(' ');

/** VPC flow logs of versions 2 to 10; the version of a record is the highest among its fields, and says nothing of their order. */
const kind: AwsFlowKind = {
  title: 'VPC flow logs',
  names: [...versionTwo, ...later],
  usual: versionTwo,
  isAckOnlyInAnswers: true,
  ingressIs: 'destination',
};

/** A row of the default format, also with what CloudWatch puts before it. */
const usualRow =
  /^(?:\S+[\s,]"?)?\d{1,2} \d{12} \S+ \S+ \S+ (?:\d+|-) (?:\d+|-) (?:\d+|-) (?:\d+|-) (?:\d+|-) \d{10} \d{10} (?:ACCEPT|REJECT|-) (?:OK|NODATA|SKIPDATA)"?$/;
/** A row of a custom format, whose header is elsewhere. */
const customRow =
  /^(?=.*(?:^| )eni-[0-9a-f]+(?: |$))(?=.* (?:ACCEPT|REJECT|-)(?: |$))(?=.* (?:OK|NODATA|SKIPDATA)(?: |$))\S+(?: \S+){7,}$/;

/** AWS VPC flow logs as text (S3, CloudWatch) and as tables (Athena, Parquet): one direction of a connection per record. */
export const awsVpcFormat: LogFormat = {
  id: 'aws-vpc',
  title: 'AWS VPC flow logs',
  fields: {
    names: 'none',
    destinationAddress: true,
    bytesUp: true,
    bytesDown: true,
    identity: true,
    denials: true,
    unit: 'window',
    time: 'both',
    blindSpots: [
      'VPC flow logs never name a destination: without DNS or proxy logs of the same time it stays an address.',
      'VPC flow logs leave out queries to the Amazon resolver, instance metadata, the time service, DHCP and mirrored traffic.',
      'Windows that say SKIPDATA were lost, and delivery is best effort.',
      'Without the field `tcp-flags` it is guessed from the ports who opened a connection.',
      'Without the field `flow-direction` traffic between two logged interfaces is counted at both.',
      'Without the field `pkt-dstaddr` traffic through a NAT gateway ends at the address of the gateway.',
    ],
  },
  isOrdered: false,
  grammar: {
    what: 'the fields of the log in their order, for records without a header line that are not of the default format',
    example: 'version interface-id srcaddr dstaddr srcport dstport protocol bytes start end tcp-flags flow-direction',
  },
  detect: (sample) =>
    sample.some((line) => /\btgw[-_](?:id|attachment)|TransitGateway/i.test(line.text()))
      ? 0
      : Math.max(
          scoreAwsRows(sample, kind, (text) => usualRow.test(text)),
          0.6 * scoreAwsRows(sample, kind, (text) => customRow.test(text)),
        ),
  learn: (sample) => learnAwsHeader(sample, kind),
  createParser: ({ grammar }) => createAwsFlowParser(grammar, kind),
};
