/** How Pi is run. Everything has a default: `pi()` runs the `pi` on PATH as its user would. */
export interface PiOptions {
  /** The runtime's id, by which targets name it. @default 'pi' */
  readonly id?: string;
  /** The program and what comes before our arguments. Names without a slash are looked up on the run's PATH. @default ['pi'] */
  readonly command?: readonly string[];
  /** Further arguments, after ours: `['--no-approve', '--tools', 'read,grep']`. @default none */
  readonly args?: readonly string[];
  /**
   * A private agent directory in the run's directory: models, settings and the login are taken over, extensions, skills and sessions are not.
   * @default false: the user's own `~/.pi/agent`, so that sessions are where they look for them. No command that changes settings is ever sent.
   */
  readonly isolate?: boolean;
  /** Extensions of the user and of trusted projects are loaded. @default true: as Pi does by itself */
  readonly extensions?: boolean;
  /** Pi makes no network calls of its own (catalogue, updates); the model is called all the same. @default false */
  readonly offline?: boolean;
  /** Images are taken, unless the model in use takes none. @default true */
  readonly images?: boolean;
  /** How long Pi may take until it answers its first command, in ms. @default 20000: ten times what it needs on a busy machine */
  readonly startupMs?: number;
}

/** The same with all defaults filled in. */
export type PiSettings = Required<PiOptions>;

export const withDefaults = (options: PiOptions): PiSettings => ({
  id: 'pi',
  command: ['pi'],
  args: [],
  isolate: false,
  extensions: true,
  offline: false,
  images: true,
  startupMs: 20_000,
  ...options,
});

/** Variables of the owner's environment that Pi's providers read, for `buildEnvironment({ pass })` of a host; a trailing `*` stands for any end. */
export const piProviderVariables: readonly string[] = [
  'AI_GATEWAY_API_KEY',
  'ANTHROPIC_API_KEY',
  'ANTHROPIC_AUTH_TOKEN',
  'ANTHROPIC_OAUTH_TOKEN',
  'ANT_LING_API_KEY',
  'AWS_*',
  'AZURE_OPENAI_*',
  'BASETEN_API_KEY',
  'CEREBRAS_API_KEY',
  'CLOUDFLARE_ACCOUNT_ID',
  'CLOUDFLARE_API_KEY',
  'CLOUDFLARE_GATEWAY_ID',
  'COPILOT_GITHUB_TOKEN',
  'DEEPSEEK_API_KEY',
  'FIREWORKS_API_KEY',
  'GCLOUD_PROJECT',
  'GEMINI_API_KEY',
  'GOOGLE_APPLICATION_CREDENTIALS',
  'GOOGLE_CLOUD_*',
  'GROQ_API_KEY',
  'HF_TOKEN',
  'KIMI_API_KEY',
  'META_API_KEY',
  'MINIMAX_API_KEY',
  'MINIMAX_CN_API_KEY',
  'MISTRAL_API_KEY',
  'MOONSHOT_API_KEY',
  'NVIDIA_API_KEY',
  'OPENAI_API_KEY',
  'OPENCODE_API_KEY',
  'OPENROUTER_API_KEY',
  'PI_CODING_AGENT_DIR',
  'QWEN_TOKEN_PLAN_*',
  'RADIUS_API_KEY',
  'TOGETHER_API_KEY',
  'XAI_API_KEY',
  'XIAOMI_*',
  'ZAI_API_KEY',
  'ZAI_CODING_CN_API_KEY',
];
