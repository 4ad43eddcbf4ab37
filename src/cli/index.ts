export type { CliIo } from './cli-io.ts';
export { exitCodes } from './exit-codes.ts';
export { runCli } from './run-cli.ts';
