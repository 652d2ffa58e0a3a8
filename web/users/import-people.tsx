/** Adding people from a file: who it would be is shown before anybody is added. */
import { Button, FileButton, Group, Stack } from '@mantine/core';
import { IconUpload } from '@tabler/icons-react';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { api, need } from '../api/client.ts';
import type { paths } from '../api/schema.ts';
import { Failed } from '../ui/content.tsx';
import { Dialog } from '../ui/dialog.tsx';
import { State, type Tone } from '../ui/state.tsx';
import { plain } from '../ui/words.ts';

type Import = paths['/users/import']['post'];
type PersonInFile = Import['responses'][200]['content']['application/json']['items'][number];
type Shown = { readonly people: readonly PersonInFile[]; readonly file: string; readonly isDone: boolean };

const TONES: Readonly<Record<PersonInFile['outcome'], Tone>> = {
  new: 'waiting',
  added: 'ok',
  known: 'off',
  refused: 'warning',
};

async function askServer(file: string, dryRun: boolean): Promise<Shown> {
  const { items } = await need(api.POST('/users/import', { body: { file, dryRun } }));
  return { people: items, file, isDone: !dryRun };
}

export function ImportPeople({
  onClose,
  onDone,
}: {
  readonly onClose: () => void;
  readonly onDone: () => Promise<void>;
}) {
  const { t } = useTranslation();
  const [shown, setShown] = useState<Shown>();
  const [isBusy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>();
  const run = async (work: () => Promise<Shown>) => {
    setBusy(true);
    setError(undefined);
    await work().then(setShown, setError);
    setBusy(false);
  };
  const choose = (chosen: File | null) => {
    if (chosen === null) return;
    setShown(undefined);
    void run(async () => await askServer(await toBase64(chosen), true));
  };
  const add = (file: string) =>
    void run(async () => {
      const ended = await askServer(file, false);
      await onDone();
      return ended;
    });
  const due = shown?.people.filter(({ outcome }) => outcome === 'new').length ?? 0;
  return (
    <Dialog title={t('users.importTitle')} onClose={onClose}>
      <Stack gap="md">
        {shown === undefined ? <p className="plain">{t('users.importHint')}</p> : <Preview {...shown} />}
        {error === undefined ? null : <Failed error={error} />}
        <Group justify="flex-end" gap="xs">
          <Button variant="default" onClick={onClose}>
            {shown?.isDone === true ? t('action.close') : t('action.cancel')}
          </Button>
          {shown?.isDone === true ? null : <Choose isAgain={shown !== undefined} isBusy={isBusy} onChoose={choose} />}
          {shown === undefined || shown.isDone || due === 0 ? null : (
            <Button loading={isBusy} onClick={() => add(shown.file)}>
              {t('users.importDo', { count: due })}
            </Button>
          )}
        </Group>
      </Stack>
    </Dialog>
  );
}

type ChooseProps = {
  readonly isAgain: boolean;
  readonly isBusy: boolean;
  readonly onChoose: (file: File | null) => void;
};

function Choose({ isAgain, isBusy, onChoose }: ChooseProps) {
  const { t } = useTranslation();
  const words = t(isAgain ? 'users.otherFile' : 'users.chooseFile');
  return (
    <FileButton accept=".csv,.txt,text/csv,text/plain" onChange={onChoose} inputProps={{ 'aria-label': words }}>
      {(props) => (
        <Button
          {...props}
          variant={isAgain ? 'default' : 'filled'}
          loading={isBusy}
          leftSection={<IconUpload size={16} aria-hidden />}
        >
          {words}
        </Button>
      )}
    </FileButton>
  );
}

/** What cannot be imported stands first: it is what somebody has to do something about. */
function Preview({ people, isDone }: Shown) {
  const { t } = useTranslation();
  const countOf = (wanted: PersonInFile['outcome']) => people.filter(({ outcome }) => outcome === wanted).length;
  const [added, known, refused] = [countOf('added'), countOf('known'), countOf('refused')];
  const sorted = [...people].sort(
    (left, right) => Number(right.outcome === 'refused') - Number(left.outcome === 'refused'),
  );
  return (
    <>
      <div role="status">
        {isDone ? <State tone="ok" word={t('users.imported', { count: added })} /> : null}
        {!isDone && countOf('new') === 0 ? <p className="plain">{t('users.importNobody')}</p> : null}
        {known === 0 ? null : <p className="plain">{t('users.known', { count: known })}</p>}
        {refused === 0 ? null : <State tone="warning" word={t('users.leftOut', { count: refused })} />}
      </div>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by keyboard */}
      <section className="scrolled" tabIndex={0} aria-label={t('users.inFile')}>
        <ul className="people">
          {sorted.map((person) => (
            <Person key={person.line} person={person} />
          ))}
        </ul>
      </section>
    </>
  );
}

function Person({ person }: { readonly person: PersonInFile }) {
  const { line, name, email, addresses, role, group, outcome, words } = person;
  const { t } = useTranslation();
  return (
    <li>
      <div>
        <strong>{plain(name)}</strong> {plain([email, ...addresses].join(' · '))}
      </div>
      <div className="hint">
        {t('users.fileLine')} {line} · {t(`role.${role}`)}
        {group === null ? null : ` · ${plain(group)}`}
      </div>
      <State tone={TONES[outcome]} word={words ?? t(`users.outcome.${outcome}`)} />
    </li>
  );
}

async function toBase64(file: File): Promise<string> {
  const bytes = new Uint8Array(await file.arrayBuffer());
  let text = '';
  for (const byte of bytes) text += String.fromCharCode(byte);
  return btoa(text);
}
