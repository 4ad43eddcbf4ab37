import { createControl } from './control/create-control.ts';
import { restartChild, runChild } from './ipc.ts';
import { lowerPriority } from './lower-priority.ts';

// The entry of the control process. It holds no socket of a workload: whatever happens here, the point decides on.

lowerPriority();

let control: Awaited<ReturnType<typeof createControl>> | null = null;

runChild({
  start: async (config) => {
    control = await createControl(config, () => restartChild(async () => control?.close()));
  },
  reload: () => control?.reload(),
  stop: async () => control?.close(),
});
