import type { DestinationClass } from '../../destination/index.ts';
import { coversHost } from '../declared-hosts.ts';

const aws = 'AWS service endpoints and quotas';
const azure = 'Azure, access Key Vault behind a firewall';
const google = 'Google Cloud, APIs and their service endpoints';

/** Hosts that hand out secrets or rule over clouds, by pattern; read on 2026-11-28. A policy's own class comes before these. */
const privilegedHosts: readonly (readonly [pattern: string, kind: DestinationClass, source: string])[] = [
  ['secretsmanager.*.amazonaws.com', 'secret-manager', aws],
  ['secretsmanager-fips.*.amazonaws.com', 'secret-manager', aws],
  ['ssm.*.amazonaws.com', 'secret-manager', aws],
  ['kms.*.amazonaws.com', 'secret-manager', aws],
  ['*.vault.azure.net', 'secret-manager', azure],
  ['secretmanager.googleapis.com', 'secret-manager', google],
  ['cloudkms.googleapis.com', 'secret-manager', google],
  ['sts.amazonaws.com', 'control-plane', aws],
  ['sts.*.amazonaws.com', 'control-plane', aws],
  ['iam.amazonaws.com', 'control-plane', aws],
  ['organizations.*.amazonaws.com', 'control-plane', aws],
  ['ec2.*.amazonaws.com', 'control-plane', aws],
  ['eks.*.amazonaws.com', 'control-plane', aws],
  ['*.eks.amazonaws.com', 'control-plane', aws],
  ['cloudformation.*.amazonaws.com', 'control-plane', aws],
  ['management.azure.com', 'control-plane', azure],
  ['login.microsoftonline.com', 'control-plane', azure],
  ['graph.microsoft.com', 'control-plane', azure],
  ['*.azmk8s.io', 'control-plane', 'Azure Kubernetes Service, outbound rules'],
  ['iam.googleapis.com', 'control-plane', google],
  ['sts.googleapis.com', 'control-plane', google],
  ['cloudresourcemanager.googleapis.com', 'control-plane', google],
  ['compute.googleapis.com', 'control-plane', google],
  ['container.googleapis.com', 'control-plane', google],
  ['kubernetes.default.svc.cluster.local', 'control-plane', 'Kubernetes, accessing the API from a pod'],
  ['kubernetes.default.svc', 'control-plane', 'Kubernetes, accessing the API from a pod'],
  ['app.terraform.io', 'control-plane', 'HCP Terraform'],
];

/** The class of a host that is privileged wherever it is reached; `ordinary` for all others. */
export function privilegedClassOf(host: string): DestinationClass {
  return privilegedHosts.find(([pattern]) => coversHost(pattern, host))?.[1] ?? 'ordinary';
}
