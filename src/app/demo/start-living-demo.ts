import type { Result } from '../../base/index.ts';
import type { Demo, DemoOptions } from './living-demo.ts';

/** Starts the living demo; `ended` settles when it is to end. Faults, each with the mend: a port in use, a folder that cannot be written. */
export async function startLivingDemo(options: DemoOptions, ended: Promise<void>): Promise<Result<Demo>> {
  // Loaded only here: nothing of the demo is in a product that does not ask for it.
  const { startTown } = await import('./town/start-town.ts');
  return startTown(options, ended);
}
