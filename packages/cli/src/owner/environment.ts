import { buildEnvironment } from '@runtime/adapter-kit/run';

/** The variables that hold the credentials of providers. `doctor` shows which of them are set. */
export const credentialNames: readonly string[] = `
  ANTHROPIC_API_KEY ANTHROPIC_AUTH_TOKEN ANTHROPIC_OAUTH_TOKEN CLAUDE_CODE_OAUTH_TOKEN
  OPENAI_API_KEY CODEX_API_KEY AZURE_OPENAI_API_KEY
  GEMINI_API_KEY GOOGLE_API_KEY GOOGLE_APPLICATION_CREDENTIALS
  AWS_PROFILE AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY AWS_SESSION_TOKEN AWS_BEARER_TOKEN_BEDROCK
  OPENROUTER_API_KEY AI_GATEWAY_API_KEY GROQ_API_KEY CEREBRAS_API_KEY XAI_API_KEY MISTRAL_API_KEY
  DEEPSEEK_API_KEY MINIMAX_API_KEY MOONSHOT_API_KEY KIMI_API_KEY ZAI_API_KEY HF_TOKEN FIREWORKS_API_KEY
  COPILOT_GITHUB_TOKEN GH_TOKEN GITHUB_TOKEN OPENCODE_API_KEY
`
  .trim()
  .split(/\s+/);

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
