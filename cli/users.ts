/** `users`: people who sign in, and the addresses that they send documents from. */
import { type Call, type Command, given, readList } from './command.ts';
import { findId, pathOf } from './find.ts';
import { openDocument } from './print.ts';
import { UsageError } from './problem.ts';
import { confirmRemoval, readPassword } from './prompt.ts';
import type { Cell, Screen } from './screen.ts';
import { anything, peopleInFile, type User, user } from './shapes.ts';
import { shortId } from './words.ts';

/** More than the server takes, so that it says so. */
const MAX_FILE_BYTES = 1_010_000;

export const ROLES = ['administrator', 'operator', 'user'] as const;

const list: Command = {
  words: ['users', 'list'],
  options: { search: { value: 'text', about: 'user-search' }, group: { value: 'text', about: 'users-of-group' } },
  async run({ openClient, screen, find }) {
    const client = await openClient();
    const items = await client.list(user, '/users', { q: find('search'), group: find('group') });
    if (screen.isJson) screen.json({ items });
    else showUsers(screen, items);
  },
};

const add: Command = {
  words: ['users', 'add'],
  options: {
    email: { value: 'address', isRequired: true },
    name: { value: 'text', isRequired: true },
    role: { value: 'text', choices: ROLES },
    password: { value: 'secret' },
    'user-language': { value: 'text', choices: ['en', 'it'] },
    address: { value: 'address', isMultiple: true },
    group: { value: 'text', about: 'user-group' },
  },
  async run(call) {
    const body = given({ ...(await readFields(call)), role: call.find('role') ?? 'user' });
    const client = await call.openClient();
    showOne(call.screen, await client.ask(user, { method: 'POST', path: '/users', body }));
  },
};

const importAll: Command = {
  words: ['users', 'import'],
  operands: ['file'],
  options: { 'dry-run': { about: 'users-dry-run' } },
  async run({ openClient, screen, operands, has }) {
    const file = await openDocument(screen, operands[0] ?? '');
    const body = {
      file: Buffer.from(await file.slice(0, MAX_FILE_BYTES).arrayBuffer()).toString('base64'),
      dryRun: has('dry-run'),
    };
    const client = await openClient();
    const { items } = await client.ask(peopleInFile, { method: 'POST', path: '/users/import', body });
    if (screen.isJson) return screen.json({ items });
    screen.table(
      ['line', 'email', 'name', 'role', 'outcome'].map((head) => screen.text(`names.${head}`)),
      items.map(({ line, email, name, role, outcome, words }) => [
        ...[String(line), email, name, screen.text(`roles.${role}`)],
        words ?? screen.text(`users.${outcome}`),
      ]),
    );
    const countOf = (wanted: string) => items.filter(({ outcome }) => outcome === wanted).length;
    screen.say('users.imported', { added: countOf('added'), due: countOf('new'), refused: countOf('refused') });
  },
};

const set: Command = {
  words: ['users', 'set'],
  operands: ['id'],
  options: {
    email: { value: 'address' },
    name: { value: 'text' },
    role: { value: 'text', choices: ROLES },
    password: { value: 'secret' },
    'no-password': {},
    'user-language': { value: 'text', choices: ['en', 'it'] },
    address: { value: 'address', isMultiple: true, about: 'all-addresses' },
    group: { value: 'text', about: 'user-group' },
    'no-group': { about: 'user-no-group' },
    disable: {},
    enable: {},
  },
  async run(call) {
    const { screen, operands, has } = call;
    if (has('disable') && has('enable')) throw new UsageError('either', { first: 'disable', second: 'enable' });
    const isDisabling = has('disable') ? true : has('enable') ? false : undefined;
    const isLeaving = has('no-group');
    if (isLeaving && call.find('group') !== undefined) {
      throw new UsageError('either', { first: 'group', second: 'no-group' });
    }
    const taken = { ...(has('no-password') ? { password: null } : {}), ...(isLeaving ? { group: null } : {}) };
    const body = { ...given({ ...(await readFields(call)), disabled: isDisabling }), ...taken };
    if (Object.keys(body).length === 0) throw new UsageError('nothing-to-change');
    const client = await call.openClient();
    const id = await findId(client, screen, { kind: 'user', text: operands[0] ?? '' });
    showOne(screen, await client.ask(user, { method: 'PATCH', path: pathOf('user', id), body }));
  },
};

const remove: Command = {
  words: ['users', 'remove'],
  operands: ['id'],
  options: { yes: {} },
  async run({ openClient, screen, operands, has }) {
    const client = await openClient();
    const id = await findId(client, screen, { kind: 'user', text: operands[0] ?? '' });
    const { email } = await client.get(user, pathOf('user', id));
    await confirmRemoval(screen, { what: email, isSure: has('yes') });
    await client.ask(anything, { method: 'DELETE', path: pathOf('user', id) });
    if (screen.isJson) screen.json({ id });
    else screen.say('removed', { what: email });
  },
};

async function readFields(call: Call) {
  const password = call.find('password');
  return {
    email: call.find('email'),
    name: call.find('name'),
    role: call.find('role'),
    language: call.find('user-language'),
    addresses: readList(call, 'address'),
    group: call.find('group'),
    password: password === undefined ? undefined : await readPassword(password),
  };
}

function showOne(screen: Screen, item: User): void {
  if (screen.isJson) screen.json(item);
  else showUsers(screen, [item]);
}

function showUsers(screen: Screen, items: readonly User[]): void {
  screen.table(
    ['id', 'email', 'name', 'group', 'role', 'sign-in', 'addresses'].map((head) => screen.text(`names.${head}`)),
    items.map((item) => [
      shortId(item.id),
      item.email,
      item.name,
      item.group ?? '',
      (ROLES as readonly string[]).includes(item.role) ? screen.text(`roles.${item.role}`) : item.role,
      signInOf(screen, item),
      item.addresses.filter((address) => address !== item.email).join(', '),
    ]),
  );
}

function signInOf(screen: Screen, item: User): Cell {
  if (item.disabledAt !== null && item.disabledAt !== undefined)
    return { text: screen.text('users.disabled'), tone: 'faint' };
  return screen.text(item.hasPassword ? 'users.password' : 'users.no-password');
}

export const usersCommands: readonly Command[] = [list, add, importAll, set, remove];
