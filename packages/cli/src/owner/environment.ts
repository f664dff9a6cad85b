import { buildEnvironment } from '@runtime/adapter-kit/run';

/** Needed to start any process on Windows. */
const windowsNames: readonly string[] = 'SystemRoot ComSpec PATHEXT APPDATA LOCALAPPDATA USERPROFILE TEMP TMP'.split(
  ' ',
);

/**
 * The environment of a detached owner: an allow-list without credentials, because each task brings the variables of its
 * own shell. Never the marker of a run: an owner that an agent starts must not be treated as a process of that agent's
 * run and be reaped with it.
 */
export async function ownerEnvironment(
  base: Readonly<Record<string, string | undefined>>,
): Promise<Record<string, string>> {
  const { env } = await buildEnvironment({ base, pass: windowsNames });
  return { ...env };
}
