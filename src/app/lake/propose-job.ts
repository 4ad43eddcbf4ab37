import { failed, fault, ok, type Result } from '../../base/index.ts';
import {
  type FlowLake,
  findStarts,
  type LakeWindow,
  type PresentPolicy,
  type Proposal,
  type ProposeParts,
  type ProposeSettings,
  proposePolicy,
  type Shrinkage,
  shrinkPolicy,
} from '../../flowmap/index.ts';
import { readPolicyFolder } from '../control/policy-folder.ts';
import type { JobPorts } from '../front/index.ts';
import { type FlowContext, readFlowContext } from './flow-context.ts';
import { drawWholeMap } from './map-job.ts';
import { openLakeToRead } from './open-lake.ts';

/** What is to be proposed, from which flows. */
export interface ProposeOptions {
  readonly window: LakeWindow;
  readonly settings: ProposeSettings;
}

/** What is to be shrunk, by which flows. `isUnready`: also services whose history does not reach. */
export interface ShrinkOptions {
  readonly window: LakeWindow;
  readonly service: string | null;
  readonly isUnready: boolean;
}

/** Proposes policy documents from a window of flows. Faults: `lake_empty`, those of the inventory, `service_unseen`. */
export async function proposeJob(options: ProposeOptions, ports: JobPorts): Promise<Result<Proposal>> {
  const parts = await readParts(options.window, ports);
  if (!parts.ok) return parts;
  const proposal = proposePolicy(parts.value, options.settings);
  const { service } = options.settings;
  if (service === null || proposal.services.length > 0) return ok(proposal);
  return failed(fault('service_unseen', `no flow of \`${service}\` is in this window, see \`exeat flows map\``));
}

/** Shrinks the present policy to what a window of flows used. Faults: those of {@link proposeJob}, `policy_absent`. */
export async function shrinkJob(options: ShrinkOptions, ports: JobPorts): Promise<Result<Shrinkage>> {
  const parts = await readParts(options.window, ports);
  if (!parts.ok) return parts;
  const { present, map } = parts.value;
  if (present !== null) return ok(shrinkPolicy({ ...parts.value, present }, options));
  return failed(fault('policy_absent', `there is no policy to shrink: ${map.noPolicy}`));
}

async function readParts(window: LakeWindow, { order }: JobPorts): Promise<Result<ProposeParts>> {
  const opened = await openLakeToRead(order.config);
  if (!opened.ok) return opened;
  try {
    const context = await readFlowContext(opened.value.lake, order.config, window);
    if (!context.ok) return context;
    const present = readPresent(order.config.policy, context.value);
    return present.ok ? ok(await askLake(opened.value.lake, context.value, present.value, order.nowMs)) : present;
  } finally {
    opened.value.close();
  }
}

async function askLake(
  lake: FlowLake,
  context: FlowContext,
  present: PresentPolicy | null,
  nowMs: number,
): Promise<ProposeParts> {
  const { query, leases, inventory } = context;
  const map = await drawWholeMap(lake, context, nowMs);
  const declared = await lake.declared();
  const seenDays = await lake.seenDays(query);
  const starts = findStarts(leases, query.who);
  return { map, seenDays, starts, regularity: await lake.regularity(query), declared, inventory, present };
}

// The texts are read again: a policy that was compiled is not kept as text.
function readPresent(folder: string, { policy }: FlowContext): Result<PresentPolicy | null> {
  if (policy === null) return ok(null);
  const read = readPolicyFolder(folder, new Map());
  return read.ok ? ok({ ...policy, files: [...read.value.values()] }) : read;
}
