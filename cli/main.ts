/** Reads the command line, runs one command, and ends with 0 (done), 1 (could not be done) or 2 (written wrongly). */
import { chooseLanguage, type Language } from '../locales/locales.ts';
import { readLocale, readSettings } from '../server/base/settings.ts';
import { type Call, type Command, type Given, readGiven } from './command.ts';
import { COMMANDS } from './commands.ts';
import { showCommand, showCommands } from './help.ts';
import { explainThrown, showProblem, UsageError } from './problem.ts';
import { Screen } from './screen.ts';
import { openClient } from './token-file.ts';

const EXIT_FAILED = 1;
const EXIT_USAGE = 2;

// Whoever reads our output may stop early (`platen jobs list | head`): that is no failure.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(0);
  throw error;
});

const exitCode = await main(wordsFirst(process.argv.slice(2)));
// A command that found something wrong, but told it as its result, has set the code itself.
if (exitCode !== 0) process.exitCode = exitCode;

async function main(args: readonly string[]): Promise<number> {
  const screen = new Screen({ language: languageOf(args), isJson: args.includes('--json') });
  try {
    return await dispatch(args, screen);
  } catch (error) {
    if (error instanceof UsageError) {
      screen.complain(screen.text(`usage.${error.key}`, error.values));
      screen.complain(screen.text('usage.help', { words: wordsOf(args).join(' ') }));
      return EXIT_USAGE;
    }
    const told = explainThrown(screen, error);
    if (screen.isJson) screen.complainJson({ error: told });
    else showProblem(screen, told, 'error');
    return EXIT_FAILED;
  }
}

async function dispatch(args: readonly string[], screen: Screen): Promise<number> {
  const words = wordsOf(args);
  const command = findCommand(words);
  if (command === undefined) return showContents(args, words, screen);
  const given = readGiven(command, args.slice(command.words.length));
  if (given.values.help === true) {
    showCommand(screen, command);
    return 0;
  }
  await command.run(makeCall(given, screen));
  return 0;
}

/** `platen --json jobs list` is `platen jobs list --json`. */
function wordsFirst(args: readonly string[]): readonly string[] {
  const [first = '', second = ''] = args;
  const taken = first === '--language' ? [first, second] : [first];
  const isCommon = first === '--json' || first === '--language' || first.startsWith('--language=');
  return isCommon && args.length > taken.length ? [...wordsFirst(args.slice(taken.length)), ...taken] : args;
}

/** Before anything else is read, so that mistakes are told in the right language too. */
function languageOf(args: readonly string[]): Language {
  const asked = args.find((arg) => arg.startsWith('--language='))?.slice('--language='.length);
  const wish = asked ?? args[args.indexOf('--language') + 1];
  if (wish === 'en' || wish === 'it') return wish;
  return chooseLanguage(readLocale()?.replace(/[_.@].*$/, ''));
}

/** The words before the first option. */
function wordsOf(args: readonly string[]): readonly string[] {
  const end = args.findIndex((arg) => arg.startsWith('-'));
  return end === -1 ? args : args.slice(0, end);
}

function findCommand(words: readonly string[]): Command | undefined {
  const starts = (command: Command) => command.words.every((word, index) => words[index] === word);
  return COMMANDS.find(starts);
}

function showContents(args: readonly string[], words: readonly string[], screen: Screen): number {
  const [first] = words;
  const group = COMMANDS.filter((command) => command.words[0] === first);
  if (args.includes('--help') || args.includes('-h')) {
    showCommands(screen, group.length > 0 ? group : COMMANDS, group.length > 0 && first !== undefined ? [first] : []);
    return 0;
  }
  if (first === undefined) throw new UsageError('no-command');
  if (group.length === 0) throw new UsageError('unknown-command', { word: first });
  const choices = group.map((command) => command.words.slice(1).join(' ')).join(', ');
  throw new UsageError('incomplete', { word: first, choices });
}

function makeCall(given: Given, screen: Screen): Call {
  const settings = readSettings();
  const all = (name: string): readonly string[] => {
    const value = given.values[name];
    return (Array.isArray(value) ? value : [value]).filter((text) => typeof text === 'string');
  };
  return {
    settings,
    language: screen.language,
    screen,
    operands: given.operands,
    find: (name) => all(name)[0],
    all,
    has: (name) => given.values[name] !== undefined,
    openClient: () => openClient(settings, screen.language),
  };
}
