/** `doctor`: tests a connection for real and says what to change, who can, and whether waiting helps. */
import type { z } from 'zod';
import type { Client } from './client.ts';
import { type Call, type Command, given } from './command.ts';
import { findId, pathOf } from './find.ts';
import { explainKept, Problem, showProblem } from './problem.ts';
import type { Screen } from './screen.ts';
import { checkReport, connection } from './shapes.ts';

/** A check waits for several servers, each with a time limit of its own. */
const CHECK_TIMEOUT_MS = 330_000;

type Report = z.infer<typeof checkReport>;
type Wish = { readonly sendMessage?: boolean | undefined; readonly sharedMailbox?: string | undefined };

const options = {
  'send-message': {},
  'shared-mailbox': { value: 'address' },
} as const satisfies Command['options'];

const doctor: Command = {
  words: ['doctor'],
  options: { connection: { value: 'id', about: 'connect-connection' }, ...options },
  async run(call) {
    const client = await call.openClient();
    await examine(client, call, await choose(client, call));
  },
};

/** As `doctor`, under the noun: the two are found by different people. */
const check: Command = {
  words: ['connections', 'check'],
  operands: ['id'],
  options,
  async run(call) {
    const client = await call.openClient();
    await examine(
      client,
      call,
      await findId(client, call.screen, { kind: 'connection', text: call.operands[0] ?? '' }),
    );
  },
};

/** The connection that was named, or the only one. */
async function choose(client: Client, { screen, find }: Call): Promise<string> {
  const named = find('connection');
  if (named !== undefined) return await findId(client, screen, { kind: 'connection', text: named });
  const items = await client.list(connection, '/connections');
  const [only] = items;
  if (only !== undefined && items.length === 1) return only.id;
  const names = items.map(({ id, title }) => `${title} (${id})`).join(', ');
  throw new Problem({ code: 'ambiguous', title: screen.text('doctor.which'), detail: names });
}

async function examine(client: Client, { screen, has, find }: Call, id: string): Promise<void> {
  const wish = { sendMessage: has('send-message') ? true : undefined, sharedMailbox: find('shared-mailbox') };
  const report = await runCheck(client, id, wish);
  if (screen.isJson) screen.json(report);
  else {
    showChecks(screen, report);
    showVerdict(screen, report);
  }
  if (report.tests.some(({ outcome }) => outcome === 'failed')) process.exitCode = 1;
}

/** Runs all tests and answers when they are over. */
export async function runCheck(client: Client, id: string, wish: Wish = {}): Promise<Report> {
  const path = `${pathOf('connection', id)}/check`;
  const query = { wait: 'true' };
  return await client.ask(checkReport, { method: 'POST', path, query, body: given(wish), timeoutMs: CHECK_TIMEOUT_MS });
}

const TONES = { passed: 'good', failed: 'broken', skipped: 'faint' } as const;

export function showChecks(screen: Screen, report: Report): void {
  for (const one of report.tests) {
    const tone = Object.hasOwn(TONES, one.outcome) ? TONES[one.outcome as keyof typeof TONES] : 'plain';
    const name = one.title ?? one.test;
    const outcome = Object.hasOwn(TONES, one.outcome)
      ? screen.text(`connections.outcomes.${one.outcome}`)
      : one.outcome;
    const because = one.becauseText ?? undefined;
    const text = because === undefined ? outcome : `${outcome} (${because})`;
    screen.line({ text: screen.text('connections.check', { test: name, outcome: text }), tone });
    if (one.problem === null || one.problem === undefined) continue;
    showProblem(screen, explainKept(screen.language, one.problem), 'result');
  }
}

function showVerdict(screen: Screen, { tests }: Report): void {
  const count = (outcome: string) => tests.filter((one) => one.outcome === outcome).length;
  const counts = { passed: count('passed'), failed: count('failed'), skipped: count('skipped') };
  screen.line('');
  if (counts.failed === 0) screen.line({ text: screen.text('doctor.all-well'), tone: 'good' });
  screen.say('doctor.count', counts);
}

export const doctorCommands: readonly Command[] = [doctor, check];
