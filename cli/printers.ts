/** `printers`: what they are, how they are, and what they say they can do. */
import { type Command, given } from './command.ts';
import { findId, pathOf } from './find.ts';
import { explainKept, showProblem, UsageError } from './problem.ts';
import { confirmRemoval } from './prompt.ts';
import type { Screen } from './screen.ts';
import { anything, discovery, job, type Printer, printer } from './shapes.ts';
import { instant, jobState, reasons, shortId, state } from './words.ts';

const CHECK_TIMEOUT_MS = 60_000;
const MAX_MEDIA = 12;

const list: Command = {
  words: ['printers', 'list'],
  async run({ openClient, screen, language }) {
    const client = await openClient();
    const items = await client.list(printer, '/printers');
    if (screen.isJson) return screen.json({ items });
    if (items.length === 0) return screen.say('printers.none');
    screen.table(
      ['id', 'name', 'state', 'reasons', 'uri'].map((head) => screen.text(`names.${head}`)),
      items.map((item) => [
        shortId(item.id),
        item.name,
        state(language, 'printer', item.state),
        reasons(language, item.reasons),
        item.uri,
      ]),
    );
  },
};

const discover: Command = {
  words: ['printers', 'discover'],
  async run({ openClient, screen }) {
    const client = await openClient();
    const found = await client.ask(discovery, { method: 'POST', path: '/printers/discover' });
    if (screen.isJson) return screen.json(found);
    const networks = found.networks.join(', ');
    if (found.items.length === 0) return screen.say('printers.none-found', { networks });
    screen.table(
      ['name', 'model', 'location', 'uri', 'state'].map((head) => screen.text(`names.${head}`)),
      found.items.map(({ name, makeModel, location, uri, isAdded }) => [
        name,
        makeModel ?? '',
        location ?? '',
        uri,
        isAdded ? screen.text('printers.is-added') : '',
      ]),
    );
    screen.say('printers.found-on', { networks });
    if (found.isCut) screen.say('printers.found-more');
  },
};

const add: Command = {
  words: ['printers', 'add'],
  options: {
    name: { value: 'text', isRequired: true },
    uri: { value: 'address', isRequired: true, about: 'printer-uri' },
  },
  async run({ openClient, screen, find }) {
    const client = await openClient();
    const body = given({ name: find('name'), uri: find('uri') });
    const request = { method: 'POST', path: '/printers', body, timeoutMs: CHECK_TIMEOUT_MS } as const;
    showPrinter(screen, await client.ask(printer, request));
  },
};

const show: Command = {
  words: ['printers', 'show'],
  operands: ['id'],
  async run({ openClient, screen, operands }) {
    const client = await openClient();
    const id = await findId(client, screen, { kind: 'printer', text: operands[0] ?? '' });
    showPrinter(screen, await client.get(printer, pathOf('printer', id)));
  },
};

const check: Command = {
  words: ['printers', 'check'],
  operands: ['id'],
  async run({ openClient, screen, operands }) {
    const client = await openClient();
    const id = await findId(client, screen, { kind: 'printer', text: operands[0] ?? '' });
    const path = `${pathOf('printer', id)}/check`;
    const checked = await client.ask(printer, { method: 'POST', path, timeoutMs: CHECK_TIMEOUT_MS });
    showPrinter(screen, checked);
    if (checked.problem !== null && checked.problem !== undefined) process.exitCode = 1;
  },
};

const trust: Command = {
  words: ['printers', 'trust'],
  operands: ['id'],
  options: { sha256: { value: 'text', isRequired: true } },
  async run({ openClient, screen, operands, find }) {
    const sha256 = find('sha256')?.replaceAll(':', '').toLowerCase() ?? '';
    if (!/^[0-9a-f]{64}$/.test(sha256)) throw new UsageError('sha256');
    const client = await openClient();
    const id = await findId(client, screen, { kind: 'printer', text: operands[0] ?? '' });
    const path = `${pathOf('printer', id)}/certificate`;
    showPrinter(screen, await client.ask(printer, { method: 'PUT', path, body: { sha256 } }));
  },
};

const testPage: Command = {
  words: ['printers', 'test-page'],
  operands: ['id'],
  options: { for: { value: 'id', isRequired: true, about: 'print-for' } },
  async run({ openClient, screen, operands, find }) {
    const client = await openClient();
    const id = await findId(client, screen, { kind: 'printer', text: operands[0] ?? '' });
    const ownerId = await findId(client, screen, { kind: 'user', text: find('for') ?? '' });
    const path = `${pathOf('printer', id)}/test-page`;
    const made = await client.askOnce(job, { method: 'POST', path, body: { ownerId } });
    if (screen.isJson) return screen.json(made);
    screen.line(`${shortId(made.id)}  ${made.title}  `, jobState(screen.language, made));
  },
};

const remove: Command = {
  words: ['printers', 'remove'],
  operands: ['id'],
  options: { yes: {} },
  async run({ openClient, screen, operands, has }) {
    const client = await openClient();
    const id = await findId(client, screen, { kind: 'printer', text: operands[0] ?? '' });
    const { name } = await client.get(printer, pathOf('printer', id));
    await confirmRemoval(screen, { what: name, isSure: has('yes') });
    await client.ask(anything, { method: 'DELETE', path: pathOf('printer', id) });
    if (screen.isJson) screen.json({ id });
    else screen.say('removed', { what: name });
  },
};

function showPrinter(screen: Screen, item: Printer): void {
  if (screen.isJson) {
    screen.json(item);
    return;
  }
  const { language } = screen;
  const { capabilities } = item;
  const name = (key: string) => screen.text(`names.${key}`);
  const ready = capabilities?.media?.ready ?? [];
  screen.details([
    [name('name'), item.name],
    [name('id'), item.id],
    [name('uri'), item.uri],
    [name('state'), state(language, 'printer', item.state)],
    [name('reasons'), reasons(language, item.reasons)],
    [name('message'), item.message ?? undefined],
    [name('since'), instant(language, item.stateSince)],
    [name('seen'), instant(language, item.seenAt)],
    [name('supplies'), (item.supplies ?? []).map((supply) => supplyWords(screen, supply)).join('; ') || undefined],
    [name('certificate'), item.certificate ?? undefined],
    [name('model'), capabilities?.model ?? undefined],
    [name('location'), capabilities?.location ?? undefined],
    [name('formats'), capabilities?.formats.join(', ')],
    [name('media'), ready.slice(0, MAX_MEDIA).join(', ') || (capabilities?.media?.default ?? undefined)],
    [name('sides'), capabilities?.sides.join(', ')],
    [name('colors'), capabilities?.colorModes.join(', ')],
    [
      name('copies'),
      capabilities?.copies === null || capabilities?.copies === undefined
        ? undefined
        : `${capabilities.copies.min}–${capabilities.copies.max}`,
    ],
  ]);
  const { problem } = item;
  if (problem !== null && problem !== undefined) showProblem(screen, explainKept(language, problem), 'result');
}

function supplyWords(screen: Screen, supply: NonNullable<Printer['supplies']>[number]): string {
  const { name, level, measure, isWaste, isDue } = supply;
  const manner = isWaste ? { percent: 'full', 'some-left': 'not-full' }[measure] : undefined;
  const percent = new Intl.NumberFormat(screen.language, { style: 'percent' }).format((level ?? 0) / 100);
  const words = screen.text(`supply.${manner ?? measure}`, { name, percent });
  return isDue ? screen.text('supply.due', { words }) : words;
}

export const printersCommands: readonly Command[] = [list, discover, add, show, check, trust, testPage, remove];
