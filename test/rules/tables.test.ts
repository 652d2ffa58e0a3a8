import assert from 'node:assert/strict';
import { test } from 'node:test';
import { TABLE_OWNERS } from '../../server/store/schema.ts';
import { readSources, roomOf } from './sources.ts';

const QUERY =
  /\.(?:selectFrom|insertInto|updateTable|deleteFrom|innerJoin|leftJoin|rightJoin)\(\s*\[?\s*'([a-z0-9_]+)(?: as [a-z_]+)?'/g;

const sources = (await readSources('server/**/*.ts')).filter((source) => !source.isTest);

test('a table is named in queries only by the folder that owns it', () => {
  const owners: Readonly<Record<string, string>> = TABLE_OWNERS;
  const wrong = sources.flatMap((source) =>
    [...source.text.matchAll(QUERY)]
      .map((match) => match[1] ?? '')
      .filter((table) => owners[table] !== roomOf(source.path))
      .map((table) => `${source.path} names ${table}, which belongs to ${owners[table] ?? 'nobody'}`),
  );
  assert.deepEqual(wrong, []);
});

test('every table of the schema is used by its owner', () => {
  const used = new Set(sources.flatMap((source) => [...source.text.matchAll(QUERY)].map((match) => match[1])));
  assert.deepEqual(
    Object.keys(TABLE_OWNERS).filter((table) => !used.has(table)),
    [],
  );
});
