/** What an office document costs before it is opened: LibreOffice starts once, with a profile that is set up already. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { systemClock } from '../base/clock.ts';
import { openBox } from './box/box.ts';
import { recipeFor } from './recipes.ts';

const never = new AbortController().signal;
const DOCX = 'application/vnd.openxmlformats-officedocument.wordprocessingml.document';

test('LibreOffice opens a document without setting up a profile, starting again or trying its graphics', async () => {
  const { recipe, ending } = recipeFor(DOCX);
  const path = 'test/corpus/documents/good/poi-SampleDoc.docx';
  await using box = await openBox(systemClock, 'A', { path, ending });
  const look = [
    'finished=$?',
    'cd "$HOME/profile/user" || exit 1',
    'echo FILES; find . -type f',
    'echo SETTINGS; cat registrymodifications.xcu',
    'exit $finished',
  ];
  const ended = await box.run({ ...recipe.work, script: [recipe.work.script, ...look].join('\n') }, never);
  assert.ok(ended.kind === 'ended' && ended.status === 0, JSON.stringify(ended));
  const [, files = '', settings = ''] = ended.words.split(/^(?:FILES|SETTINGS)$/m);
  assert.match(settings, /ooSetupInstCompleted/);
  assert.doesNotMatch(files, /GraphicsRenderTests/, 'it tried what the graphics of the machine can do');
  assert.doesNotMatch(files, /\/database\//, 'it copied the examples of a new profile');
  assert.doesNotMatch(settings, /OfficeRestartInProgress/, 'it started a second time');
});
