/** What this platform lets us promise about processes. */
export interface PlatformSupport {
  /** Processes of a run are found wherever they hide. Without it only the agent's process group can be ended. */
  readonly markerScan: boolean;
  /**
   * An agent dies with its holder (where `setpriv` is installed). Without it a killed holder leaves the agent to
   * `reap`.
   */
  readonly parentDeathSignal: boolean;
  /** Holders can be made at all, so that runs outlive us and can be found again. */
  readonly holder: boolean;
}

/**
 * Declared, not hidden: Linux has everything, macOS holders without scan and parent-death signal, Windows nothing of
 * it.
 */
export function platformSupport(platform: NodeJS.Platform = process.platform): PlatformSupport {
  const linux = platform === 'linux';
  return { markerScan: linux, parentDeathSignal: linux, holder: platform !== 'win32' };
}
