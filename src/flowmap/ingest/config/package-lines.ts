import { declaredHost } from './declared-host.ts';
import { type EndpointCollector, nobody } from './endpoint-collector.ts';
import { declareDefaults } from './known-registries.ts';
import { readSettings } from './settings-text.ts';

/**
 * `.npmrc`, `pip.conf`, wrapper properties: keys and URLs. `//registry.example/:_authToken=…` names a host in its key; what it holds is
 * never looked at.
 */
export function readPackageLines(collector: EndpointCollector, text: string): boolean {
  let hasOwn = false;
  for (const [index, raw] of text.split('\n').entries()) {
    if (/^\s*[#;]/.test(raw) || /_auth|_password|username|email|^\s*password/i.test(raw)) continue;
    const line = raw.replaceAll(/\\([:=])/g, '$1');
    const [, key = '', value = line] = /^\s*["']?([@\w][\w.@/:-]*?)["']?\s*(?:=|\s(?="))\s*(.*)$/.exec(line) ?? [];
    hasOwn ||= /^(?:registry|index-url|npmRegistryServer)$/.test(key);
    collector.value(value, { ...nobody, line: index + 1, key });
  }
  return hasOwn;
}

/** `requirements.txt`: options that name an index, and requirements that name a URL. */
export function readRequirements(collector: EndpointCollector, text: string): boolean {
  let hasOwn = false;
  for (const [index, raw] of text.split('\n').entries()) {
    const line = raw.replace(/(?:^|\s)#.*$/, '');
    const [, flag = null] = /^\s*(--index-url|-i|--extra-index-url|--find-links|-f|--trusted-host)\b/.exec(line) ?? [];
    hasOwn ||= flag === '--index-url' || flag === '-i';
    if (line.includes('://'))
      collector.value(line.replace(/^\s*-[\w-]+[ =]\s*/, ''), { ...nobody, line: index + 1, key: flag });
  }
  return hasOwn;
}

/** Gradle's shorthands for well-known repositories. */
const gradleRepositories: Readonly<Record<string, readonly string[]>> = {
  google: ['dl.google.com', 'maven.google.com'],
  mavenCentral: ['repo.maven.apache.org'],
  gradlePluginPortal: ['plugins.gradle.org'],
  jcenter: ['jcenter.bintray.com'],
};

const gradleUrl =
  /\b(?:url|uri|maven|ivy|artifactUrls)\b\s*[=({]?\s*(?:uri)?\s*\(?\s*(?:url\s*[=(]?\s*)?(?:uri\()?["']/;

/** Gradle: `maven { url = uri("…") }`, and the shorthands of well-known repositories. */
export function readGradle(collector: EndpointCollector, text: string): boolean {
  let hasOwn = false;
  for (const [index, raw] of text.split('\n').entries()) {
    const line = raw.replace(/^\s*\/\/.*$/, '');
    const place = { ...nobody, line: index + 1, key: 'repositories' };
    const named = /\b(google|mavenCentral|gradlePluginPortal|jcenter)\s*\(\s*\)/.exec(line)?.[1] ?? '';
    for (const host of gradleRepositories[named] ?? []) {
      collector.declare({ host, port: 443, scheme: 'https', confidence: 'stated' }, place);
    }
    const words = gradleUrl.test(line) ? quotedUrls(line) : [];
    for (const word of words) collector.value(word, place);
    hasOwn ||= named !== '' || words.length > 0;
  }
  return hasOwn;
}

function quotedUrls(line: string): readonly string[] {
  return line.match(/["'][^"']*:\/\/[^"']*["']/g) ?? [];
}

/** Gemfile: `source`, `git:` and `github:`. */
export function readGemfile(collector: EndpointCollector, text: string): boolean {
  let hasOwn = false;
  for (const [index, raw] of text.split('\n').entries()) {
    if (/^\s*#/.test(raw)) continue;
    const place = { ...nobody, line: index + 1, key: 'source' };
    hasOwn ||= /^\s*source\s*\(?\s*["']https?:/.test(raw);
    if (/\bgithub\s*:|:github\s*=>/.test(raw)) declareDefaults(collector, 'github', { ...place, key: 'github' });
    for (const word of quotedUrls(raw)) collector.value(word, place);
  }
  return hasOwn;
}

/**
 * go.mod: the hosts of module paths. They are asked only where the module proxy is not used for them (GOPRIVATE, `direct`), so they are
 * implied, as the proxy itself is.
 */
export function readGoModule(collector: EndpointCollector, text: string): boolean {
  const seen = new Set<string>();
  for (const [index, raw] of text.split('\n').entries()) {
    const line = raw.replace(/\/\/.*$/, '');
    if (/^\s*module\b/.test(line)) continue;
    for (const [, first = ''] of line.matchAll(/(?:^|\s|=>\s*)([a-z0-9-]+(?:\.[a-z0-9-]+)+)\/[^\s]+(?=\s+v\d|\s*$)/g)) {
      const host = declaredHost(first);
      if (host === null || seen.has(host)) continue;
      seen.add(host);
      collector.declare(
        { host, port: 443, scheme: 'https', confidence: 'implied' },
        { ...nobody, line: index + 1, key: 'require' },
      );
    }
  }
  return false;
}

/** apt (`deb [signed-by=…] https://…`, `URIs:`), apk (`https://…/main`) and yum (`baseurl=`, `mirrorlist=`). */
export function readAptSources(collector: EndpointCollector, text: string): boolean {
  for (const { key, text: value, line } of readSettings(text, { line: 1, isBlock: true, key: 'repository' })) {
    if (/gpgkey|signed-by/i.test(key)) continue;
    const plain = value.replace(/^\[[^\]]*\]\s*/, '').replace(/^@\w+\s+/, '');
    for (const word of plain.split(/\s+/).slice(0, 50))
      if (/^(?:mirror\+)?(?:https?|ftp):\/\//.test(word)) collector.value(word, { ...nobody, line, key });
  }
  return true;
}
