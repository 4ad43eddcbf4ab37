import { awsTgwFormat } from './aws-tgw.ts';
import { awsVpcFormat } from './aws-vpc.ts';
import { azureFlowFormat } from './azure-flow.ts';
import { exeatFormat } from './exeat.ts';
import { conntrackFormat } from './conntrack.ts';
import { gcpFormat } from './gcp.ts';
import { goflow2Format } from './goflow2.ts';
import { hubbleFormat } from './hubble.ts';
import { envoyFormat } from './envoy.ts';
import { exeatFormat } from './exeat.ts';
import { haproxyFormat } from './haproxy.ts';
import type { LogFormat } from './log-format.ts';
import { nginxStreamFormat } from './nginx-stream.ts';
import { smokescreenFormat } from './smokescreen.ts';
import { squidFormat } from './squid.ts';

/** Every log format that is understood, in the order in which ties of detection are settled: the more particular first. */
export const logFormats: readonly LogFormat[] = [
  exeatFormat,
  smokescreenFormat,
  awsTgwFormat,
  awsVpcFormat,
  azureFlowFormat,
  gcpFormat,
  squidFormat,
  nginxStreamFormat,
import { zeekFormat } from './zeek.ts';

/** Every log format that is understood, in the order in which ties of detection are settled: the more particular first. */
export const logFormats: readonly LogFormat[] = [
  awsTgwFormat,
  awsVpcFormat,
  azureFlowFormat,
  conntrackFormat,
  gcpFormat,
  goflow2Format,
  hubbleFormat,
  zeekFormat,
import { bindFormat } from './bind.ts';
import { corednsFormat } from './coredns.ts';
import { dnsmasqFormat } from './dnsmasq.ts';
import type { LogFormat } from './log-format.ts';
import { route53ResolverFormat } from './route53-resolver.ts';
import { unboundFormat } from './unbound.ts';

/** Every log format that is understood, in the order in which ties of detection are settled: the more particular first. */
export const logFormats: readonly LogFormat[] = [
  route53ResolverFormat,
  corednsFormat,
  bindFormat,
  unboundFormat,
  dnsmasqFormat,
import { checkpointFormat } from './checkpoint.ts';
import { cloudflareGatewayFormat } from './cloudflare-gateway.ts';
import { fortigateFormat } from './fortigate.ts';
import type { LogFormat } from './log-format.ts';
import { paloaltoFormat } from './paloalto.ts';
import { umbrellaFormat } from './umbrella.ts';
import { zscalerFormat } from './zscaler.ts';

/** Every log format that is understood, in the order in which ties of detection are settled: the more particular first. */
export const logFormats: readonly LogFormat[] = [
  paloaltoFormat,
  fortigateFormat,
  checkpointFormat,
  zscalerFormat,
  cloudflareGatewayFormat,
  umbrellaFormat,
import { awsNetworkFirewallFormat } from './aws-network-firewall.ts';
import { azureFirewallFormat } from './azure-firewall.ts';
import { hardenRunnerFormat } from './harden-runner.ts';
import type { LogFormat } from './log-format.ts';
import { netfilterFormat } from './netfilter.ts';
import { ocsfFormat } from './ocsf.ts';
import { suricataFormat } from './suricata.ts';
import { sysmonFormat } from './sysmon.ts';

/** Every log format that is understood, in the order in which ties of detection are settled: the more particular first. */
export const logFormats: readonly LogFormat[] = [
  awsNetworkFirewallFormat,
  azureFirewallFormat,
  hardenRunnerFormat,
  netfilterFormat,
  ocsfFormat,
  suricataFormat,
  sysmonFormat,
  squidFormat,
  envoyFormat,
  haproxyFormat,
  nginxStreamFormat,
];

/** The format of an id, or null. */
export function findLogFormat(id: string): LogFormat | null {
  return logFormats.find((format) => format.id === id) ?? null;
}
