/** Print a document: files are chosen or dropped, sent one by one, and followed until they print. */
import { Anchor, Button, FileButton, Group, Stack } from '@mantine/core';
import { IconUpload } from '@tabler/icons-react';
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { type DragEvent, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { api, need } from '../../api/client.ts';
import { useMay } from '../../app/session.tsx';
import { Empty, Loaded } from '../../ui/content.tsx';
import { Page } from '../../ui/page.tsx';
import { Entries } from './entries.tsx';
import { isDue, useParcels } from './parcels.ts';
import { NO_WISHES, optionsOf, type Queue, readPages, type Wishes, WishesForm } from './wishes.tsx';

export default function UploadPage() {
  const { t } = useTranslation();
  const mayAdd = useMay('administrator');
  const queues = useQuery({ queryKey: ['queues'], queryFn: () => need(api.GET('/queues')) });
  return (
    <Page title={t('nav.upload')}>
      <Loaded query={queues}>
        {({ items }) =>
          items.length === 0 ? (
            <Empty title={t('upload.noQueue')}>
              {mayAdd ? (
                <Anchor component={Link} to="/queues">
                  {t('queues.addTitle')}
                </Anchor>
              ) : (
                <p>{t('upload.noQueueHint')}</p>
              )}
            </Empty>
          ) : (
            <Upload queues={items} />
          )
        }
      </Loaded>
    </Page>
  );
}

function Upload({ queues }: { readonly queues: readonly Queue[] }) {
  const { t } = useTranslation();
  const parcels = useParcels();
  const usual = queues.find(({ isDefault }) => isDefault) ?? queues[0];
  const [wishes, setWishes] = useState<Wishes>({ ...NO_WISHES, queueId: usual?.id ?? '' });
  const [isAsked, setAsked] = useState(false);
  const queue = queues.find(({ id }) => id === wishes.queueId);
  const count = parcels.entries.filter(isDue).length;
  const areWrong = wishes.pages.trim() !== '' && readPages(wishes.pages) === undefined;
  const send = (isHeld: boolean) => {
    setAsked(true);
    if (areWrong) {
      document.querySelector<HTMLInputElement>('[name="pages"]')?.focus();
      return;
    }
    void parcels.send({ queueId: wishes.queueId, options: optionsOf(wishes), isHeld });
  };
  const isDirect = queue?.mode === 'direct';
  return (
    <Stack gap="md" maw={760}>
      <DropZone onFiles={parcels.add} />
      <p className="quiet" role="status">
        {t('upload.chosenCount', { count: parcels.entries.length })}
      </p>
      {parcels.entries.length === 0 ? null : (
        <Entries entries={parcels.entries} isBusy={parcels.isBusy} onRemove={parcels.remove} onStop={parcels.stop} />
      )}
      <WishesForm
        queues={queues}
        wishes={wishes}
        onChange={setWishes}
        pagesError={isAsked && areWrong ? t('upload.pagesWrong') : null}
      />
      <Group gap="xs">
        <Button disabled={count === 0} loading={parcels.isBusy} onClick={() => send(!isDirect)}>
          {count === 0 ? t('upload.none') : t(isDirect ? 'upload.print' : 'upload.hold', { count })}
        </Button>
        {isDirect ? (
          <Button variant="default" disabled={count === 0 || parcels.isBusy} onClick={() => send(true)}>
            {t('upload.holdFirst')}
          </Button>
        ) : null}
      </Group>
      <p className="hint plain">{t(isDirect ? 'upload.directHint' : 'upload.heldHint')}</p>
    </Stack>
  );
}

function DropZone({ onFiles }: { readonly onFiles: (files: readonly File[]) => void }) {
  const { t } = useTranslation();
  const [isOver, setOver] = useState(false);
  const over = (event: DragEvent) => {
    event.preventDefault();
    setOver(true);
  };
  const drop = (event: DragEvent) => {
    event.preventDefault();
    setOver(false);
    onFiles([...event.dataTransfer.files]);
  };
  return (
    // Dropping is a short cut; the button does the same for everybody.
    <section
      className="dropzone"
      data-over={isOver}
      aria-label={t('upload.drop')}
      onDragOver={over}
      onDragLeave={() => setOver(false)}
      onDrop={drop}
    >
      <p className="plain">{t('upload.drop')}</p>
      <FileButton multiple onChange={onFiles} inputProps={{ 'aria-label': t('upload.choose') }}>
        {(props) => (
          <Button {...props} variant="default" leftSection={<IconUpload size={16} aria-hidden />}>
            {t('upload.choose')}
          </Button>
        )}
      </FileButton>
      <p className="hint plain">{t('upload.kinds')}</p>
    </section>
  );
}
