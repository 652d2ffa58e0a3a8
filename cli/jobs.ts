/** `jobs`: what waits, prints and has printed, and the whole story of one document. */
import { z } from 'zod';
import { type Command, given, readNumber } from './command.ts';
import { document } from './document.ts';
import { findId, pathOf } from './find.ts';
import { type Names, readNames } from './names.ts';
import { JOB_OPTIONS, optionWords, readOptions } from './options.ts';
import { print } from './print.ts';
import { explainKept, showProblem, UsageError } from './problem.ts';
import type { Screen } from './screen.ts';
import { type Job, job, timelineEvent } from './shapes.ts';
import { showStory } from './story.ts';
import { instant, jobState, reasons, shortId, size } from './words.ts';

const STATES = ['pending', 'pending-held', 'processing', 'processing-stopped', 'canceled', 'aborted', 'completed'];
const MAX_LIST = 10_000;
const DEFAULT_LIST = 50;

const list: Command = {
  words: ['jobs', 'list'],
  options: {
    state: { value: 'text', choices: STATES, about: 'job-state' },
    owner: { value: 'id' },
    message: { value: 'id', about: 'job-message' },
    printer: { value: 'id', about: 'job-printer' },
    queue: { value: 'id', about: 'job-queue' },
    search: { value: 'text' },
    limit: { value: 'number' },
  },
  async run(call) {
    const { screen, language, find } = call;
    const limit = readNumber(call, 'limit', { min: 1, max: MAX_LIST }) ?? DEFAULT_LIST;
    const client = await call.openClient();
    const owner = find('owner');
    const message = find('message');
    const idOf = async (kind: 'printer' | 'queue') => {
      const text = find(kind);
      return text === undefined ? undefined : await findId(client, screen, { kind, text });
    };
    const query = {
      state: find('state'),
      owner: owner === undefined ? undefined : await findId(client, screen, { kind: 'user', text: owner }),
      message: message === undefined ? undefined : await findId(client, screen, { kind: 'message', text: message }),
      printer: await idOf('printer'),
      queue: await idOf('queue'),
      q: find('search'),
    };
    const items = await client.list(job, '/jobs', query, limit);
    if (screen.isJson) return screen.json({ items });
    if (items.length === 0) return screen.say('jobs.none');
    screen.table(
      ['number', 'id', 'created', 'state', 'reasons', 'owner', 'title'].map((head) => screen.text(`names.${head}`)),
      items.map((item) => [
        String(item.number ?? ''),
        shortId(item.id),
        instant(language, item.createdAt),
        jobState(language, item),
        reasons(language, item.reasons),
        item.ownerName,
        item.title,
      ]),
    );
  },
};

const show: Command = {
  words: ['jobs', 'show'],
  operands: ['id'],
  async run({ openClient, screen, operands }) {
    const client = await openClient();
    const id = await findId(client, screen, { kind: 'job', text: operands[0] ?? '' });
    const item = await client.get(job, pathOf('job', id));
    const events = z.looseObject({ items: z.array(timelineEvent) });
    const { items: timeline } = await client.get(events, `${pathOf('job', id)}/timeline`);
    if (screen.isJson) return screen.json({ ...item, timeline });
    const names = await readNames(client, ['/printers', '/queues']);
    showJob(screen, item, names);
    screen.line('');
    screen.line({ text: screen.text('jobs.story'), tone: 'strong' });
    showStory(screen, timeline, names);
  },
};

const release: Command = {
  words: ['jobs', 'release'],
  operands: ['id'],
  options: { printer: { value: 'id', about: 'release-printer' }, ...JOB_OPTIONS },
  async run(call) {
    const { openClient, screen, operands, find } = call;
    const options = readOptions(call);
    const client = await openClient();
    const id = await findId(client, screen, { kind: 'job', text: operands[0] ?? '' });
    const named = find('printer');
    const printerId = named === undefined ? undefined : await findId(client, screen, { kind: 'printer', text: named });
    const body = given({ printerId, options: Object.keys(options).length === 0 ? undefined : options });
    tell(screen, await client.ask(job, { method: 'POST', path: `${pathOf('job', id)}/release`, body }));
  },
};

const change: Command = {
  words: ['jobs', 'change'],
  operands: ['id'],
  options: JOB_OPTIONS,
  async run(call) {
    const options = readOptions(call);
    if (Object.keys(options).length === 0) throw new UsageError('nothing-to-change');
    const client = await call.openClient();
    const id = await findId(client, call.screen, { kind: 'job', text: call.operands[0] ?? '' });
    tell(call.screen, await client.ask(job, { method: 'PATCH', path: pathOf('job', id), body: { options } }));
  },
};

const hold = action('hold');
const cancel = action('cancel');
const printed = action('printed');

function action(name: 'hold' | 'cancel' | 'printed'): Command {
  return {
    words: ['jobs', name],
    operands: ['id'],
    async run({ openClient, screen, operands }) {
      const client = await openClient();
      const id = await findId(client, screen, { kind: 'job', text: operands[0] ?? '' });
      tell(screen, await client.ask(job, { method: 'POST', path: `${pathOf('job', id)}/${name}` }));
    },
  };
}

function tell(screen: Screen, item: Job): void {
  if (screen.isJson) {
    screen.json(item);
    return;
  }
  const isEnding = item.cancelAskedAt !== null && item.cancelAskedAt !== undefined;
  screen.line(`${shortId(item.id)}  ${item.title}  `, jobState(screen.language, item));
  if (isEnding) screen.say('jobs.cancel-asked');
}

function showJob(screen: Screen, item: Job, names: Names): void {
  const { language } = screen;
  const name = (key: string) => screen.text(`names.${key}`);
  const at = (iso: string | null | undefined) =>
    iso === null || iso === undefined ? undefined : instant(language, iso);
  const named = (id: string | null | undefined) =>
    id === null || id === undefined ? undefined : (names.get(id) ?? id);
  screen.details([
    [name('title'), item.title],
    [name('number'), String(item.number ?? '')],
    [name('id'), item.id],
    [name('state'), jobState(language, item)],
    [name('reasons'), reasons(language, item.reasons)],
    [name('owner'), item.ownerName],
    [name('queue'), named(item.queueId)],
    [name('printer'), named(item.printerId)],
    [name('document'), `${item.documentFormat ?? ''} ${size(language, item.documentBytes)}`.trim()],
    [name('pages'), item.pages === null || item.pages === undefined ? undefined : String(item.pages)],
    [name('options'), optionWords(item.options)],
    [name('not-done'), item.ignoredOptions.join(', ')],
    [name('kept-until'), at(item.heldUntil)],
    [name('created'), at(item.createdAt)],
    [name('printing-since'), at(item.processingAt)],
    [name('ended'), at(item.endedAt)],
  ]);
  if (item.problem !== null && item.problem !== undefined) {
    showProblem(screen, explainKept(language, item.problem), 'result');
  }
}

export const jobsCommands: readonly Command[] = [
  ...[list, show, print, release, change],
  ...[hold, cancel, printed, document],
];
