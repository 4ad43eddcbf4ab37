import type { ConfigDocument, ConfigFormat, ConfigReading } from '../config-format.ts';
import { EndpointCollector, nobody } from './endpoint-collector.ts';
import { readJsonNode } from './read-json-node.ts';
import { readTomlNode } from './read-toml-node.ts';
import { readYamlNodes } from './read-yaml-nodes.ts';
import { readSettings } from './settings-text.ts';

/**
 * Settings of programs: `.env`, `*.properties`, `application.yml`, `appsettings.json`, and other files of keys and values (INI, TOML,
 * nginx) where no other format claims them.
 */
export const envFileFormat: ConfigFormat = {
  id: 'env-file',
  title: 'Settings of a program: .env, properties, application.yml, appsettings.json',
  detect({ path, text }: ConfigDocument): number {
    const name = path.split('/').at(-1) ?? '';
    if (/^\.env(?:\.|$)|\.env$|\.properties$|^application[\w.-]*\.ya?ml$|^bootstrap[\w.-]*\.ya?ml$/i.test(name))
      return 0.9;
    if (/^appsettings[\w.-]*\.json$|^nginx[\w.-]*\.conf$|^odbc\.ini$/i.test(name)) return 0.9;
    if (isEnvironment(text.slice(0, 16_384))) return 0.5;
    return /\.(?:ya?ml|json|toml|ini|conf|cfg|cnf|config)$/i.test(name) ? 0.1 : 0;
  },
  read(document, sink): ConfigReading {
    const collector = new EndpointCollector(document, sink);
    const form = formOf(document);
    forms[form](collector, collector.text);
    return collector.reading();
  },
};

/** Nine of ten lines are `KEY=value`. */
function isEnvironment(head: string): boolean {
  const lines = head.split('\n').filter((line) => !/^\s*(?:#|$)/.test(line));
  const fitting = lines.filter((line) => /^\s*(?:export\s+)?[A-Z][A-Z0-9_]*=/.test(line)).length;
  return fitting > 0 && fitting >= lines.length * 0.9;
}

type Form = 'yaml' | 'json' | 'toml' | 'lines';

function formOf({ path, text }: ConfigDocument): Form {
  if (/\.ya?ml$/i.test(path)) return 'yaml';
  if (/\.toml$/i.test(path)) return 'toml';
  return /\.json$/i.test(path) || /^\s*\{\s*"/.test(text) ? 'json' : 'lines';
}

const forms: Readonly<Record<Form, (collector: EndpointCollector, text: string) => void>> = {
  yaml: (collector, text) => {
    for (const node of readYamlNodes(text, (line, message) => collector.fault(line, message))) {
      collector.tree(node, { ...nobody, line: 1, key: null });
    }
  },
  json: (collector, text) => {
    const { node, fault } = readJsonNode(text);
    if (fault !== null) collector.fault(fault.line, fault.message);
    if (node !== null) collector.tree(node, { ...nobody, line: 1, key: null });
  },
  toml: (collector, text) => {
    const { node, fault } = readTomlNode(text);
    if (fault !== null) collector.fault(fault.line, `${fault.message}: its lines are read one by one`);
    if (node === null) readLines(collector, text);
    else collector.tree(node, { ...nobody, line: 1, key: null });
  },
  lines: readLines,
};

function readLines(collector: EndpointCollector, text: string): void {
  const settings = readSettings(text, { line: 1, isBlock: true, key: null });
  // In properties `:` and `=` of a URL's key are escaped: `https\://a.example`.
  collector.settings(
    settings.map((setting) => ({ ...setting, text: setting.text.replaceAll(/\\([:=#!])/g, '$1') })),
    nobody,
  );
}
