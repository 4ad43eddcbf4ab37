import type { UpReport } from '../supervisor.ts';

/** How the living demo is started. */
export interface DemoOptions {
  /** Port of the console on 127.0.0.1; 0 for any that is free. */
  readonly consolePort: number;
  /** Asks a second, on average. */
  readonly ratePerSecond: number;
  /** Folder that stays when it ends; null for one that goes. */
  readonly keep: string | null;
  /** Is told, in one line, what the demo could not do. */
  readonly onTrouble: (line: string) => void;
}

/** A running demo. */
export interface Demo {
  readonly folder: string;
  readonly configPath: string;
  /** Where the processes of the product log. */
  readonly logPath: string;
  /** `http://localhost:8440`: by name, since passkeys know no addresses. */
  readonly console: string;
  /** `127.0.0.1:41234`. */
  readonly proxy: string;
  readonly pids: UpReport['pids'];
  /** People with a token each, good at once. */
  readonly signIns: readonly { readonly id: string; readonly role: string; readonly token: string }[];
  /** The founding link that is left: whoever opens it becomes security. */
  readonly securityLink: string;
  /** Ends everything that it started, and takes its folder away unless it is to be kept. */
  stop(): Promise<void>;
}
