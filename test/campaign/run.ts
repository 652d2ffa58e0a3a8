/**
 * `npm run campaign`: the long runs, with a printed seed. `npm run campaign -- --kills 500 --zombies 100 --power-cuts 100
 * --seed 1`; without options all of them with these numbers. The figures go to standard output as JSON.
 */
import { parseArgs } from 'node:util';
import { chooseSeed } from '../harness/dice.ts';
import { runKills } from './kills.ts';

const { values } = parseArgs({
  options: {
    kills: { type: 'string' },
    zombies: { type: 'string' },
    'power-cuts': { type: 'string' },
    seed: { type: 'string' },
  },
});
const seed = values.seed === undefined ? chooseSeed() : Number(values.seed);
const say = (line: string) => console.log(line);
console.log(JSON.stringify(await runKills({ world: 'embedded', kills: Number(values.kills ?? 10), seed, say })));
