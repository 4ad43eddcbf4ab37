import { createKernelClient, type HelperStatus } from '../../gateway/index.ts';
import { type Inspection, pass } from './inspection.ts';

const waitMs = 1_000;

/** Asks a helper that runs as a unit of its own whether it is there. It is asked nothing else, and told nothing. */
export async function inspectHelper(socket: string): Promise<Inspection> {
  const check = 'gateway helper';
  const status = await askOnce(socket);
  if (status === null) {
    const says = `nobody answers at ${socket}`;
    return { check, result: 'fail', says, mend: 'start its unit, and let this user open the socket' };
  }
  return pass(check, `answers at ${socket}, ${status.hasPlan ? 'holds a plan' : 'holds no plan yet'}`);
}

async function askOnce(socket: string): Promise<HelperStatus | null> {
  const coming = Promise.withResolvers<void>();
  const client = createKernelClient(socket, { onState: () => coming.resolve() });
  const timer = setTimeout(() => coming.resolve(), waitMs);
  await coming.promise;
  clearTimeout(timer);
  const status = client.isConnected() ? await client.status() : null;
  client.close();
  return status?.ok === true ? status.value : null;
}
