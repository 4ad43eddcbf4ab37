import { cloudInventoryFormat } from './config/cloud-inventory.ts';
import { composeFormat } from './config/compose.ts';
import { dockerfileFormat } from './config/dockerfile.ts';
import { envFileFormat } from './config/env-file.ts';
import { githubActionsFormat } from './config/github-actions.ts';
import { gitlabCiFormat } from './config/gitlab-ci.ts';
import { helmFormat } from './config/helm.ts';
import { kubernetesFormat } from './config/kubernetes.ts';
import { packageManagersFormat } from './config/package-managers.ts';
import { terraformFormat } from './config/terraform.ts';
import { terraformPlanFormat } from './config/terraform-plan.ts';
import type { ConfigFormat } from './config-format.ts';

/** Every kind of configuration that is understood, in the order in which ties of detection are settled. */
export const configFormats: readonly ConfigFormat[] = [
  terraformPlanFormat,
  terraformFormat,
  cloudInventoryFormat,
  kubernetesFormat,
  composeFormat,
  githubActionsFormat,
  gitlabCiFormat,
  helmFormat,
  dockerfileFormat,
  packageManagersFormat,
  envFileFormat,
];
