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

/** Where agents and their providers are found. The last line is needed to start any process on Windows. */
const agentNames: readonly string[] = `
  ANTHROPIC_BASE_URL OPENAI_BASE_URL AZURE_OPENAI_BASE_URL AZURE_OPENAI_RESOURCE_NAME
  GOOGLE_CLOUD_PROJECT GOOGLE_CLOUD_LOCATION AWS_REGION AWS_DEFAULT_REGION
  PI_CODING_AGENT_DIR CLAUDE_CONFIG_DIR CODEX_HOME
  SystemRoot ComSpec PATHEXT APPDATA LOCALAPPDATA USERPROFILE TEMP TMP
`
  .trim()
  .split(/\s+/);

/**
 * The environment of a detached owner: an allow-list, the variables of providers, and `extraNames`. Never the marker of
 * a run: an owner that an agent starts must not be treated as a process of that agent's run and be reaped with it.
 */
export async function ownerEnvironment(
  base: Readonly<Record<string, string | undefined>>,
  extraNames: readonly string[],
): Promise<Record<string, string>> {
  const { env } = await buildEnvironment({ base, pass: [...credentialNames, ...agentNames, ...extraNames] });
  return { ...env };
}
