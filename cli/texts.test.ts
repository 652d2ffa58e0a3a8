import assert from 'node:assert/strict';
import { readdir, readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { hasText, LANGUAGES } from '../locales/locales.ts';
import { COMMON_OPTIONS } from './command.ts';
import { COMMANDS } from './commands.ts';

function missing(keys: Iterable<string>): string[] {
  return [...keys].flatMap((key) =>
    LANGUAGES.filter((language) => !hasText(language, `cli.${key}`)).map((language) => `${language} ${key}`),
  );
}

test('every command, operand and option is explained in both languages', () => {
  const keys = new Set<string>();
  for (const command of COMMANDS) {
    keys.add(`commands.${command.words.join('-')}`);
    for (const operand of command.operands ?? []) keys.add(`values.${operand}`).add(`usage.missing-${operand}`);
    for (const [name, option] of Object.entries({ ...command.options, ...COMMON_OPTIONS })) {
      keys.add(`options.${'about' in option ? (option.about ?? name) : name}`);
      if ('value' in option && option.value !== undefined) keys.add(`values.${option.value}`);
    }
  }
  assert.deepEqual(missing(keys), []);
});

test('every text that the commands name exists in both languages', async () => {
  const keys = new Set<string>();
  for (const file of await readdir(import.meta.dirname)) {
    if (!file.endsWith('.ts') || file.endsWith('.test.ts')) continue;
    const source = await readFile(new URL(file, import.meta.url), 'utf8');
    for (const [, key = ''] of source.matchAll(/(?:screen\.(?:text|say)|#screen\.(?:text|say))\(\s*'([^']+)'/g))
      keys.add(key);
    for (const [, key = ''] of source.matchAll(/\bname\('([^']+)'\)/g)) keys.add(`names.${key}`);
    for (const [, key = ''] of source.matchAll(/new UsageError\('([^']+)'/g)) keys.add(`usage.${key}`);
    for (const [, heads = ''] of source.matchAll(/\[([^\]]+)\]\.map\(\(head\)/g)) {
      for (const [, head = ''] of heads.matchAll(/'([^']+)'/g)) keys.add(`names.${head}`);
    }
  }
  assert.ok(keys.size > 80, `only ${keys.size} texts were found: the pattern no longer fits`);
  assert.deepEqual(missing(keys), []);
});
