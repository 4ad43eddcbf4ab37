import type { LeaseObservation, ObservationSink } from '../../observation.ts';
import type { ConfigDocument, ConfigFormat, ConfigReading } from '../config-format.ts';
import { parseIsoTime, utcZone } from '../parse-time.ts';
import { type ConfigNode, childOf, configItemsAt, configTextAt } from './config-node.ts';
import { EndpointCollector } from './endpoint-collector.ts';
import { readJsonNode } from './read-json-node.ts';

/**
 * Lists of running machines and their addresses: `aws ec2 describe-instances` and `describe-network-interfaces`,
 * `gcloud compute instances list --format json`, `az network nic list`. They give leases of addresses, and no endpoint.
 */
export const cloudInventoryFormat: ConfigFormat = {
  id: 'cloud-inventory',
  title: 'Addresses of cloud machines: aws ec2 describe-…, gcloud compute instances list, az network nic list',
  detect({ text }: ConfigDocument): number {
    const head = text.slice(0, 65_536);
    if (/^\s*\{\s*"(?:Reservations|NetworkInterfaces)"\s*:/.test(head)) return 1;
    if (!/^\s*\[/.test(head)) return 0;
    const isGoogle = /"networkInterfaces"\s*:/.test(head) && /"networkIP"\s*:|"kind"\s*:\s*"compute#/.test(head);
    const isAzure = /"ipConfigurations"\s*:/.test(head) && /Microsoft\.Network\/networkInterfaces/i.test(head);
    return isGoogle || isAzure ? 1 : 0;
  },
  read(document, sink): ConfigReading {
    const collector = new EndpointCollector(document, sink);
    const { node, fault } = readJsonNode(collector.text);
    if (fault !== null) collector.fault(fault.line, fault.message);
    for (const reservation of configItemsAt(node, 'Reservations')) {
      for (const instance of configItemsAt(reservation, 'Instances')) leaseInstance(sink, instance);
    }
    for (const network of configItemsAt(node, 'NetworkInterfaces')) leaseInterface(sink, network);
    if (node?.kind === 'list') for (const item of node.items) leaseItem(sink, item);
    return collector.reading();
  },
};

interface Holder {
  readonly holder: string;
  readonly kind: LeaseObservation['kind'];
  readonly fromMs: number | null;
}

/** The name that people gave, which the machines of one group share; else the group, else the id. */
function leaseInstance(sink: ObservationSink, instance: ConfigNode): void {
  const id = configTextAt(instance, 'InstanceId');
  const holder = tagOf(instance, 'Tags', 'Name') || tagOf(instance, 'Tags', 'aws:autoscaling:groupName') || id;
  for (const network of configItemsAt(instance, 'NetworkInterfaces')) {
    // The launch time moves with every start, the interface keeps its address from when it was attached: a later launch is a restart.
    const attachedMs = timeAt(configTextAt(network, 'Attachment', 'AttachTime'));
    const launchedMs = timeAt(configTextAt(instance, 'LaunchTime'));
    const isAgain = attachedMs !== null && launchedMs !== null && launchedMs > attachedMs;
    for (const fromMs of isAgain ? [attachedMs, launchedMs] : [attachedMs ?? launchedMs]) {
      leaseAll(sink, awsAddresses(network), { holder, kind: 'workload', fromMs });
    }
  }
  if (configItemsAt(instance, 'NetworkInterfaces').length > 0) return;
  const addresses = ['PrivateIpAddress', 'PublicIpAddress', 'Ipv6Address'].map((key) => configTextAt(instance, key));
  leaseAll(sink, addresses, { holder, kind: 'workload', fromMs: timeAt(configTextAt(instance, 'LaunchTime')) });
}

function leaseInterface(sink: ObservationSink, network: ConfigNode): void {
  const fromMs = timeAt(configTextAt(network, 'Attachment', 'AttachTime'));
  const { holder, kind } = holderOf(network);
  if (configTextAt(network, 'Status') !== 'available') leaseAll(sink, awsAddresses(network), { holder, kind, fromMs });
}

/** What the interfaces of managed services say of themselves in their description. */
const awsDescriptions: readonly { readonly form: RegExp; readonly kind: LeaseObservation['kind'] }[] = [
  { form: /^AWS Lambda VPC ENI-(.+?)-[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f-]+$/, kind: 'workload' },
  { form: /^Interface for NAT Gateway (nat-[0-9a-f]+)/, kind: 'proxy' },
  { form: /^ELB ((?:app|net|gwy)\/[^/]+)\//, kind: 'proxy' },
  { form: /^Route 53 Resolver: ([^:]+)/, kind: 'resolver' },
  { form: /^(?:ECS|arn:aws:ecs):?.*?([\w-]+)$/, kind: 'workload' },
];

function holderOf(network: ConfigNode): Pick<Holder, 'holder' | 'kind'> {
  const description = configTextAt(network, 'Description');
  for (const { form, kind } of awsDescriptions) {
    const holder = form.exec(description)?.[1];
    if (holder !== undefined) return { holder, kind };
  }
  const name = tagOf(network, 'TagSet', 'Name') || configTextAt(network, 'Attachment', 'InstanceId');
  return { holder: name || configTextAt(network, 'NetworkInterfaceId'), kind: 'workload' };
}

function awsAddresses(network: ConfigNode): readonly string[] {
  const inner = configItemsAt(network, 'PrivateIpAddresses').flatMap((entry) => [
    configTextAt(entry, 'PrivateIpAddress'),
    configTextAt(entry, 'Association', 'PublicIp'),
  ]);
  const own = [configTextAt(network, 'PrivateIpAddress'), configTextAt(network, 'Association', 'PublicIp')];
  const v6 = configItemsAt(network, 'Ipv6Addresses').map((entry) => configTextAt(entry, 'Ipv6Address'));
  return [...own, ...inner, ...v6];
}

function tagOf(node: ConfigNode, list: string, name: string): string {
  return configTextAt(configItemsAt(node, list).find((tag) => configTextAt(tag, 'Key') === name) ?? null, 'Value');
}

function leaseItem(sink: ObservationSink, item: ConfigNode): void {
  const name = configTextAt(item, 'name');
  const networks = configItemsAt(item, 'networkInterfaces');
  const started = timeAt(configTextAt(item, 'lastStartTimestamp')) ?? timeAt(configTextAt(item, 'creationTimestamp'));
  for (const network of networks)
    leaseAll(sink, googleAddresses(network), { holder: name, kind: 'workload', fromMs: started });
  const configurations = configItemsAt(item, 'ipConfigurations');
  if (configurations.length === 0) return;
  const machine = configTextAt(item, 'virtualMachine', 'id').split('/').at(-1) ?? '';
  leaseAll(sink, configurations.flatMap(azureAddresses), { holder: machine || name, kind: 'workload', fromMs: null });
}

function googleAddresses(network: ConfigNode): readonly string[] {
  const outer = ['accessConfigs', 'ipv6AccessConfigs'].flatMap((key) => configItemsAt(network, key));
  return [
    configTextAt(network, 'networkIP'),
    configTextAt(network, 'ipv6Address'),
    ...outer.flatMap((entry) => [configTextAt(entry, 'natIP'), configTextAt(entry, 'externalIpv6')]),
  ];
}

function azureAddresses(configuration: ConfigNode): readonly string[] {
  // Older and newer versions of the tool spell it in two ways.
  const keys = ['privateIPAddress', 'privateIpAddress'];
  const own = keys.map((key) => configTextAt(configuration, key));
  return [...own, configTextAt(childOf(configuration, 'publicIPAddress'), 'ipAddress')];
}

function leaseAll(sink: ObservationSink, addresses: readonly string[], { holder, kind, fromMs }: Holder): void {
  if (holder === '') return;
  for (const address of new Set(addresses)) {
    if (address !== '') sink.lease({ address, holder, kind, fromMs, untilMs: null, origin: 'cloud' });
  }
}

function timeAt(text: string): number | null {
  const time = parseIsoTime(text, utcZone);
  return Number.isNaN(time) ? null : time;
}
