import { runCli } from '../src/cli/index.ts';
import { configJsonSchema, renderConfigReference } from '../src/config/index.ts';
import { exceptionFaultRows, reviewOutcomes, roles, scopes, scopesOf, tierFindings } from '../src/exceptions/index.ts';
import { reasons, renderLintReference } from '../src/policy/index.ts';
import { boundRows, exitCodeRows, limitRows, metricRows, recordKinds } from './reference-tables.ts';

/** A page of `docs/reference/` as it should be: its path from the root, and its text. */
export interface ReferencePage {
  readonly path: string;
  readonly text: string;
}

/** Makes every page of `docs/reference/` from the code that it describes. */
export async function renderReferencePages(): Promise<readonly ReferencePage[]> {
  return [
    { path: 'docs/reference/reasons.md', text: renderReasons() },
    { path: 'docs/reference/exceptions.md', text: renderExceptions() },
    { path: 'docs/reference/config.md', text: renderConfigReference() },
    { path: 'docs/reference/exeat.schema.json', text: `${JSON.stringify(configJsonSchema(), null, 2)}\n` },
    { path: 'docs/reference/lint-rules.md', text: renderLintReference() },
    { path: 'docs/reference/command-line.md', text: await renderCommandLine() },
    { path: 'docs/reference/limits.md', text: renderLimits() },
    { path: 'docs/reference/metrics.md', text: renderMetrics() },
    { path: 'docs/reference/records.md', text: renderRecords() },
  ];
}

function renderReasons(): string {
  const rows = Object.entries(reasons).map(
    ([code, row]) => `| \`${code}\` | ${row.says} | ${row.mend} | ${row.status ?? 'none: a reset, or no refusal'} |`,
  );
  return page('Reasons', 'src/policy/reasons.ts', [
    'Every decision carries one of these codes, spelled the same in records, metrics, headers and the command line.',
    '',
    '| code | what happened | who can mend it | HTTP status |',
    '|---|---|---|---|',
    ...rows,
  ]);
}

function renderExceptions(): string {
  const person = { id: '', name: '', createdAtMs: 0, createdBy: null, disabledAtMs: null, linked: [], handledBy: [] };
  const carried = roles.map((role) => [role, scopesOf({ ...person, roles: [role], owns: [] })] as const);
  const ofRole = (scope: (typeof scopes)[number]): string =>
    carried.flatMap(([role, held]) => (held.has(scope) ? [`\`${role}\``] : [])).join(', ');
  return page('Exceptions', 'src/exceptions', [
    'What is refused, what decides the tier of a request, and who may do what. Durations and quorums are in the',
    '[`tiers` document](policy-grammar.md#tiers).',
    '',
    '## Refusals',
    '',
    '| code | what happened | mend | HTTP status |',
    '|---|---|---|---|',
    ...Object.entries(exceptionFaultRows).map(
      ([code, { says, mend, status }]) => `| \`${code}\` | ${says} | ${mend} | ${status} |`,
    ),
    '',
    '## What makes a tier',
    '',
    'The strictest finding decides; without any, the tier is `low`.',
    '',
    '| finding | at least | what it says |',
    '|---|---|---|',
    ...Object.entries(tierFindings).map(([code, { tier, says }]) => `| \`${code}\` | ${tier} | ${says} |`),
    '',
    '## Scopes of tokens',
    '',
    'A token carries the scopes that it was made with, as far as the roles of its person carry them. Acting for an owner carries',
    '`exception:approve` and `exception:revoke` too.',
    '',
    '| scope | roles |',
    '|---|---|',
    ...scopes.map((scope) => `| \`${scope}\` | ${ofRole(scope)} |`),
    '',
    `A review ends as one of ${reviewOutcomes.map((outcome) => `\`${outcome}\``).join(', ')}.`,
  ]);
}

function renderLimits(): string {
  return page('Limits', 'the constants in `src`', [
    'Everything is bounded. What can be set is in `exeat.yaml`, see [configuration](config.md); the rest is fixed.',
    '',
    '## Of a connection',
    '',
    '| limit | default | set by | what it bounds; what happens past it |',
    '|---|---|---|---|',
    ...limitRows(),
    '',
    '## Of everything else',
    '',
    '| what | bound |',
    '|---|---|',
    ...boundRows(),
  ]);
}

function renderMetrics(): string {
  return page('Metrics', 'the registries in `src/app`', [
    'Prometheus text at `/metrics` of the console listener. Beside these there are the defaults of a Node process under',
    '`exeat_point_` and `exeat_control_`. Labels are closed sets or bounded, and reasons are spelled as in [reasons](reasons.md).',
    'Counters and gauges of the point start again when the point does.',
    '',
    '| metric | kind | labels | what it counts |',
    '|---|---|---|---|',
    ...metricRows(),
  ]);
}

function renderRecords(): string {
  return page('Decision records', 'src/policy/decision-record.ts', [
    'One JSON object a line in `state/spool/*.ndjson`, written by the point. Records of one flow share `flow`. Fields may be added;',
    'a reader skips what it does not know. `?` marks a field that is left out where it says nothing.',
    ...recordKinds().flatMap(({ kind, says, rows }) => [
      '',
      `## ${kind}`,
      '',
      says,
      '',
      '| field | type | meaning |',
      '|---|---|---|',
      ...rows,
    ]),
  ]);
}

async function renderCommandLine(): Promise<string> {
  const sections = await helpOf([]);
  const codes = ['## Exit codes', '', '| code | meaning |', '|---|---|', ...exitCodeRows(), ''];
  return page('Command line', 'the help of `exeat`', [...codes, ...sections]);
}

/** The help of one command and of those below it, as Markdown sections. */
async function helpOf(command: readonly string[]): Promise<readonly string[]> {
  const help = await readHelp(command);
  const sections: string[] = [];
  for (const name of subcommandsIn(help)) sections.push(...(await helpOf([...command, name])));
  return [`## exeat ${command.join(' ')}`.trim(), '', '```', help.trim(), '```', '', ...sections];
}

// In this process: a hundred commands are a hundred starts of the program otherwise.
async function readHelp(command: readonly string[]): Promise<string> {
  let help = '';
  const io = {
    env: { NO_COLOR: '1' },
    now: Date.now,
    writeOut: (text: string) => {
      help += text;
    },
    writeError: () => undefined,
  };
  await runCli([...command, '--help'], io);
  return help;
}

function subcommandsIn(help: string): readonly string[] {
  const list = /\nCommands:\n((?: {2}.*\n?)+)/.exec(help)?.[1] ?? '';
  const names = [...list.matchAll(/^ {2}([a-z][a-z-]*)/gm)].map((match) => match[1] ?? '');
  return names.filter((name) => name !== 'help');
}

function page(title: string, source: string, lines: readonly string[]): string {
  const from = source.includes(' ') ? source : `\`${source}\``;
  return `${[`# ${title}`, '', `Generated from ${from} by \`npm run docs\`; do not edit.`, '', ...lines].join('\n').trimEnd()}\n`;
}
