const passed: ReadonlySet<string> = new Set(
  `PATH HOME USER LOGNAME SHELL TMPDIR TZ TERM SSH_AUTH_SOCK XDG_CONFIG_HOME XDG_CACHE_HOME XDG_DATA_HOME XDG_RUNTIME_DIR
   HTTP_PROXY HTTPS_PROXY ALL_PROXY NO_PROXY http_proxy https_proxy all_proxy no_proxy SSL_CERT_FILE SSL_CERT_DIR
   SYSTEMROOT SYSTEMDRIVE COMSPEC PATHEXT TEMP TMP USERPROFILE HOMEDRIVE HOMEPATH APPDATA LOCALAPPDATA PROGRAMDATA`.split(
    /\s+/,
  ),
);

/** The environment of git: no repository, index or configuration of the caller's leaks into it. */
export function gitEnvironment(from: Readonly<Record<string, string | undefined>>): Record<string, string | undefined> {
  return {
    ...Object.fromEntries(Object.entries(from).filter(([name]) => passed.has(name) || passed.has(name.toUpperCase()))),
    LC_ALL: 'C',
    GIT_TERMINAL_PROMPT: '0',
    GIT_OPTIONAL_LOCKS: '0',
    GIT_LITERAL_PATHSPECS: '1',
    GIT_ADVICE: '0',
  };
}

/**
 * What every command overrides in the configuration: nothing runs by itself, nothing asks, no hook runs, no submodule is
 * followed, and names that only other systems dislike are kept.
 */
export const gitConfig: readonly string[] = [
  'core.hooksPath=/dev/null',
  'core.fsmonitor=false',
  'core.safecrlf=false',
  'core.splitIndex=false',
  'core.protectNTFS=false',
  'core.protectHFS=false',
  'core.quotePath=false',
  'gc.auto=0',
  'maintenance.auto=false',
  'commit.gpgSign=false',
  'submodule.recurse=false',
  'advice.detachedHead=false',
].flatMap((setting) => ['-c', setting]);
