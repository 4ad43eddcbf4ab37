import { awsNetworkFirewallFormat } from './aws-network-firewall.ts';
import { awsTgwFormat } from './aws-tgw.ts';
import { awsVpcFormat } from './aws-vpc.ts';
import { azureFirewallFormat } from './azure-firewall.ts';
import { azureFlowFormat } from './azure-flow.ts';
import { bindFormat } from './bind.ts';
import { checkpointFormat } from './checkpoint.ts';
import { cloudflareGatewayFormat } from './cloudflare-gateway.ts';
import { conntrackFormat } from './conntrack.ts';
import { corednsFormat } from './coredns.ts';
import { dnsmasqFormat } from './dnsmasq.ts';
import { envoyFormat } from './envoy.ts';
import { exeatFormat } from './exeat.ts';
import { fortigateFormat } from './fortigate.ts';
import { gcpFormat } from './gcp.ts';
import { goflow2Format } from './goflow2.ts';
import { haproxyFormat } from './haproxy.ts';
import { hardenRunnerFormat } from './harden-runner.ts';
import { hubbleFormat } from './hubble.ts';
import type { LogFormat } from './log-format.ts';
import { netfilterFormat } from './netfilter.ts';
import { nginxStreamFormat } from './nginx-stream.ts';
import { ocsfFormat } from './ocsf.ts';
import { paloaltoFormat } from './paloalto.ts';
import { route53ResolverFormat } from './route53-resolver.ts';
import { smokescreenFormat } from './smokescreen.ts';
import { squidFormat } from './squid.ts';
import { suricataFormat } from './suricata.ts';
import { sysmonFormat } from './sysmon.ts';
import { umbrellaFormat } from './umbrella.ts';
import { unboundFormat } from './unbound.ts';
import { zeekFormat } from './zeek.ts';
import { zscalerFormat } from './zscaler.ts';

/** Every log format that is understood, in the order in which ties of detection are settled: the more particular first. */
export const logFormats: readonly LogFormat[] = [
  exeatFormat,
  smokescreenFormat,
  hardenRunnerFormat,
  awsTgwFormat,
  awsVpcFormat,
  awsNetworkFirewallFormat,
  azureFlowFormat,
  azureFirewallFormat,
  gcpFormat,
  route53ResolverFormat,
  hubbleFormat,
  goflow2Format,
  suricataFormat,
  zeekFormat,
  ocsfFormat,
  sysmonFormat,
  cloudflareGatewayFormat,
  zscalerFormat,
  umbrellaFormat,
  paloaltoFormat,
  fortigateFormat,
  checkpointFormat,
  squidFormat,
  envoyFormat,
  haproxyFormat,
  nginxStreamFormat,
  corednsFormat,
  bindFormat,
  unboundFormat,
  dnsmasqFormat,
  conntrackFormat,
  netfilterFormat,
];

/** The format of an id, or null. */
export function findLogFormat(id: string): LogFormat | null {
  return logFormats.find((format) => format.id === id) ?? null;
}
