/** A test of a mailbox as it stands in the form, saved or not: signs in and looks, and changes nothing in it. */
import { Button, Group } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { api, need } from '../api/client.ts';
import { Explained } from '../connections/explained.tsx';
import { Failed } from '../ui/content.tsx';
import type { PlatenForm } from '../ui/form.tsx';
import { State } from '../ui/state.tsx';
import { placeOf, type Values } from './mailbox.ts';

type TestProps = {
  readonly form: PlatenForm<Values>;
  /** Of a mailbox that there is: its password need not be typed again. */
  readonly id: string | undefined;
};

/** What a test needs; the rest may still be missing. */
const NEEDED = ['source', 'host', 'username', 'password', 'address'] as const;

export function MailboxTest({ form, id }: TestProps) {
  const { t } = useTranslation();
  const check = useMutation({
    mutationFn: (values: Values) => {
      const body = { ...placeOf(values), ...(id === undefined ? {} : { id }) };
      return need(api.POST('/mailboxes/check', { body }));
    },
  });
  const start = () => {
    const wrong = NEEDED.filter((field) => form.validateField(field).hasError);
    if (wrong.length > 0) {
      document.querySelector<HTMLElement>(`[name="${wrong[0]}"]`)?.focus();
      return;
    }
    check.mutate(form.getValues());
  };
  const problem = check.data?.problem;
  return (
    <div>
      <Group gap="sm">
        <Button variant="default" loading={check.isPending} onClick={start}>
          {t('mailboxes.test')}
        </Button>
        <span role="status">
          {check.data?.outcome === 'passed' ? <State tone="ok" word={t('mailboxes.testOk')} /> : null}
          {check.isPending ? t('mailboxes.testRuns') : null}
        </span>
      </Group>
      {check.data?.outcome === 'passed' ? (
        <Found messages={check.data.messages ?? 0} missingFolders={check.data.missingFolders ?? []} />
      ) : null}
      <p className="hint plain">{t('mailboxes.testNote')}</p>
      {problem === undefined ? null : <Explained problem={problem} of={id} />}
      {check.error === null ? null : <Failed error={check.error} />}
    </div>
  );
}

type FoundProps = { readonly messages: number; readonly missingFolders: readonly string[] };

function Found({ messages, missingFolders }: FoundProps) {
  const { t } = useTranslation();
  return (
    <ul className="plain">
      <li>{t('mailboxes.testMessages', { count: messages })}</li>
      {missingFolders.length === 0 ? null : (
        <li>{t('mailboxes.testFolders', { folders: missingFolders.join(', ') })}</li>
      )}
    </ul>
  );
}
