/** `connect`: walks an administrator through a connection to Microsoft 365, from the ids to the confirmed account. */
import type { Client } from './client.ts';
import { type Call, type Command, given, readList, readNumber } from './command.ts';
import { awaitConfirmation, type Confirmation, requestCode } from './confirm.ts';
import { showConnection } from './connections.ts';
import { runCheck, showChecks } from './doctor.ts';
import { findId, pathOf } from './find.ts';
import { handOver, handOverOptions } from './hand-over.ts';
import { explainKept, Problem, showProblem } from './problem.ts';
import { ask, askOnce, canAsk, readPassword } from './prompt.ts';
import type { Screen } from './screen.ts';
import { type Connection, connection, type DeviceCode } from './shapes.ts';
import { giveAddress, isCodeBlocked, signInByLink, signInHere } from './sign-in-link.ts';
import { state } from './words.ts';

const DEFAULT_TITLE = 'MS Exchange Online';
const MAX_CODES = 100;

const connect: Command = {
  words: ['connect'],
  options: {
    connection: { value: 'id', about: 'connect-connection' },
    title: { value: 'text', about: 'connect-title' },
    'client-id': { value: 'text' },
    'tenant-id': { value: 'text' },
    cloud: { value: 'name' },
    'expected-account': { value: 'address' },
    uses: { value: 'list' },
    codes: { value: 'number' },
    link: {},
    here: { about: 'connect-here' },
    address: { value: 'text', about: 'connect-address' },
    ...handOverOptions,
  },
  async run(call) {
    const codes = readNumber(call, 'codes', { min: 1, max: MAX_CODES });
    const client = await call.openClient();
    const chosen = await choose(call, client);
    const address = call.find('address');
    if (address !== undefined) await confirmByAddress(client, call.screen, { connection: chosen, address });
    else if (call.has('hand-over')) await handOver(call, client, chosen);
    else if (call.has('here')) await finish(client, call.screen, await signInHere(client, call.screen, chosen));
    else if (call.has('link')) await confirmByLink(client, call.screen, chosen);
    else await confirm(client, call.screen, { connection: chosen, codes });
  },
};

/** The connection that was named, a new one from the options, or what the person at the terminal says. */
async function choose(call: Call, client: Client): Promise<Connection> {
  const { screen } = call;
  const named = call.find('connection');
  if (named !== undefined) {
    const id = await findId(client, screen, { kind: 'connection', text: named });
    return await client.get(connection, pathOf('connection', id));
  }
  const isNew = ['title', 'client-id', 'tenant-id'].some((name) => call.has(name));
  if (!isNew && canAsk(screen)) {
    const existing = await chooseExisting(client, screen);
    if (existing !== undefined) return existing;
  }
  return await create(call, client);
}

async function chooseExisting(client: Client, screen: Screen): Promise<Connection | undefined> {
  const items = await client.list(connection, '/connections');
  if (items.length === 0) return undefined;
  screen.say('connect.existing');
  items.forEach((item, index) => {
    screen.line(`  ${index + 1}  ${item.title}  `, state(screen.language, 'connection', item.state));
  });
  for (;;) {
    const answer = await askOnce(screen.text('ask.connection', { count: items.length }));
    if (answer === '') return undefined;
    const item = /^\d{1,6}$/.test(answer) ? items[Number(answer) - 1] : undefined;
    if (item !== undefined) return item;
  }
}

async function create(call: Call, client: Client): Promise<Connection> {
  const { screen } = call;
  const option = async (name: string) =>
    call.find(name) ?? (await ask(screen, { text: screen.text(`ask.${name}`), option: name }));
  const clientId = await option('client-id');
  const tenantId = await option('tenant-id');
  const isAsking = canAsk(screen) && !call.has('title');
  const title =
    call.find('title') ?? (isAsking ? await askOnce(screen.text('ask.title', { title: DEFAULT_TITLE })) : '');
  const account = call.find('expected-account') ?? (isAsking ? await askOnce(screen.text('ask.expected-account')) : '');
  const made = await client.ask(connection, {
    method: 'POST',
    path: '/connections',
    body: given({
      kind: 'exchange-online',
      title: title === '' ? DEFAULT_TITLE : title,
      clientId,
      tenantId,
      cloud: call.find('cloud'),
      expectedAccount: account === '' ? undefined : account,
      uses: readList(call, 'uses'),
    }),
  });
  if (screen.isJson) screen.jsonLine({ event: 'created', connectionId: made.id });
  else screen.say('connect.created', { title: made.title, id: made.id });
  return made;
}

type Wanted = { readonly connection: Connection; readonly codes: number | undefined };

/** Codes one after the other until one is confirmed; a person is asked before each new one, a script says how many. */
async function confirm(client: Client, screen: Screen, { connection, codes }: Wanted): Promise<void> {
  for (let count = 1; ; count += 1) {
    let code: DeviceCode;
    try {
      code = await requestCode(client, connection.id);
    } catch (error) {
      if (!isCodeBlocked(error) || !(await mayUseLink(screen, connection))) throw error;
      return await confirmByLink(client, screen, connection);
    }
    const confirmation = await awaitConfirmation(client, screen, { connection, code });
    const { login } = confirmation.connection;
    if (confirmation.outcome !== 'expired') {
      const isBlocked = confirmation.outcome === 'ended' && login?.offersLink === true;
      if (isBlocked && (await mayUseLink(screen, connection))) return await confirmByLink(client, screen, connection);
      return await finish(client, screen, confirmation);
    }
    if (screen.isJson) screen.jsonLine({ event: 'expired' });
    else screen.line({ text: screen.text('connect.expired'), tone: 'warning' });
    const mayAsk = codes === undefined && canAsk(screen);
    if (!mayAsk && count >= (codes ?? 1)) throw failure(screen, confirmation);
    if (!mayAsk) continue;
    const answer = await askOnce(screen.text('ask.new-code-or-link'));
    if (answer.toLowerCase() === 'l') return await confirmByLink(client, screen, connection);
  }
}

/** Codes are blocked: a person at the terminal may go on by link at once, and everybody reads how. */
async function mayUseLink(screen: Screen, { id }: Connection): Promise<boolean> {
  if (screen.isJson) screen.jsonLine({ event: 'code-blocked', connectionId: id });
  if (!canAsk(screen)) {
    if (!screen.isJson)
      screen.line(screen.text('connect.link.instead'), `  npx platen connect --connection ${id} --link`);
    return false;
  }
  const answer = await askOnce(screen.text('ask.link-instead'));
  return !/^n/i.test(answer);
}

async function confirmByLink(client: Client, screen: Screen, connection: Connection): Promise<void> {
  const ended = await signInByLink(client, screen, connection);
  if (ended !== undefined) await finishLink(client, screen, ended);
}

type WithAddress = { readonly connection: Connection; readonly address: string };

async function confirmByAddress(client: Client, screen: Screen, { connection, address }: WithAddress): Promise<void> {
  await finishLink(client, screen, await giveAddress(client, connection.id, await readPassword(address)));
}

async function finishLink(client: Client, screen: Screen, connection: Connection): Promise<void> {
  const outcome = connection.login?.state === 'granted' ? 'granted' : 'ended';
  await finish(client, screen, { outcome, connection });
}

async function finish(client: Client, screen: Screen, confirmation: Confirmation): Promise<void> {
  const { connection, outcome } = confirmation;
  if (outcome !== 'granted') throw failure(screen, confirmation);
  const account = connection.account?.username ?? '';
  if (screen.isJson) screen.jsonLine({ event: 'confirmed', connection });
  else screen.line({ text: screen.text('connect.confirmed', { account }), tone: 'good' });
  await check(client, screen, connection);
  if (screen.isJson) return;
  screen.line('');
  showConnection(screen, { ...connection, checks: null });
  screen.line('');
  screen.say('connect.next');
  screen.line(`  npx platen network set --sender-email ${account} --connection ${connection.id}`);
  screen.line(`  npx platen mailboxes add --connection ${connection.id}`);
}

/** Tries what was confirmed. It stays confirmed whatever comes of that: a permission may need an hour to take effect. */
async function check(client: Client, screen: Screen, { id }: Connection): Promise<void> {
  try {
    const report = await runCheck(client, id);
    if (screen.isJson) screen.jsonLine({ event: 'checked', report });
    else showChecks(screen, report);
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    if (screen.isJson) screen.jsonLine({ event: 'not-checked', error: error.told });
    else showProblem(screen, error.told, 'result');
  }
}

function failure(screen: Screen, { outcome, connection }: Confirmation): Problem {
  const kept = connection.login?.problem;
  if (outcome === 'replaced') {
    return new Problem({
      code: 'login-replaced',
      title: screen.text('connect.replaced.title'),
      advice: screen.text('connect.replaced.advice', { id: connection.id }),
    });
  }
  if (kept !== null && kept !== undefined) return new Problem(explainKept(screen.language, kept));
  const loginState = connection.login?.state ?? outcome;
  return new Problem({
    code: `login-${loginState}`,
    title: screen.text('connect.ended', { state: wordOf(screen, loginState) }),
    advice: screen.text('connect.again', { id: connection.id }),
  });
}

function wordOf(screen: Screen, loginState: string): string {
  const cell = state(screen.language, 'login', loginState);
  return typeof cell === 'string' ? cell : cell.text;
}

export const connectCommands: readonly Command[] = [connect];
