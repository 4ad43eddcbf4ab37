import type { EndpointCollector, Place } from './endpoint-collector.ts';
import { fillHoles } from './fill-holes.ts';
import { declareImage } from './image-reference.ts';
import { declareDefaults, type RegistryTool } from './known-registries.ts';
import { joinLines } from './settings-text.ts';
import { findUrls, readHostPort } from './url-endpoints.ts';

/** The most lines of one script that are looked through. */
const maxScriptLines = 20_000;

/** The longest command that is looked at for words; URLs are found in the whole line. */
const maxCommandLength = 4_000;

/** Commands that ask a default registry unless the line names another, with the tool whose default it is. */
const fetchers: readonly (readonly [RegExp, RegistryTool])[] = [
  [/\b(?:npm|npx|pnpm)\s+(?:ci|i|install|add|exec|publish|update)\b/, 'npm'],
  [/\byarn(?:\s+(?:install|add|dlx)\b|\s*$)/, 'yarn'],
  [
    /\b(?:pip3?|pipx|uv\s+pip)\s+(?:install|download|wheel)\b|\b(?:poetry|pipenv)\s+(?:install|add)\b|\buv\s+sync\b/,
    'pypi',
  ],
  [/\b(?:mvnw?|maven)\s+(?:-\S+\s+)*(?:clean|compile|test|package|verify|install|deploy|dependency)/, 'maven'],
  [/\bgradlew?\s+\S/, 'gradle'],
  [/\b(?:dotnet|nuget)\s+(?:restore|build|publish|test|tool)\b/, 'nuget'],
  [/\b(?:bundle|gem)\s+install\b/, 'rubygems'],
  [/\bcargo\s+(?:build|fetch|install|test|check|add)\b/, 'cargo'],
  [/\bgo\s+(?:get|install|mod\s+(?:download|tidy)|build|test)\b/, 'go'],
  [/\bcomposer\s+(?:install|require|update)\b/, 'composer'],
  [/\bapk\s+(?:-\S+\s+)*(?:add|update|upgrade)\b/, 'alpine'],
  [/\bapt(?:-get)?\s+(?:-\S+\s+)*(?:install|update|upgrade)\b/, 'debian'],
  [/\bterraform\s+(?:-\S+\s+)*init\b/, 'terraform'],
];

/** Words of a command line that name the place to fetch from; with one of them the default is not asked. */
const ownPlace = /--(?:registry|index-url|default-index|index|source|repository|add-source)\b|(?:^|\s)-i\s|https?:\/\//;

/**
 * Declares what the lines of a script reach: URLs, images of `docker pull|run|push`, registries of `docker login`, `ssh`/`scp`/`git@`
 * hosts, services of the `aws` command, and what package managers ask by default (implied). Nothing is executed or expanded.
 */
export function declareCommands(collector: EndpointCollector, script: string, place: Place, isBlock: boolean): void {
  for (const { text, index } of joinLines(script).slice(0, maxScriptLines)) {
    if (/^\s*(?:#|REM\s|::)/.test(text)) continue;
    const at = { ...place, line: place.line + (isBlock ? index : 0) };
    const line = fillHoles(text);
    for (const { endpoints } of findUrls(line, 'found')) for (const found of endpoints) collector.declare(found, at);
    for (const command of line.split(/&&|\|\||[;|]/)) declareCommand(collector, command.slice(0, maxCommandLength), at);
  }
}

function declareCommand(collector: EndpointCollector, command: string, place: Place): void {
  for (const [pattern, tool] of fetchers) {
    if (pattern.test(command) && !ownPlace.test(command)) declareDefaults(collector, tool, place);
  }
  declareImages(collector, command, place);
  declareRemotes(collector, command, place);
  declareCloudCommands(collector, command, place);
}

function declareImages(collector: EndpointCollector, line: string, place: Place): void {
  const pulled =
    /\b(?:docker|podman|buildah|nerdctl|crane|skopeo)\s+(?:image\s+)?(?:pull|push|inspect)\s+(?:-\S+\s+)*([^\s"';&|-][^\s"';&|]*)/g;
  for (const [, image = ''] of [...line.matchAll(pulled)].slice(0, 20))
    declareImage(collector, image.replaceAll(/["']/g, ''), place);
  const login = /\b(?:docker|podman|helm\s+registry|oras)\s+login\b(.*)$/.exec(line)?.[1];
  if (login === undefined) return;
  // The server is a word without a dash; the words behind `-u` and `-p` are somebody's.
  const words =
    login.replaceAll(/(?:^|\s)(?:-[up]|--username|--password)(?:\s+|=)\S+/g, ' ').split(/[|;&<]/, 1)[0] ?? '';
  const server = words.split(/\s+/).find((word) => /^[a-z0-9*][a-z0-9.*-]*\.[a-z*][a-z0-9*-]+(?::\d+)?$/i.test(word));
  const found = server === undefined ? null : readHostPort(server);
  if (found !== null)
    collector.declare({ ...found, port: found.port ?? 443, scheme: 'https', confidence: 'found' }, place);
}

/** `git@host:owner/repo` and `scp file user@host:/path`: what stands between `@` and `:` is a host, as ssh reads it. */
function declareRemotes(collector: EndpointCollector, line: string, place: Place): void {
  if (!/\b(?:ssh|scp|rsync|sftp|git|ssh-keyscan)\b|git@/.test(line)) return;
  const remotes = /(?:^|[\s"'])(?:[\w.*-]{1,64})@([a-z0-9*][a-z0-9.*-]{1,252})(?=[:\s"']|$)/gi;
  const scanned = /\bssh-keyscan\s+(?:-\S+\s+)*([a-z0-9*][a-z0-9.*-]{1,252})/gi;
  for (const [, host = ''] of [...line.matchAll(remotes), ...line.matchAll(scanned)].slice(0, 20)) {
    const found = readHostPort(host);
    if (found !== null) collector.declare({ host: found.host, port: 22, scheme: 'ssh', confidence: 'found' }, place);
  }
}

/** `aws s3 cp` and `aws --region eu-west-1 sqs …`: the host of the service, its region a hole where the line has none. */
function declareCloudCommands(collector: EndpointCollector, command: string, place: Place): void {
  const words = command.trim().split(/\s+/);
  const at = words.indexOf('aws');
  const service = at < 0 ? undefined : words.slice(at + 1).find((word) => awsServices.has(word));
  if (service !== undefined) {
    const region = /--region[ =]([a-z]{2}(?:-[a-z]+)+-\d)\b/.exec(command)?.[1] ?? '*';
    const host = `${awsLabels[service] ?? service}.${region}.amazonaws.com`;
    collector.declare({ host, port: 443, scheme: 'https', confidence: 'implied' }, place);
  }
  for (const [pattern, hosts] of cloudTools) {
    if (!pattern.test(command)) continue;
    for (const host of hosts) collector.declare({ host, port: 443, scheme: 'https', confidence: 'implied' }, place);
  }
}

const awsServices: ReadonlySet<string> = new Set(
  's3 s3api ecr ecs eks sts sqs sns ssm lambda secretsmanager cloudformation dynamodb kms logs ec2'.split(' '),
);

const awsLabels: Readonly<Record<string, string>> = { s3api: 's3', ecr: 'api.ecr' };

const cloudTools: readonly (readonly [RegExp, readonly string[]])[] = [
  [/\bgcloud\s+(?:[a-z-]+)\s/, ['oauth2.googleapis.com']],
  [/\bgsutil\s+[a-z-]/, ['storage.googleapis.com', 'oauth2.googleapis.com']],
  [
    /\baz\s+(?:login|acr|aks|storage|webapp|account|group|keyvault)\b/,
    ['login.microsoftonline.com', 'management.azure.com'],
  ],
  [/\bgh\s+(?:api|pr|release|repo|run|workflow|issue)\b/, ['api.github.com']],
];
