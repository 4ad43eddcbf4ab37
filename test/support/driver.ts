import { availableParallelism } from 'node:os';
import {
  type DriverChoice,
  nodeDriver,
  openDriver,
  openDriverOfFile,
  type TransportDriver,
} from '../../src/transport/index.ts';

/**
 * The driver that this run of a test is for: `EXEAT_TRANSPORT` says which, `EXEAT_TEST_NATIVE` names a file of the addon that was built for
 * tests, and `EXEAT_TRANSPORT_THREADS` says how many threads. Default: `node`.
 */
export function driverForTest(env: NodeJS.ProcessEnv = process.env): TransportDriver {
  const { EXEAT_TEST_NATIVE: file, EXEAT_TRANSPORT: choice = 'node' } = env;
  if (choice === 'node') return nodeDriver;
  const threads = Number(env['EXEAT_TRANSPORT_THREADS'] ?? Math.max(1, availableParallelism() >> 1));
  const driver = file === undefined ? openDriver(choice as DriverChoice, threads) : openDriverOfFile(file, threads);
  if (!driver.ok) throw new Error(driver.fault.message);
  return driver.value;
}
