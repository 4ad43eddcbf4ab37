export type { Drift } from './helper/drift.ts';
export { helperEntry } from './helper/helper-entry.ts';
export type { HelperStatus } from './helper/helper-status.ts';
export {
  createKernelClient,
  type HelperConnection,
  type KernelClient,
  type KernelClientOptions,
} from './helper/kernel-client.ts';
export { hasNetAdmin, lookAtMachine, type MachineView } from './helper/look-at-machine.ts';
export { type GatewayRemoval, removeGateway } from './helper/remove-gateway.ts';
export { type HelperStart, runHelper } from './helper/run-helper.ts';
export { runSocketOf } from './helper/run-link-server.ts';
export {
  type TransparentCommand,
  type TransparentOptions,
  transparentCommand,
  transparentFdsVariable,
} from './helper/transparent-launcher.ts';
export type { TimedEntry } from './kernel/entry-changes.ts';
export { mostRunLinks, runMacs, runPrefix } from './kernel/kernel-names.ts';
export type {
  AddressRun,
  Binding,
  CountChanges,
  DropCounts,
  EdgeCount,
  GatewayPlace,
  KernelCounts,
  KernelPlan,
  KernelVerdict,
  KindOfCount,
  LeaseEntry,
  OpenEntry,
  PortRun,
  RunAddress,
  RunLink,
  SourceEntry,
  ToldEntry,
} from './kernel/kernel-plan.ts';
export type { LeaseChange } from './kernel/lease-text.ts';
export {
  emptyLocalPlan,
  isSeatAddress,
  type LocalPlace,
  type LocalPlan,
  type ProcessEntry,
  type Seat,
  seatAddresses,
} from './kernel/local-plan.ts';
export {
  createToldTable,
  type Opening,
  type Telling,
  type ToldTable,
  type ToldTableOptions,
} from './kernel/told-table.ts';
export { createNameListener, type NameListener } from './name-listener.ts';
export type { NameListenerOptions } from './name-listener-options.ts';
