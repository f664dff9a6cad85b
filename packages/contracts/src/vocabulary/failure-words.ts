import { headText } from './head-text.ts';
import type { OutcomeCode } from './outcome.ts';

/**
 * An HTTP status where error texts have one: at the beginning, in brackets, or behind a word such as `error`, `status`
 * or `"code":`. A number of lines or bytes is none.
 */
const status = (numbers: string): RegExp =>
  new RegExp(
    String.raw`(?:^|[([]|: |(?:error|exception|failed|http|code|status|got|returned)[^\w\n]{1,6})(?:${numbers})\b(?![:.]\d| ?(?:bytes|calls|characters|files|items|lines|m?s|of|requests|seconds|times|tokens)\b)`,
    'i',
  );

/** What is counted and used up, in the words of subscriptions: `session limit`, `weekly usage limits`. */
const window = String.raw`(?:[\w-]+ ){0,5}(?:usage )?(?:limits?|quota|allowance)`;

/**
 * By which words an error text is known, per code. They are those of real messages, which a test goes over: add the
 * message there first. The first code that fits counts, so what says more stands before what says less: a limit is often
 * reported as a wrong request, and a wrong key as one, too.
 */
const words: readonly (readonly [OutcomeCode, readonly RegExp[]])[] = [
  [
    'context_overflow',
    [
      /\bcontext[ _](?:length|window|size|limit)[ _](?:is )?(?:exceed|reach)|\bcontext[ _]overflow/i,
      /\bmaximum context length|(?:exceeds?|greater than) .{0,40}\bcontext (?:length|window|limit|size)/i,
      /prompt is too long|prompt length is \d|prompt token count/i,
      /\btoo many tokens\b(?!.{0,20},? please wait)/i,
      /input (?:is )?too long for/i,
      /input (?:token count|tokens?)?.{0,20}exceeds? the (?:maximum|limit)|exceeded model token limit/i,
      /request_?too_?large|request too large|reduce the length of the (?:messages|prompt)/i,
      /^4(?:00|13) status code \(no body\)/i,
      status('413'),
    ],
  ],
  [
    'overloaded',
    [
      /\boverloaded(?:_error)?\b(?! (?:function|method|operator|constructor|signature)s?\b)|_is_overloaded\b/i,
      /\bhigh demand\b|\bcapacity_exhausted\b|\bno capacity available\b|\bcapacity exceeded\b|\b(?:at|over|out of) capacity\b/i,
      /\b(?:server|service) is (?:currently )?busy\b/i,
    ],
  ],
  [
    'quota',
    [
      // Some say 429 when the money is gone as well: waiting will not help.
      /insufficient[ _]?(?:\w+ )?(?:quota|funds|credits?|balance)|exceeded your current quota/i,
      /credit balance is too low|\brequires more credits|used all available credits|\bbilling[ _](?:\w+[ _])?(?:error|limit)|payment required|check your billing/i,
      new RegExp(String.raw`\byou(?:['’]ve| have) (?:hit|reached|exceeded) (?:your|the) ${window}\b`, 'i'),
      new RegExp(String.raw`\byou(?:['’]re| are) out of (?:[\w-]+ ){0,3}(?:usage|credits|messages|requests)\b`, 'i'),
      /\b(?:\d+-hour|daily|weekly|monthly|session|spend(?:ing)?|usage|key) limit (?:has been )?(?:reach|exceed)/i,
      /\blimit reached ?[·∙•|] ?resets?\b/i,
      /\busage_limit_(?:reached|exceeded)\b/i,
      status('402'),
    ],
  ],
  [
    'rate_limit',
    [
      status('429'),
      // Not a rate limiter, nor a file of that name.
      /rate[ _-]?limit(?!er|ing|\w*\.[a-z])|too many requests|throttl(?:ed|ing)|please wait before trying again/i,
      /\bquota exceeded\b.{0,100}\bper (?:second|minute)\b/i,
      /\bresource (?:has been )?exhausted|\bRESOURCE_EXHAUSTED\b/i,
    ],
  ],
  [
    'quota',
    [
      /\bquota[ _]?(?:is |was |has been )?(?:exceeded|exhausted|reached)|\bexceeded (?:\S+ ){0,4}quota|\bno quota\b/i,
      /\byour quota will\b|\bexhausted your (?:capacity|quota)\b/i,
    ],
  ],
  [
    'refusal',
    [
      /\brefusal\b|\brefused to (?!connect)/i,
      /content[ _-]?filter|content management policy|\bsafety[ _](?:filter|polic|reason|setting|system)/i,
      /\bviolat\w+ (?:our|the) (?:usage|content) polic|\bPROHIBITED_CONTENT\b|: ?["']?SAFETY\b/i,
    ],
  ],
  [
    'invalid_request',
    [
      // The task names a model that the provider does not have.
      /\bmodel_not_(?:found|supported)\b|\b(?:unknown|invalid|no such|unsupported) model\b|\bnot a valid model/i,
      /\bnot_found_error\b.{0,60}"model: |\bmodels\/\S{1,100} is not found for API version/i,
      /\bpublisher model\b|\bmodel identifier is invalid\b|\bDeploymentNotFound\b|\bmodel not exist\b/i,
      /\bno endpoints found\b|\bon-demand throughput isn.t supported/i,
      /\bmodel.{0,60} (?:is not (?:supported|available)|is no longer (?:supported|available)|has been decommissioned)/i,
      /\bAPI deployment for this resource does not/i,
      // Between the two stands at most a name: in quotes, or with a digit or a dash; no name of a file, of which tools speak as well.
      /\bmodel:? (?:(?!\S{0,100}\.[a-z]{1,5}["'`]?\s)(?:["'`][^"'`\n]{1,100}["'`]|\S{0,100}[\d-]\S{0,100}) )?(?:(?:is |was |could )?not (?:be )?found|does not exist|doesn't exist)/i,
      /^404\b.{0,40}\bmodel: \S{1,100} not found/i,
    ],
  ],
  [
    'auth',
    [
      status('401|403'),
      /unauthori[sz]ed|(?:invalid|incorrect|missing|no) (?:x-)?api[ -]key|api[_ ]key[_ ](?:is )?(?:not valid|invalid|missing|expired)|authentication/i,
      /\b(?:please|must|have to) log ?in\b|\/login\b|\bnot logged in\b/i,
      /\btoken (?:included in the request )?(?:is|has|was) (?:been )?(?:expired|invalid|revoked)|\bExpiredToken|\bAccessDenied/i,
      /\bpermission_(?:error|denied)\b|\bload credentials\b/i,
    ],
  ],
  [
    'network',
    [
      /\bE(?:CONNREFUSED|CONNRESET|NOTFOUND|AI_AGAIN|TIMEDOUT|PIPE|HOSTUNREACH|NETUNREACH)\b|\bUND_ERR_/,
      /\bconnection error\b|\bfetch failed\b|\bsocket hang up\b|\bother side closed\b|\bpremature close\b|^terminated$/i,
      /\bunable to connect\b|\bconnection (?:was |is )?(?:closed|dropped|lost|refused|reset)\b|\bwebsocket closed\b/i,
      /\bnetwork (?:error|(?:is )?unreachable)\b|\bstream disconnected\b|\bupstream connect error\b|\berror sending request\b/i,
      /\bsocket disconnected\b|\bunexpected EOF\b|\bno such host\b|\bcould not resolve host\b/i,
    ],
  ],
  [
    'invalid_request',
    [
      status('400|422'),
      /\binvalid_request_error\b|\bbad request\b|\bINVALID_ARGUMENT\b|\bvalidationexception\b|\bunsupported (?:value|parameter): /i,
      /\bdoes not support tools\b|\bimage exceeds\b|\bimage dimensions exceed\b/i,
    ],
  ],
  [
    'overloaded',
    [
      status('5\\d\\d'),
      /internal (?:server )?error|\bupstream request failed\b|\bserver_error\b|\bapi_error\b|\bservice ?unavailable(?:exception)?\b|\bbad gateway\b/i,
    ],
  ],
  ['timeout', [/timed? ?out|deadline exceeded|deadline_exceeded/i]],
];

/**
 * Guesses the outcome code from a backend's error text, for backends that report nothing better. Reads the first 2000
 * characters.
 * Returns `fallback` when no words fit.
 */
export function classifyMessage(message: string, fallback: OutcomeCode = 'model_error'): OutcomeCode {
  const head = headText(message);
  return words.find(([, patterns]) => patterns.some((pattern) => pattern.test(head)))?.[0] ?? fallback;
}
