import { failed, fault, ok, type Result } from '../../base/index.ts';
import type { Config } from '../../config/index.ts';
import { parseWireHost } from '../../destination/index.ts';
import { type DecisionRecord, noFacts, type ReasonRow, reasons, type VerdictRecord } from '../../policy/index.ts';
import { openPolicyHistory } from '../../snapshot/index.ts';
import { findFlowRecords, findRecord } from '../../spool/index.ts';
import { compileFolder } from '../compile-folder.ts';
import { statePaths } from '../state-folder.ts';
import { type ToldExplanation, tellExplanation } from './told-explanation.ts';

/** A decision as it was recorded, what followed on its flow, and why it came out so. */
export interface ExplainReport {
  readonly record: VerdictRecord;
  readonly meaning: ReasonRow;
  /** What else the flow wrote: later verdicts, progress, first sighting, close. */
  readonly followed: readonly DecisionRecord[];
  /** The rules looked at, by the policy that decided; null where `missing` says why. */
  readonly explanation: ToldExplanation | null;
  readonly missing: string | null;
}

/**
 * Finds a decision (or a flow) by its id and judges it again by the policy version that decided it. Works without a running product.
 * Faults: `id_malformed`, `decision_unknown`.
 */
export async function readExplanation(config: Config, id: string): Promise<Result<ExplainReport>> {
  const wanted = id.toUpperCase();
  if (!/^[0-7][0-9A-HJKMNP-TV-Z]{25}$/.test(wanted)) {
    return failed(
      fault(
        'id_malformed',
        `\`${id}\` is not a decision id, it has 26 letters and digits: see the \`Exeat-Decision\` header`,
      ),
    );
  }
  const paths = statePaths(config.state);
  const found = await findRecord(paths.spool, wanted);
  const flow = await findFlowRecords(paths.spool, found?.flow ?? wanted);
  const record = found?.kind === 'verdict' ? found : flow.find((one) => one.kind === 'verdict');
  if (record === undefined) {
    return failed(
      fault(
        'decision_unknown',
        `no decision \`${wanted}\` is in \`${paths.spool}\`, it may have been removed by the disk budget`,
      ),
    );
  }
  const followed = flow.filter((one) => one.id !== record.id);
  return ok({ record, meaning: reasons[record.reason], followed, ...explainAgain(record, paths.policy) });
}

function explainAgain(record: VerdictRecord, historyFolder: string): Pick<ExplainReport, 'explanation' | 'missing'> {
  const nothing = (missing: string): Pick<ExplainReport, 'explanation' | 'missing'> => ({ explanation: null, missing });
  const { principal, destination, policyVersion } = record;
  if (policyVersion === null) return nothing('no policy decided this');
  if (principal === null || destination === null)
    return nothing('no rule was looked at: who or where to was not known');
  const folder = openPolicyHistory(historyFolder).folderOf(policyVersion);
  if (folder === null) return nothing(`the sources of ${policyVersion} are not kept`);
  const compiled = compileFolder(folder);
  if (!compiled.ok) return nothing(compiled.fault.message);
  const host = parseWireHost(destination.host);
  if (!host.ok) return nothing(host.fault.message);
  const request = {
    principal: { ...principal, source: addressOf(record.source), expiresAt: null },
    destination: { host: host.value, port: destination.port, protocol: destination.protocol },
    facts: noFacts,
    now: Date.parse(record.time),
  };
  return { explanation: tellExplanation(compiled.value.policy, request), missing: null };
}

// `10.20.0.7:51234` or `[2001:db8::7]:51234`.
function addressOf(source: string): string {
  return source.slice(0, source.lastIndexOf(':')).replace(/^\[|\]$/g, '');
}
