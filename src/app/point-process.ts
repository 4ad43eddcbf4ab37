import { runChild } from './ipc.ts';
import { createPoint } from './point/create-point.ts';

// The entry of the point process: sockets and decisions, from a signed snapshot. It reads no policy file.

let point: Awaited<ReturnType<typeof createPoint>> | null = null;

runChild({
  start: async (config) => {
    point = await createPoint(config);
  },
  reload: () => point?.reload(),
  stop: async () => point?.close(),
});
