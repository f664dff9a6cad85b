type Json = Record<string, unknown>;

function field(value: unknown, key: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, key) : undefined;
}

function show(value: unknown): string {
  if (typeof value === 'string') return value;
  return value === undefined ? 'undefined' : JSON.stringify(value);
}

/**
 * What must be the same in a recording of Pi and in its double: order, roles, reasons, queue lengths. Deltas and tool
 * updates are left out, their number is a matter of time.
 */
export function signature(records: readonly Json[]): string[] {
  return records.flatMap((record) => {
    const type = show(record['type']);
    switch (type) {
      case 'response': {
        const data = record['data'];
        const parts = [
          `response ${show(record['command'])} id=${show(record['id'])} ${record['success'] === true ? 'ok' : show(record['error'])}`,
        ];
        if (field(data, 'disposition') !== undefined) parts.push(show(field(data, 'disposition')));
        if (record['command'] === 'get_state') {
          parts.push(
            `streaming=${show(field(data, 'isStreaming'))} pending=${show(field(data, 'pendingMessageCount'))} messages=${show(field(data, 'messageCount'))}`,
          );
        }
        return parts.join(' ');
      }
      case 'message_start':
      case 'message_end': {
        const message = record['message'];
        return `${type} ${show(field(message, 'role'))} ${show(field(message, 'stopReason') ?? '')} ${errorOf(field(message, 'errorMessage'))}`.trim();
      }
      case 'message_update': {
        const event = show(field(record['assistantMessageEvent'], 'type'));
        return event.endsWith('_delta') ? [] : `update ${event}`;
      }
      case 'tool_execution_update':
        return [];
      case 'tool_execution_end':
        return `${type} error=${show(record['isError'])} duration=${record['durationMs'] !== undefined}`;
      case 'queue_update':
        return `${type} ${show(field(record['steering'], 'length'))} ${show(field(record['followUp'], 'length'))}`;
      case 'agent_end':
        return `${type} willRetry=${show(record['willRetry'])} messages=${show(field(record['messages'], 'length'))}`;
      case 'agent_settled':
        return `${type} aborted=${show(record['aborted'])}`;
      case 'extension_ui_request':
        return `${type} ${show(record['method'])}`;
      case 'auto_retry_start':
      case 'auto_retry_end':
        return `${type} ${show(record['attempt'])} success=${show(record['success'])}`;
      case 'entry_appended':
        return `${type} ${show(field(record['entry'], 'type'))}`;
      default:
        return type;
    }
  });
}

/** The words of a model server are not the double's to repeat; Pi's own are. */
function errorOf(message: unknown): string {
  if (message === undefined) return '';
  return /abort/.test(show(message)) ? show(message) : 'an error';
}
