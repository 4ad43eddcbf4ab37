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
];

/** The format of an id, or null. */
export function findLogFormat(id: string): LogFormat | null {
  return logFormats.find((format) => format.id === id) ?? null;
}
