/**
 * `npm run campaign`: the long runs behind docs/reliability.md, each with a printed seed.
 *
 *   npm run campaign                                    500 kills, 1,000 on the way out, 100 power cuts, 100 zombies
 *   npm run campaign -- --kills 200 --seed 7            only kills, and again the same ones
 *   npm run campaign -- --kills 200 --world two-nodes   only that world; without it each gets its half
 *   npm run campaign -- --mail-kills 200                only kills while devices hand in mail
 *   npm run campaign -- --documents FOLDER              only documents: converts all in the folder, for how `good/` and
 *                                                       `bad/` in it are judged see documents.ts; never done unless asked
 *
 * The figures go to standard output as JSON, one line for each run. A run that breaks an invariant prints its story, and
 * the exit status is 1; the other runs still take place.
 */
import { parseArgs } from 'node:util';
import { chooseSeed } from '../harness/dice.ts';
import { runDocuments } from './documents.ts';
import { runKills } from './kills.ts';
import { runMailKills } from './mail-kills.ts';
import { runPowerCuts } from './power-cuts.ts';
import { runZombies } from './zombies.ts';

const WORLDS = ['embedded', 'two-nodes'] as const;
const USUAL = { kills: 500, 'mail-kills': 1_000, 'power-cuts': 100, zombies: 100 };
/** Of a hundred good documents one may fail, as with any other set of others' documents. */
const LEAST_CONVERTED = 0.99;

process.exitCode = await main();

async function main(): Promise<number> {
  const wanted = readWanted();
  const { seed } = wanted;
  const say = (line: string) => console.log(line);
  const runs: { readonly name: string; readonly start: () => Promise<object> }[] = [];
  for (const world of wanted.kills === 0 ? [] : wanted.worlds) {
    const kills = Math.ceil(wanted.kills / wanted.worlds.length);
    runs.push({ name: `random kills, ${world}`, start: () => runKills({ world, kills, seed, say }) });
  }
  for (const world of wanted.mailKills === 0 ? [] : wanted.worlds) {
    const kills = Math.ceil(wanted.mailKills / wanted.worlds.length);
    runs.push({ name: `kills on the way out, ${world}`, start: () => runMailKills({ world, kills, seed, say }) });
  }
  if (wanted.powerCuts > 0) {
    runs.push({ name: 'power cuts', start: () => runPowerCuts({ cuts: wanted.powerCuts, seed, say }) });
  }
  if (wanted.zombies > 0) {
    runs.push({ name: 'zombies', start: () => runZombies({ rounds: wanted.zombies, seed, say }) });
  }
  const { documents: folder } = wanted;
  if (folder !== undefined) runs.push({ name: 'documents', start: () => convertAll({ folder, seed, say }) });
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
      'mail-kills': text,
      'power-cuts': text,
      zombies: text,
      seed: text,
      world: text,
      documents: text,
    },
  });
  const names = ['kills', 'mail-kills', 'power-cuts', 'zombies'] as const;
  const isChosen = values.documents !== undefined || names.some((name) => values[name] !== undefined);
  const countOf = (name: (typeof names)[number]) => readNumber(name, values[name] ?? (isChosen ? 0 : USUAL[name]));
  const world = WORLDS.find((known) => known === values.world);
  if (values.world !== undefined && world === undefined) throw new Error(`--world is one of ${WORLDS.join(', ')}`);
  return {
    kills: countOf('kills'),
    mailKills: countOf('mail-kills'),
    powerCuts: countOf('power-cuts'),
    zombies: countOf('zombies'),
    documents: values.documents,
    worlds: world === undefined ? WORLDS : [world],
    seed: values.seed === undefined ? chooseSeed() : readNumber('seed', values.seed),
  };
}

function readNumber(name: string, value: string | number): number {
  const number = Number(value);
  if (!Number.isSafeInteger(number) || number < 0) throw new Error(`--${name} takes a whole number, not ${value}`);
  return number;
}
