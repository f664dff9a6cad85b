import { errorDataSchema, type AgentRuntimeError } from '@runtime/contracts';
import { z } from 'zod';
import { errorNumber } from './error-numbers.ts';

/** JSON-RPC 2.0, one message a line, both ways; described in docs/socket.md. The server speaks first, with `hello`. */
export const protocol = 'runtime-socket/2';

/** Notifications: `hello` and `stream.items` come from the server, the cancellation (as in LSP) from the client. */
export const helloMethod = 'hello';
export const itemsMethod = 'stream.items';
export const cancelMethod = '$/cancelRequest';

const jsonrpc = '2.0';
const head = { jsonrpc: z.literal(jsonrpc) };

const requestIdSchema = z.union([z.int(), z.string().max(200)]);
export type RequestId = z.infer<typeof requestIdSchema>;

/** What a client sends. Fields that it does not know are dropped. */
export const requestSchema = z.object({
  ...head,
  /** Missing in a notification, which gets no answer. */
  id: requestIdSchema.optional(),
  method: z.string().min(1).max(100),
  params: z.union([z.record(z.string(), z.unknown()), z.array(z.unknown())]).default({}),
});

const helloSchema = z.object({
  ...head,
  method: z.literal(helloMethod),
  params: z.object({ protocol: z.literal(protocol), epoch: z.int(), pid: z.int() }),
});
export type Hello = z.infer<typeof helloSchema>['params'];

const itemsSchema = z.object({
  ...head,
  method: z.literal(itemsMethod),
  params: z.object({ id: requestIdSchema, items: z.array(z.unknown()) }),
});
const resultSchema = z.object({ ...head, id: requestIdSchema, result: z.unknown() });
const failureSchema = z.object({
  ...head,
  /** Null when the request could not be read. The server closes the connection after that. */
  id: requestIdSchema.nullable(),
  error: z.object({ code: z.int(), message: z.string(), data: errorDataSchema }),
});
const otherNotificationSchema = z.object({ ...head, method: z.string(), id: z.undefined().optional() });

/** What a client gets once it was greeted. The most frequent first. */
const replySchema = z.union([itemsSchema, resultSchema, failureSchema]);
export type Reply = z.infer<typeof replySchema>;

/** Throws a `ZodError` for a greeting of another protocol. */
export const parseHello = (frame: unknown): Hello => helloSchema.parse(frame).params;

/** Undefined for a notification that this version does not know. Throws a `ZodError` for what is no message. */
export function parseReply(frame: unknown): Reply | undefined {
  const reply = replySchema.safeParse(frame);
  if (reply.success) return reply.data;
  if (otherNotificationSchema.safeParse(frame).success) return undefined;
  throw reply.error;
}

export const request = (id: RequestId, method: string, params: Readonly<Record<string, unknown>>) =>
  ({ jsonrpc, id, method, params }) as const;

export const notification = (method: string, params: Readonly<Record<string, unknown>>) =>
  ({ jsonrpc, method, params }) as const;

export const result = (id: RequestId, value: unknown) => ({ jsonrpc, id, result: value ?? null }) as const;

/** Our error is in `data`, whole; `code` is its number for clients that know JSON-RPC only. */
export const failure = (id: RequestId | null, error: AgentRuntimeError, code = errorNumber(error)) =>
  ({ jsonrpc, id, error: { code, message: error.rawMessage, data: error.toData() } }) as const;
