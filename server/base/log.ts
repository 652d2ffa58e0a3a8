/** JSON log lines on standard output. Secrets never get here; redaction is the second net, not the first. */
import pino from 'pino';

export type Log = pino.Logger;

const REDACTED_FIELDS = [
  'accessToken',
  'access_token',
  'refreshToken',
  'refresh_token',
  'idToken',
  'id_token',
  'deviceCode',
  'device_code',
  'password',
  'token',
  'setupToken',
  'authorization',
  'cookie',
];

/** Opens the log; `destination` is standard output unless a test looks at the lines. */
export function openLog(level: string, destination?: pino.DestinationStream): Log {
  const paths = REDACTED_FIELDS.flatMap((field) => [field, `*.${field}`, `*.*.${field}`]);
  const options: pino.LoggerOptions = {
    level,
    base: null,
    timestamp: pino.stdTimeFunctions.isoTime,
    redact: { paths, censor: '[redacted]' },
    serializers: { error: describeError },
  };
  return destination === undefined ? pino(options) : pino(options, destination);
}

/** Only chosen fields of an error reach the log: library errors can carry whole answers with tokens in them. */
export function describeError(error: unknown): Record<string, unknown> {
  if (!(error instanceof Error)) return { message: String(error).slice(0, 2000) };
  const described: Record<string, unknown> = { name: error.name, message: error.message.slice(0, 2000) };
  const { code, remote, facts } = error as { code?: unknown; remote?: unknown; facts?: unknown };
  if (typeof code === 'string') described.code = code;
  if (typeof remote === 'string') described.remote = remote.slice(0, 2000);
  if (facts !== undefined) described.facts = facts;
  if (error.stack !== undefined) described.stack = error.stack.split('\n').slice(0, 12).join('\n');
  if (error.cause instanceof Error) described.cause = `${error.cause.name}: ${error.cause.message.slice(0, 500)}`;
  return described;
}
