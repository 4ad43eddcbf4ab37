import type { PolicyTestResult } from '../check/run-policy-tests.ts';
import { type PolicyFault, policyFaultRows } from '../fault.ts';
import type { Finding, Severity } from '../lint/finding.ts';
import { lintRules } from '../lint/lint-rules.ts';
import type { SourceAt } from '../nodes.ts';

/** All that a check of a policy found: why it does not load, what is doubtful, and what became of its tests. */
export interface PolicyCheck {
  readonly version: string;
  readonly faults: readonly PolicyFault[];
  readonly findings: readonly Finding[];
  readonly tests: readonly PolicyTestResult[];
}

/** The id under which failed `tests:` entries are reported. */
export const testFailedRuleId = 'test-failed';

/** A SARIF 2.1.0 log with one run: `{ version: '2.1.0', runs: [ … ] }`, ready for JSON. OASIS SARIF 2.1.0, section 3.13. */
export interface SarifLog {
  readonly $schema: string;
  readonly version: '2.1.0';
  readonly runs: readonly [SarifRun];
}

interface SarifRun {
  readonly tool: { readonly driver: { readonly name: string; readonly rules: readonly SarifRule[] } };
  readonly columnKind: 'utf16CodeUnits';
  readonly results: readonly SarifResult[];
}

interface SarifRule {
  readonly id: string;
  readonly shortDescription: { readonly text: string };
  readonly help: { readonly text: string };
  readonly defaultConfiguration: { readonly level: Severity };
}

interface SarifResult {
  readonly ruleId: string;
  readonly ruleIndex: number;
  readonly level: Severity;
  readonly message: { readonly text: string };
  readonly locations: readonly [
    {
      readonly physicalLocation: {
        readonly artifactLocation: { readonly uri: string };
        readonly region: { readonly startLine: number; readonly startColumn: number };
      };
    },
  ];
}

/** Turns a check into SARIF: faults and failed tests as errors, findings by their severity, every rule described. */
export function toSarif({ faults, findings, tests }: PolicyCheck): SarifLog {
  const results = [
    ...faults.map((fault) => result(fault.code, 'error', fault.message, fault.at)),
    ...findings.map((finding) => result(finding.rule, finding.severity, finding.message, finding.at)),
    ...tests.flatMap(({ message, at }) => (message === null ? [] : [result(testFailedRuleId, 'error', message, at)])),
  ];
  return {
    $schema: 'https://json.schemastore.org/sarif-2.1.0.json',
    version: '2.1.0',
    runs: [{ tool: { driver: { name: 'exeat', rules } }, columnKind: 'utf16CodeUnits', results }],
  };
}

const rules: readonly SarifRule[] = [
  ...Object.entries(policyFaultRows).map(([id, { says, mend }]) => rule({ id, says, mend, severity: 'error' })),
  ...lintRules.map(rule),
  rule({
    id: testFailedRuleId,
    severity: 'error',
    says: 'a test in the policy does not hold',
    mend: 'mend the rule or the test',
  }),
];

const indexOfRule: ReadonlyMap<string, number> = new Map(rules.map(({ id }, index) => [id, index]));

function rule(row: {
  readonly id: string;
  readonly severity: Severity;
  readonly says: string;
  readonly mend: string;
}): SarifRule {
  return {
    id: row.id,
    shortDescription: { text: row.says },
    help: { text: row.mend },
    defaultConfiguration: { level: row.severity },
  };
}

function result(ruleId: string, level: Severity, message: string, at: SourceAt): SarifResult {
  return {
    ruleId,
    ruleIndex: indexOfRule.get(ruleId) ?? -1,
    level,
    message: { text: message },
    locations: [
      {
        physicalLocation: {
          artifactLocation: { uri: at.file.split('/').map(encodeSegment).join('/') },
          region: { startLine: at.line, startColumn: at.column },
        },
      },
    ],
  };
}

/** A file name as a relative reference (RFC 3986 section 4.2); a lone surrogate, which has no encoding, becomes U+FFFD. */
function encodeSegment(segment: string): string {
  return encodeURIComponent(segment.toWellFormed());
}
