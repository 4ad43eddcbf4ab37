import { policyFaultRows } from '../fault.ts';
import { lintRules } from '../lint/lint-rules.ts';

/** The reference page of lint rules and fault codes as Markdown, made from the tables; `docs/reference/lint-rules.md` is diffed with it. */
export function renderLintReference(): string {
  const lint = lintRules.map(({ id, severity, says, mend }) => `| \`${id}\` | ${severity} | ${says} | ${mend} |`);
  const faults = Object.entries(policyFaultRows).map(([code, { says, mend }]) => `| \`${code}\` | ${says} | ${mend} |`);
  return `${[
    '# Lint rules',
    '',
    '`exeat policy check` parses, lints and runs the tests in the documents. It exits 3 when a test fails or a finding is an error,',
    'and 1 when a file cannot be read or parsed. This page is made from the tables in `src/policy`.',
    '',
    '## Findings: the policy loads and is doubtful',
    '',
    '| rule | severity | what it says | how to mend it |',
    '|---|---|---|---|',
    ...lint,
    '',
    '## Faults: the policy does not load, the last good one stays in force',
    '',
    '| code | what it says | how to mend it |',
    '|---|---|---|',
    ...faults,
  ].join('\n')}\n`;
}
