import { failed, fault, ok, type Result } from '../../base/index.ts';
import type { Config } from '../../config/index.ts';
import { type DecisionRecord, type ReasonRow, reasons, type VerdictRecord } from '../../policy/index.ts';
import { openPolicyHistory } from '../../snapshot/index.ts';
import { findFlowRecords, findRecord } from '../../spool/index.ts';
import { compileFolder } from '../compile-folder.ts';
import { statePaths } from '../state-folder.ts';
import { explainRecord } from './explain-record.ts';
import { readTrace } from './read-trace.ts';
import type { ToldExplanation } from './told-explanation.ts';
import type { FlowTrace } from './trace-flow.ts';

/** A decision as it was recorded, what followed on its flow, and why it came out so. */
export interface ExplainReport {
  /** Null where the spool holds only what came after it. */
  readonly record: VerdictRecord | null;
  readonly meaning: ReasonRow | null;
  /** What else the flow wrote: later verdicts, progress, first sighting, close. */
  readonly followed: readonly DecisionRecord[];
  /** The answer of DNS, the decision and what passed, where the gateway or the DNS filter took part; null for a flow of the proxy alone. */
  readonly trace: FlowTrace | null;
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
  const [first = found] = flow;
  if (first === null || first === undefined) {
    return failed(
      fault(
        'decision_unknown',
        `no decision \`${wanted}\` is in \`${paths.spool}\`, it may have been removed by the disk budget`,
      ),
    );
  }
  const record = found?.kind === 'verdict' ? found : decisionOf(found, flow);
  const trace = await readTrace(paths.spool, first.flow, flow);
  const followed = flow.filter((one) => one.id !== record?.id);
  if (record === null) {
    const missing = 'the decision was removed from the spool by the disk budget, what followed is left';
    return ok({ record, meaning: null, followed, trace, explanation: null, missing });
  }
  return ok({ record, meaning: reasons[record.reason], followed, trace, ...explainAgain(record, paths.policy) });
}

// Of a flow that the kernel counts: the verdict on the address whose bytes a record tells, and not the answer of DNS before.
function decisionOf(found: DecisionRecord | null, flow: readonly DecisionRecord[]): VerdictRecord | null {
  const verdicts = flow.filter((one) => one.kind === 'verdict');
  const share = found?.kind === 'progress' || found?.kind === 'close' ? found.share : undefined;
  const isOfShare = ({ point, destination }: VerdictRecord): boolean =>
    point === 'gateway' &&
    destination?.address === share?.destination.address &&
    destination?.port === share?.destination.port;
  return (share === undefined ? undefined : verdicts.find(isOfShare)) ?? verdicts[0] ?? null;
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
  const explained = explainRecord(compiled.value.policy, record);
  return explained.ok ? { explanation: explained.value, missing: null } : nothing(explained.fault.message);
}
