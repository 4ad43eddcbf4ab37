// Variables that lead to what runs outside: agents, buses, displays, engines of containers, editors, the session of whoever called.
const leadsOut: readonly RegExp[] = [
  /^(?:SSH_AUTH_SOCK|SSH_AGENT_PID|SSH_CONNECTION|SSH_CLIENT|SSH_TTY|SSH_ASKPASS|GPG_AGENT_INFO|GNOME_KEYRING_.*)$/,
  /^(?:DBUS_.*|DISPLAY|WAYLAND_DISPLAY|XAUTHORITY|SESSION_MANAGER|PULSE_SERVER|PIPEWIRE_.*|XDG_RUNTIME_DIR|XDG_SESSION_.*)$/,
  /^(?:DOCKER_HOST|DOCKER_CONTEXT|DOCKER_TLS_VERIFY|CONTAINER_HOST|CONTAINERD_ADDRESS|PODMAN_.*|LXD_.*|INCUS_.*|LIBVIRT_.*)$/,
  /^(?:TMUX|TMUX_PANE|STY|VSCODE_.*|GIT_ASKPASS|NOTIFY_SOCKET|LISTEN_.*|WATCHDOG_.*|JOURNAL_STREAM|INVOCATION_ID|SUDO_.*)$/,
  // What is told to Exeat is not for the command, tokens least of all.
  /^EXEAT_.*$/,
  /^(?:NODE_CHANNEL_.*|NODE_UNIQUE_ID)$/,
];

// Where this program keeps what Node compiled of it.
const ownCompiled = /\/node_modules\/\.cache\/exeat$/;

const proxyVariables = ['http_proxy', 'https_proxy', 'all_proxy', 'ftp_proxy', 'no_proxy'];
const proxyUrl = 'http://127.0.0.1:3128';
/** What the command itself listens on inside is reached directly. */
const withoutProxy = 'localhost,127.0.0.1,::1';

/** What is kept of the caller. */
export interface EnvironmentOptions {
  /** Sockets that are left visible: variables that name one of them stay. */
  readonly sockets: readonly string[];
  /** Where the private runtime folder is. */
  readonly runtimeFolder: string;
}

/** The variables that the command gets: those of the caller without what leads outside, with the way out by the proxy in both spellings. */
export function commandEnvironment(
  env: Readonly<Record<string, string | undefined>>,
  { sockets, runtimeFolder }: EnvironmentOptions,
): Readonly<Record<string, string>> {
  const kept = Object.entries(env).filter(
    (entry): entry is [string, string] => entry[1] !== undefined && isKept(entry[0], entry[1], sockets),
  );
  const proxies = ['http_proxy', 'https_proxy', 'all_proxy'].flatMap((name) => bothSpellings(name, proxyUrl));
  return {
    ...Object.fromEntries(kept),
    ...Object.fromEntries([...proxies, ...bothSpellings('no_proxy', withoutProxy)]),
    // Node 24 looks at the variables only when told to.
    NODE_USE_ENV_PROXY: '1',
    XDG_RUNTIME_DIR: runtimeFolder,
    EXEAT_RUN: '1',
  };
}

function isKept(name: string, value: string, sockets: readonly string[]): boolean {
  if (proxyVariables.includes(name.toLowerCase())) return false;
  if (name === 'NODE_COMPILE_CACHE' && ownCompiled.test(value)) return false;
  if (!leadsOut.some((pattern) => pattern.test(name))) return true;
  const path = value.replace(/^unix:(?:path=|\/\/)?/, '');
  return sockets.includes(path);
}

function bothSpellings(name: string, value: string): readonly (readonly [string, string])[] {
  return [
    [name, value],
    [name.toUpperCase(), value],
  ];
}
