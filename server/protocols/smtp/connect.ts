/** The TCP connection to a submission server. A name is resolved once, for the connection that is being made. */
import { connect, isIP, type Socket } from 'node:net';
import { permittedLookup } from '../ipp/lookup.ts';
import { isBlockedAddress } from '../ipp/target.ts';
import { smtpLimits } from '../limits.ts';

export type Connected =
  | { readonly kind: 'connected'; readonly socket: Socket }
  | { readonly kind: 'unreachable'; readonly words: string };

/** Connects within `smtpLimits.connectTimeoutMs`. Addresses at which no mail server stands are not connected to. */
export async function openSocket(
  target: { readonly host: string; readonly port: number },
  signal: AbortSignal,
): Promise<Connected> {
  const { host, port } = target;
  if (isIP(host) !== 0 && isBlockedAddress(host)) return { kind: 'unreachable', words: blocked(host) };
  const deadline = AbortSignal.timeout(smtpLimits.connectTimeoutMs);
  const until = AbortSignal.any([deadline, signal]);
  return await new Promise((resolve) => {
    const socket = connect({ host, port, lookup: lookupPermitted, autoSelectFamily: true });
    const settle = (answer: Connected): void => {
      until.removeEventListener('abort', giveUp);
      socket.removeListener('error', fail);
      if (answer.kind === 'unreachable') {
        socket.on('error', () => undefined);
        socket.destroy();
      }
      resolve(answer);
    };
    const fail = (error: Error): void => settle({ kind: 'unreachable', words: describeError(error) });
    const giveUp = (): void =>
      settle({ kind: 'unreachable', words: deadline.aborted ? `no connection in ${seconds}` : 'called off' });
    socket.once('error', fail);
    socket.once('connect', () => settle({ kind: 'connected', socket }));
    until.addEventListener('abort', giveUp, { once: true });
    if (until.aborted) giveUp();
  });
}

const seconds = `${smtpLimits.connectTimeoutMs / 1000} seconds`;

const lookupPermitted = permittedLookup((host) => new Error(blocked(host)));

function blocked(host: string): string {
  return `${host} leads to an address that mail servers do not have`;
}

/** All causes in one line: of several addresses that were tried, each has its own. */
export function describeError(error: unknown): string {
  if (error instanceof AggregateError) return [...new Set(error.errors.map(describeError))].join('; ');
  return error instanceof Error ? error.message : String(error);
}
