/** Hosts that widely used actions reach by themselves. */
export interface KnownAction {
  /** `owner/repository`, and all actions below it. */
  readonly action: string;
  readonly hosts: readonly string[];
}

const caches = ['*.actions.githubusercontent.com', '*.blob.core.windows.net'];
const toolCache = ['raw.githubusercontent.com', 'objects.githubusercontent.com'];

/**
 * What actions reach besides GitHub itself, which every `uses:` does: as of 2026-11-28, by their sources and manuals. They change, so what is
 * observed says more.
 */
export const knownActions: readonly KnownAction[] = [
  { action: 'actions/checkout', hosts: [] },
  { action: 'actions/cache', hosts: caches },
  { action: 'actions/upload-artifact', hosts: caches },
  { action: 'actions/download-artifact', hosts: caches },
  { action: 'actions/setup-node', hosts: ['nodejs.org', 'registry.npmjs.org', ...toolCache] },
  { action: 'actions/setup-python', hosts: ['pypi.org', 'files.pythonhosted.org', ...toolCache] },
  { action: 'actions/setup-go', hosts: ['go.dev', 'dl.google.com', 'proxy.golang.org', ...toolCache] },
  {
    action: 'actions/setup-java',
    hosts: ['api.adoptium.net', 'api.azul.com', 'cdn.azul.com', 'corretto.aws', ...toolCache],
  },
  { action: 'actions/setup-dotnet', hosts: ['dot.net', 'builds.dotnet.microsoft.com', 'api.nuget.org'] },
  {
    action: 'actions/attest-build-provenance',
    hosts: ['fulcio.sigstore.dev', 'rekor.sigstore.dev', 'tuf-repo-cdn.sigstore.dev'],
  },
  { action: 'ruby/setup-ruby', hosts: ['rubygems.org', 'index.rubygems.org', ...toolCache] },
  { action: 'dtolnay/rust-toolchain', hosts: ['static.rust-lang.org'] },
  { action: 'actions-rs/toolchain', hosts: ['static.rust-lang.org', 'sh.rustup.rs'] },
  { action: 'docker/login-action', hosts: ['registry-1.docker.io', 'auth.docker.io'] },
  { action: 'docker/build-push-action', hosts: ['registry-1.docker.io', 'auth.docker.io'] },
  { action: 'docker/setup-buildx-action', hosts: ['registry-1.docker.io', 'auth.docker.io', ...toolCache] },
  { action: 'docker/setup-qemu-action', hosts: ['registry-1.docker.io', 'auth.docker.io'] },
  { action: 'aws-actions/configure-aws-credentials', hosts: ['sts.*.amazonaws.com'] },
  { action: 'aws-actions/amazon-ecr-login', hosts: ['api.ecr.*.amazonaws.com', '*.dkr.ecr.*.amazonaws.com'] },
  {
    action: 'google-github-actions/auth',
    hosts: ['sts.googleapis.com', 'iamcredentials.googleapis.com', 'oauth2.googleapis.com'],
  },
  { action: 'google-github-actions/setup-gcloud', hosts: ['dl.google.com', 'storage.googleapis.com'] },
  { action: 'azure/login', hosts: ['login.microsoftonline.com', 'management.azure.com'] },
  { action: 'azure/setup-helm', hosts: ['get.helm.sh'] },
  { action: 'azure/setup-kubectl', hosts: ['dl.k8s.io', 'cdn.dl.k8s.io'] },
  { action: 'hashicorp/setup-terraform', hosts: ['releases.hashicorp.com', 'registry.terraform.io'] },
  {
    action: 'codecov/codecov-action',
    hosts: ['cli.codecov.io', 'ingest.codecov.io', 'api.codecov.io', 'storage.googleapis.com'],
  },
  { action: 'sonarsource/sonarcloud-github-action', hosts: ['sonarcloud.io', 'scanner.sonarcloud.io'] },
  { action: 'sigstore/cosign-installer', hosts: ['tuf-repo-cdn.sigstore.dev', ...toolCache] },
  { action: 'step-security/harden-runner', hosts: ['agent.api.stepsecurity.io'] },
  { action: 'slackapi/slack-github-action', hosts: ['slack.com', 'hooks.slack.com'] },
  { action: 'pypa/gh-action-pypi-publish', hosts: ['upload.pypi.org', 'pypi.org', 'ghcr.io'] },
  { action: 'gradle/actions', hosts: ['services.gradle.org', 'plugins.gradle.org', ...caches] },
  { action: 'pnpm/action-setup', hosts: ['registry.npmjs.org'] },
  { action: 'oven-sh/setup-bun', hosts: ['bun.sh', ...toolCache] },
  { action: 'denoland/setup-deno', hosts: ['dl.deno.land', 'deno.land'] },
  { action: 'aquasecurity/trivy-action', hosts: ['ghcr.io', 'mirror.gcr.io', 'pkg-containers.githubusercontent.com'] },
];
