import { type ConfigKey, configKeys } from './config-keys.ts';

/** The reference page of the configuration as Markdown, made from the schema. `docs/reference/config.md` is this text. */
export function renderConfigReference(): string {
  const keys = configKeys();
  return `${[
    '# Configuration',
    '',
    'Generated from the schema in `src/config`; do not edit. Every command takes `--config FILE` (`EXEAT_CONFIG`; default `./exeat.yaml`).',
    "A flag wins over `EXEAT_*`, that over the file, that over the default. Relative paths start at the file's folder.",
    'Durations are `500ms`, `10s`, `15m`, `8h`, `7d`; sizes are `64KiB`, `64MiB`, `5GiB`. In a variable, lists are separated by commas and `null` clears a setting.',
    'Unknown keys are errors.',
    '',
    '| key | value | default | variable | meaning |',
    '|---|---|---|---|---|',
    ...keys.map(row),
  ].join('\n')}\n`;
}

function row(key: ConfigKey): string {
  const fallback = key.defaultText === null ? '' : `\`${key.defaultText.replaceAll('"', '')}\``;
  const variable = key.variable === null ? '' : `\`${key.variable}\``;
  return `| \`${key.path}\` | ${key.type} | ${fallback} | ${variable} | ${key.description.replaceAll('|', '\\|')} |`;
}
