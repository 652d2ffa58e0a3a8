/** `devices`: the copiers, scanners and programs that may hand their mail to the relay. */
import type { Client } from './client.ts';
import { type Call, type Command, given, readList, readNumber } from './command.ts';
import { findId, pathOf } from './find.ts';
import { UsageError } from './problem.ts';
import { confirmRemoval, readPassword } from './prompt.ts';
import { type Cell, NOTHING, type Screen } from './screen.ts';
import { anything, type Device, device, relay } from './shapes.ts';
import { instant, shortId, size } from './words.ts';

const OWN_ADDRESS = ['reply-to', 'display-name', 'nowhere'] as const;
/** The option, the field of the API, and the largest number that is an answer; the server knows its own bounds. */
const LIMITS = [
  ['per-minute', 'messagesPerMinute', 100_000],
  ['per-day', 'messagesPerDay', 10_000_000],
  ['recipients-per-day', 'recipientsPerDay', 10_000_000],
  ['max-bytes', 'maxMessageBytes', 157_000_000],
  ['max-recipients', 'maxRecipients', 1_000],
  ['max-sessions', 'maxSessions', 100],
] as const;

const FIELDS: NonNullable<Command['options']> = {
  address: { value: 'address', isMultiple: true, about: 'device-address' },
  username: { value: 'text', about: 'device-username' },
  password: { value: 'secret', about: 'device-password' },
  domain: { value: 'text', isMultiple: true, about: 'device-domain' },
  sender: { value: 'address', about: 'device-sender' },
  'display-name': { value: 'text', about: 'device-display-name' },
  'own-address': { value: 'text', choices: OWN_ADDRESS },
  'allow-plain-auth': {},
  'normalise-bare-lf': {},
  ...Object.fromEntries(LIMITS.map(([name]) => [name, { value: 'number' } as const])),
};

const list: Command = {
  words: ['devices', 'list'],
  async run({ openClient, screen }) {
    const client = await openClient();
    const items = await client.list(device, '/devices');
    if (screen.isJson) return screen.json({ items });
    if (items.length === 0) screen.say('devices.none');
    else showDevices(screen, items);
    await showRelay(client, screen);
  },
};

const add: Command = {
  words: ['devices', 'add'],
  options: { name: { value: 'text', isRequired: true }, ...FIELDS },
  async run(call) {
    if (!call.has('address') && !call.has('username')) throw new UsageError('address-or-username');
    const { credential, ...fields } = await readFields(call);
    const body = { ...given({ ...fields, senderMap: readSenderMap(call) }), ...given({ credential }) };
    const client = await call.openClient();
    const made = await client.ask(device, { method: 'POST', path: '/devices', body });
    await tell(call, client, made);
  },
};

const show: Command = {
  words: ['devices', 'show'],
  operands: ['id'],
  async run({ openClient, screen, operands }) {
    const client = await openClient();
    const id = await findId(client, screen, { kind: 'device', text: operands[0] ?? '' });
    const item = await client.get(device, pathOf('device', id));
    if (screen.isJson) screen.json(item);
    else showDevice(screen, item);
  },
};

const set: Command = {
  words: ['devices', 'set'],
  operands: ['id'],
  options: {
    name: { value: 'text' },
    ...FIELDS,
    'no-addresses': {},
    'no-credential': {},
    'no-sender': {},
    'no-display-name': {},
    'no-plain-auth': {},
    'refuse-bare-lf': {},
    'disable-device': {},
    'enable-device': {},
  },
  run: async (call) => await setDevice(call),
};

const EXCLUSIVE = [
  ['disable-device', 'enable-device'],
  ['allow-plain-auth', 'no-plain-auth'],
  ['normalise-bare-lf', 'refuse-bare-lf'],
  ['username', 'no-credential'],
  ['address', 'no-addresses'],
  ['sender', 'no-sender'],
  ['display-name', 'no-display-name'],
] as const;

async function setDevice(call: Call): Promise<void> {
  const { screen, operands, has } = call;
  for (const [first, second] of EXCLUSIVE) {
    if (has(first) && has(second)) throw new UsageError('either', { first, second });
  }
  if (!Object.keys(set.options ?? {}).some(has)) throw new UsageError('nothing-to-change');
  const { credential, ...fields } = await readFields(call);
  const client = await call.openClient();
  const id = await findId(client, screen, { kind: 'device', text: operands[0] ?? '' });
  const senderMap = asksForSenderMap(call)
    ? readSenderMap(call, (await client.get(device, pathOf('device', id))).senderMap)
    : undefined;
  const body = {
    ...given({ ...fields, senderMap, credential: has('no-credential') ? null : credential }),
    ...(has('no-addresses') ? { addresses: [] } : {}),
  };
  await tell(call, client, await client.ask(device, { method: 'PATCH', path: pathOf('device', id), body }));
}

const remove: Command = {
  words: ['devices', 'remove'],
  operands: ['id'],
  options: { yes: {} },
  async run({ openClient, screen, operands, has }) {
    const client = await openClient();
    const id = await findId(client, screen, { kind: 'device', text: operands[0] ?? '' });
    const { name } = await client.get(device, pathOf('device', id));
    await confirmRemoval(screen, { what: name, isSure: has('yes') });
    await client.ask(anything, { method: 'DELETE', path: pathOf('device', id) });
    if (screen.isJson) screen.json({ id });
    else screen.say('removed', { what: name });
  },
};

async function readFields(call: Call) {
  const { find } = call;
  const limits = given(Object.fromEntries(LIMITS.map(([name, field, max]) => [field, readLimit(call, name, max)])));
  return {
    name: find('name'),
    addresses: readList(call, 'address'),
    allowedDomains: readList(call, 'domain'),
    credential: await readCredential(call),
    limits: Object.keys(limits).length === 0 ? undefined : limits,
    allowsPlainAuth: readSwitch(call, 'allow-plain-auth', 'no-plain-auth'),
    normalisesBareLf: readSwitch(call, 'normalise-bare-lf', 'refuse-bare-lf'),
    enabled: readSwitch(call, 'enable-device', 'disable-device'),
  };
}

function readLimit(call: Call, name: string, max: number): number | undefined {
  return readNumber(call, name, { min: 1, max });
}

function readSwitch({ has }: Call, on: string, off: string): boolean | undefined {
  if (has(on)) return true;
  return has(off) ? false : undefined;
}

/** Without a password the server makes one and shows it once. */
async function readCredential({ find }: Call) {
  const [username, password] = [find('username'), find('password')];
  if (username === undefined && password !== undefined) throw new UsageError('missing-option', { name: 'username' });
  if (username === undefined) return undefined;
  return password === undefined ? { username } : { username, password: await readPassword(password) };
}

const SENDER_OPTIONS = ['sender', 'no-sender', 'display-name', 'no-display-name', 'own-address'];

function asksForSenderMap({ has }: Call): boolean {
  return SENDER_OPTIONS.some(has);
}

/** The server takes the sender map as a whole, so what is not given stays as it was. */
function readSenderMap(call: Call, old?: Device['senderMap']) {
  if (!asksForSenderMap(call)) return undefined;
  const { find, has } = call;
  return {
    sender: has('no-sender') ? null : (find('sender') ?? old?.sender ?? null),
    displayName: has('no-display-name') ? null : (find('display-name') ?? old?.displayName ?? null),
    ownAddress: find('own-address') ?? old?.ownAddress ?? 'reply-to',
  };
}

async function tell({ screen }: Call, client: Client, item: Device): Promise<void> {
  if (screen.isJson) return screen.json(item);
  showDevice(screen, item);
  await showRelay(client, screen);
  if (item.password === null || item.password === undefined) return;
  screen.line('');
  screen.say('devices.password');
  screen.line({ text: item.password, tone: 'strong' });
}

/** Where a device is told to send its mail. */
async function showRelay(client: Client, screen: Screen): Promise<void> {
  const { address } = await client.get(relay, '/relay');
  if (address === null || address === undefined)
    return screen.line({ text: screen.text('devices.off'), tone: 'warning' });
  screen.say('devices.relay', { host: address.host, port: address.port });
}

function showDevices(screen: Screen, items: readonly Device[]): void {
  screen.table(
    ['id', 'name', 'known-by', 'domains', 'sender'].map((head) => screen.text(`names.${head}`)),
    items.map((item) => [
      shortId(item.id),
      item.enabled ? item.name : { text: `${item.name} (${screen.text('devices.disabled')})`, tone: 'faint' },
      knownBy(screen, item),
      domainsOf(screen, item),
      item.senderMap.sender ?? NOTHING,
    ]),
  );
}

function showDevice(screen: Screen, item: Device): void {
  const { language } = screen;
  const name = (key: string) => screen.text(`names.${key}`);
  const { limits, senderMap } = item;
  const limit = (field: string) => (limits[field] === undefined ? undefined : String(limits[field]));
  const ofDay = (field: string, used: number | null | undefined) => {
    const most = limits[field];
    return used == null || most === undefined ? limit(field) : screen.text('devices.of-day', { most, used });
  };
  const isKnown = (OWN_ADDRESS as readonly string[]).includes(senderMap.ownAddress);
  screen.details([
    [name('name'), item.name],
    [name('id'), item.id],
    [name('state'), enabledOf(screen, item)],
    [name('device-addresses'), item.addresses.join(', ')],
    [name('username'), item.username ?? undefined],
    [
      name('plain-auth'),
      item.allowsPlainAuth ? { text: screen.text('devices.plain-auth'), tone: 'warning' } : undefined,
    ],
    [name('domains'), domainsOf(screen, item)],
    [name('sender'), senderMap.sender ?? screen.text('devices.default-sender')],
    [name('sender-name'), senderMap.displayName ?? undefined],
    [name('own-address'), isKnown ? screen.text(`devices.own.${senderMap.ownAddress}`) : senderMap.ownAddress],
    [name('line-ends'), item.normalisesBareLf ? screen.text('devices.normalises') : undefined],
    [name('messages-per-minute'), limit('messagesPerMinute')],
    [name('messages-per-day'), ofDay('messagesPerDay', item.messagesToday)],
    [name('recipients-per-day'), ofDay('recipientsPerDay', item.recipientsToday)],
    [name('max-size'), limits.maxMessageBytes === undefined ? undefined : size(language, limits.maxMessageBytes)],
    [name('max-recipients'), limit('maxRecipients')],
    [name('max-sessions'), limit('maxSessions')],
    [name('created'), instant(language, item.createdAt)],
  ]);
}

function enabledOf(screen: Screen, item: Device): Cell {
  if (item.enabled) return { text: screen.text('devices.enabled'), tone: 'good' };
  return { text: screen.text('devices.disabled'), tone: 'faint' };
}

function knownBy(screen: Screen, item: Device): Cell {
  const ways = [...item.addresses, ...(item.username === null || item.username === undefined ? [] : [item.username])];
  return ways.length === 0 ? { text: screen.text('devices.unknown'), tone: 'warning' } : ways.join(', ');
}

function domainsOf(screen: Screen, item: Device): string {
  return item.allowedDomains.length === 0 ? screen.text('devices.own-domain') : item.allowedDomains.join(', ');
}

export const devicesCommands: readonly Command[] = [list, add, show, set, remove];
