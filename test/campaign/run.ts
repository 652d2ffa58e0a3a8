/**
 * `npm run campaign`: the long runs behind docs/reliability.md, each with a printed seed.
 *
 *   npm run campaign                                    1,000 kills, 100 over pages, 1,000 on the way out, 100 power cuts each way, 100 zombies, a flood,
 *                                                       ten minutes of machines that answer each other
 *   npm run campaign -- --kills 200 --seed 7            only kills, and again the same ones
 *   npm run campaign -- --kills 200 --world two-nodes   only that world; without it each gets its half
 *   npm run campaign -- --page-kills 60                 only kills while pages go to a printer that takes one for each job
 *   npm run campaign -- --mail-kills 200                only kills while devices hand in mail; three worlds for those
 *   npm run campaign -- --answering-minutes 10          only machines that answer each other, see answering.ts
 *   npm run campaign -- --documents FOLDER              only documents: converts all in the folder, for how `good/` and
 *                                                       `bad/` in it are judged see documents.ts; never done unless asked
 *
 * The figures go to standard output as JSON, one line for each run. A run that breaks an invariant prints its story, and
 * the exit status is 1; the other runs still take place.
 */
import { parseArgs } from 'node:util';
import { chooseSeed } from '../harness/dice.ts';
import { runAnswering } from './answering.ts';
import { runDocuments } from './documents.ts';
import { runFlood } from './flood.ts';
import { runKills } from './kills.ts';
import { MAIL_WORLDS, type MailWorld, runMailKills } from './mail-kills.ts';
import { runMailPowerCuts } from './mail-power-cuts.ts';
import { runPageKills } from './page-kills.ts';
import { runPowerCuts } from './power-cuts.ts';
import { runZombies } from './zombies.ts';

const WORLDS = ['embedded', 'two-nodes'] as const;
/** Of a hundred good documents one may fail, as with any other set of others' documents. */
const LEAST_CONVERTED = 0.99;
// Where no database has to be started as well, a kill takes a fraction of the time.
const MAIL_SHARES: Readonly<Record<MailWorld, number>> = { embedded: 0.2, external: 0.6, 'two-nodes': 0.2 };
const USUAL = {
  kills: 1_000,
  'page-kills': 100,
  'mail-kills': 1_000,
  'power-cuts': 100,
  'mail-power-cuts': 100,
  zombies: 100,
  flood: 100_000,
  'answering-minutes': 10,
};
const MINUTE_MS = 60_000;
/** What a device may hand in on a day when nobody says otherwise. */
const USUAL_DAY = 5_000;

process.exitCode = await main();

async function main(): Promise<number> {
  const wanted = readWanted();
  const { seed } = wanted;
  const say = (line: string) => console.log(line);
  const runs: { readonly name: string; readonly start: () => Promise<object> }[] = [];
  for (const world of wanted.kills === 0 ? [] : WORLDS) {
    if (wanted.world !== undefined && wanted.world !== world) continue;
    const kills = wanted.world === undefined ? Math.ceil(wanted.kills / WORLDS.length) : wanted.kills;
    runs.push({ name: `random kills, ${world}`, start: () => runKills({ world, kills, seed, say }) });
  }
  if (wanted.pageKills > 0) {
    runs.push({ name: 'kills over pages', start: () => runPageKills({ kills: wanted.pageKills, seed, say }) });
  }
  for (const world of wanted.mailKills === 0 ? [] : MAIL_WORLDS) {
    if (wanted.world !== undefined && wanted.world !== world) continue;
    const kills = Math.ceil(wanted.mailKills * (wanted.world === undefined ? MAIL_SHARES[world] : 1));
    runs.push({ name: `kills on the way out, ${world}`, start: () => runMailKills({ world, kills, seed, say }) });
  }
  if (wanted.powerCuts > 0) {
    runs.push({ name: 'power cuts', start: () => runPowerCuts({ cuts: wanted.powerCuts, seed, say }) });
  }
  if (wanted.mailPowerCuts > 0) {
    const cuts = wanted.mailPowerCuts;
    runs.push({ name: 'power cuts on the way out', start: () => runMailPowerCuts({ cuts, seed, say }) });
  }
  if (wanted.zombies > 0) {
    runs.push({ name: 'zombies', start: () => runZombies({ rounds: wanted.zombies, seed, say }) });
  }
  const { documents: folder } = wanted;
  if (folder !== undefined) runs.push({ name: 'documents', start: () => convertAll({ folder, seed, say }) });
  if (wanted.flood > 0) {
    const messages = wanted.flood;
    runs.push({ name: 'flood', start: () => runFlood({ messages, messagesPerDay: USUAL_DAY, say }) });
  }
  if (wanted.answeringMinutes > 0) {
    const forMs = wanted.answeringMinutes * MINUTE_MS;
    runs.push({ name: 'machines that answer', start: () => runAnswering({ forMs, say }) });
  }
  let broken = 0;
  for (const { name, start } of runs) {
    try {
      console.log(JSON.stringify({ run: name, ...(await start()) }));
    } catch (error) {
      broken += 1;
      console.error(`${name}: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
  return broken === 0 ? 0 : 1;
}

async function convertAll(run: Parameters<typeof runDocuments>[0]): Promise<object> {
  const figures = await runDocuments(run);
  const { good, bad, wrong } = figures;
  for (const line of wrong) run.say(line);
  const isEnough = good.converted >= good.documents * LEAST_CONVERTED && bad.refused === bad.documents;
  if (!isEnough) throw new Error(`not as it should be: ${JSON.stringify(figures)}`);
  return figures;
}

function readWanted() {
  const text = { type: 'string' } as const;
  const { values } = parseArgs({
    options: {
      kills: text,
      'page-kills': text,
      'mail-kills': text,
      'power-cuts': text,
      'mail-power-cuts': text,
      zombies: text,
      flood: text,
      'answering-minutes': text,
      seed: text,
      world: text,
      documents: text,
    },
  });
  const names = [
    'kills',
    'page-kills',
    'mail-kills',
    'power-cuts',
    'mail-power-cuts',
    'zombies',
    'flood',
    'answering-minutes',
  ] as const;
  const isChosen = values.documents !== undefined || names.some((name) => values[name] !== undefined);
  const countOf = (name: (typeof names)[number]) => readNumber(name, values[name] ?? (isChosen ? 0 : USUAL[name]));
  const world = MAIL_WORLDS.find((known) => known === values.world);
  if (values.world !== undefined && world === undefined) throw new Error(`--world is one of ${MAIL_WORLDS.join(', ')}`);
  return {
    kills: countOf('kills'),
    pageKills: countOf('page-kills'),
    mailKills: countOf('mail-kills'),
    powerCuts: countOf('power-cuts'),
    mailPowerCuts: countOf('mail-power-cuts'),
    zombies: countOf('zombies'),
    documents: values.documents,
    flood: countOf('flood'),
    answeringMinutes: countOf('answering-minutes'),
    world,
    seed: values.seed === undefined ? chooseSeed() : readNumber('seed', values.seed),
  };
}

function readNumber(name: string, value: string | number): number {
  const number = Number(value);
  if (!Number.isSafeInteger(number) || number < 0) throw new Error(`--${name} takes a whole number, not ${value}`);
  return number;
}
