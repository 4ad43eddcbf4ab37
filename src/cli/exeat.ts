#!/usr/bin/env node
import { enableCompileCache } from 'node:module';
import { join } from 'node:path';

// Run from its sources, most of a start would be making JavaScript of them: what was made once is kept beside the dependencies, for the
// processes that this one starts too. Whoever may write there may write the sources.
if (import.meta.filename.endsWith('.ts'))
  process.env['NODE_COMPILE_CACHE'] ??= join(import.meta.dirname, '../../node_modules/.cache/exeat');
if (process.env['NODE_COMPILE_CACHE'] !== undefined) enableCompileCache(process.env['NODE_COMPILE_CACHE']);

const { createProcessIo } = await import('./cli-io.ts');
const { runCli } = await import('./run-cli.ts');

process.exitCode = await runCli(process.argv.slice(2), createProcessIo());
