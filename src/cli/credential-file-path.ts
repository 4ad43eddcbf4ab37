import type { Cli } from './cli.ts';

/** The configured credential file, or null after a fault was printed. */
export function credentialFilePath(cli: Cli): string | null {
  const config = cli.config();
  if (config === null) return null;
  if (config.credentials !== null) return config.credentials;
  cli.fail({ message: `\`${config.file}\` names no credential file; set \`credentials: ./credentials.json\`` });
  return null;
}
