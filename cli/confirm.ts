/**
 * One confirmation, as the person at the terminal lives through it: the code, the remaining time, what came of it. The
 * flow itself runs in the server; leaving this command ends nothing.
 */
import { systemClock } from '../server/base/clock.ts';
import { type Client, isPassing } from './client.ts';
import { pathOf } from './find.ts';
import type { Screen } from './screen.ts';
import { type Connection, connection, type DeviceCode, deviceCode } from './shapes.ts';
import { instant, remaining } from './words.ts';

export type Confirmation = {
  /** `replaced`: somebody began another login meanwhile, which made ours void. */
  readonly outcome: 'granted' | 'expired' | 'ended' | 'replaced';
  readonly connection: Connection;
};

const LOOK_EVERY_MS = 1_000;
const TELL_EVERY_MS = 60_000;
/** The server settles an expired code a moment after its time; without a word from it we do not wait for ever. */
const PATIENCE_MS = 6 * 60_000;

export async function requestCode(client: Client, connectionId: string): Promise<DeviceCode> {
  return await client.ask(deviceCode, { method: 'POST', path: `${pathOf('connection', connectionId)}/device-code` });
}

/** Shows the code and waits for what becomes of it. Throws `Problem` when the server is gone for good. */
export async function awaitConfirmation(
  client: Client,
  screen: Screen,
  asked: { readonly connection: Connection; readonly code: DeviceCode },
): Promise<Confirmation> {
  showCode(screen, asked);
  return await awaitLogin(client, screen, { id: asked.connection.id, expiresAt: asked.code.expiresAt });
}

/** Waits for what becomes of a login that has been shown; `expiresAt` tells it from another one of the connection. */
export async function awaitLogin(
  client: Client,
  screen: Screen,
  { id, expiresAt }: { readonly id: string; readonly expiresAt: string },
): Promise<Confirmation> {
  const watch = new Watch(screen, expiresAt);
  const lastMs = Date.parse(expiresAt) + PATIENCE_MS;
  for (;;) {
    const current = await look(client, id, { watch, lastMs });
    if (current !== undefined) {
      const settled = settle(current, expiresAt);
      if (settled !== undefined) return settled;
      watch.showLogin(current);
    }
    watch.showTime();
    await systemClock.sleep(LOOK_EVERY_MS);
  }
}

async function look(
  client: Client,
  connectionId: string,
  { watch, lastMs }: { readonly watch: Watch; readonly lastMs: number },
): Promise<Connection | undefined> {
  try {
    return await client.get(connection, pathOf('connection', connectionId));
  } catch (error) {
    if (!isPassing(error) || systemClock.now().getTime() > lastMs) throw error;
    watch.showTrouble('server');
    return undefined;
  }
}

function settle(current: Connection, expiresAt: string): Confirmation | undefined {
  const { login } = current;
  if (login === null || login === undefined) return { outcome: 'replaced', connection: current };
  if (login.expiresAt !== expiresAt) return { outcome: 'replaced', connection: current };
  if (login.state === 'pending') return undefined;
  if (login.state === 'granted' || login.state === 'expired') return { outcome: login.state, connection: current };
  return { outcome: 'ended', connection: current };
}

function showCode(screen: Screen, asked: { readonly connection: Connection; readonly code: DeviceCode }): void {
  const { connection, code } = asked;
  if (screen.isJson) {
    screen.jsonLine({ event: 'code', connectionId: connection.id, ...code });
    return;
  }
  screen.line('');
  if (connection.expectedAccount !== null && connection.expectedAccount !== undefined) {
    screen.line({ text: screen.text('connect.account', { account: connection.expectedAccount }), tone: 'strong' });
  }
  screen.line(`1  ${screen.text('connect.open')}  `, { text: code.verificationUri, tone: 'strong' });
  screen.line(`2  ${screen.text('connect.enter')}  `, { text: code.userCode, tone: 'strong' });
  screen.line('');
  screen.say('connect.private');
  screen.say('connect.mail-off');
  screen.say('connect.leave', { time: instant(screen.language, code.expiresAt) });
  screen.line('');
}

type Trouble = 'server' | 'microsoft';

/** What is shown while a login waits: a line that counts down at a terminal, a line a minute elsewhere. */
class Watch {
  readonly #screen: Screen;
  readonly #endMs: number;
  #toldAtMs = Number.NEGATIVE_INFINITY;
  #trouble: Trouble | undefined;

  constructor(screen: Screen, expiresAt: string) {
    this.#screen = screen;
    this.#endMs = Date.parse(expiresAt);
  }

  showLogin(current: Connection): void {
    if (current.login?.problem === null || current.login?.problem === undefined) this.#clear();
    else this.showTrouble('microsoft');
  }

  showTrouble(trouble: Trouble): void {
    if (this.#trouble === trouble) return;
    this.#trouble = trouble;
    if (this.#screen.isJson) this.#screen.jsonLine({ event: 'trouble', with: trouble });
    else this.#screen.line({ text: this.#screen.text(`connect.trouble.${trouble}`), tone: 'warning' });
  }

  showTime(): void {
    const leftMs = this.#endMs - systemClock.now().getTime();
    const text = this.#screen.text('connect.left', { time: remaining(leftMs) });
    if (this.#screen.isJson) return;
    if (this.#screen.isTerminal) {
      this.#screen.rewrite(text);
      return;
    }
    const nowMs = systemClock.monotonicMs();
    if (nowMs - this.#toldAtMs < TELL_EVERY_MS) return;
    this.#toldAtMs = nowMs;
    this.#screen.line(text);
  }

  #clear(): void {
    if (this.#trouble === undefined) return;
    this.#trouble = undefined;
    if (this.#screen.isJson) this.#screen.jsonLine({ event: 'trouble-over' });
    else this.#screen.say('connect.trouble.over');
  }
}
