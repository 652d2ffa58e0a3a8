/** What `--help` prints: the commands, or one of them with its options. */
import { COMMON_OPTIONS, type Command, type Option } from './command.ts';
import { columnsOf, padTo } from './plain.ts';
import type { Screen } from './screen.ts';

type Pair = readonly [left: string, right: string];

/** The whole table of contents, or the part under `words`. */
export function showCommands(screen: Screen, commands: readonly Command[], words: readonly string[]): void {
  screen.say('help.about');
  screen.line('');
  screen.line(`${screen.text('help.usage')} platen ${[...words, screen.text('help.command')].join(' ')}`);
  screen.line('');
  showPairs(
    screen,
    commands.map((command) => [synopsis(screen, command), summary(screen, command)]),
  );
  screen.line('');
  showOptions(screen, COMMON_OPTIONS);
  screen.line('');
  screen.say('help.more');
  screen.say('help.exit');
}

export function showCommand(screen: Screen, command: Command): void {
  screen.line(`${screen.text('help.usage')} platen ${synopsis(screen, command)} ${screen.text('help.options')}`);
  screen.line('');
  screen.line(summary(screen, command));
  screen.line('');
  showOptions(screen, { ...command.options, ...COMMON_OPTIONS });
}

function synopsis(screen: Screen, command: Command): string {
  const operands = (command.operands ?? []).map((operand) => `<${screen.text(`values.${operand}`)}>`);
  return [...command.words, ...operands].join(' ');
}

function summary(screen: Screen, command: Command): string {
  return screen.text(`commands.${command.words.join('-')}`);
}

function showOptions(screen: Screen, options: Readonly<Record<string, Option>>): void {
  showPairs(
    screen,
    Object.entries(options).map(([name, option]) => {
      const isRequired = option.isRequired === true ? ` ${screen.text('help.required')}` : '';
      return [`--${name}${argumentOf(screen, option)}`, screen.text(`options.${option.about ?? name}`) + isRequired];
    }),
  );
}

function argumentOf(screen: Screen, option: Option): string {
  if (option.choices !== undefined) return ` ${option.choices.join('|')}`;
  return option.value === undefined ? '' : ` <${screen.text(`values.${option.value}`)}>`;
}

function showPairs(screen: Screen, pairs: readonly Pair[]): void {
  const width = Math.max(...pairs.map(([left]) => columnsOf(left)));
  for (const [left, right] of pairs) screen.line(`  ${padTo(left, width)}  ${right}`);
}
