/** The two ids out of whatever was printed or copied, the consent for everybody, and on to the connection. */
import { Anchor, Button, Group, Stack, Textarea } from '@mantine/core';
import { IconExternalLink } from '@tabler/icons-react';
import { useMutation } from '@tanstack/react-query';
import { useNavigate } from '@tanstack/react-router';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { api, isProblem, need } from '../../api/client.ts';
import { Failed } from '../../ui/content.tsx';
import { CopyButton } from '../../ui/copy.tsx';
import { State } from '../../ui/state.tsx';
import { MissingTenant, useTenant } from '../form/tenant-state.tsx';
import { isMailAddress, type Kit, type Wish } from './wish.ts';
import type { WishProps } from './wizard.tsx';

export function FoundIds({ wish, change, kit }: WishProps & { readonly kit: Kit }) {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const { clientId, tenantId } = wish;
  const isFound = clientId !== '' && tenantId !== '';
  const connect = () => void navigate({ to: '/settings/connections/new', search: connectionSearch(wish) as never });
  return (
    <section className="card">
      <Stack gap="md">
        <h2 className="section">{t('register.result')}</h2>
        <PasteIds change={change} />
        {isFound ? <Found wish={wish} change={change} /> : null}
        {kit.consentLink === null ? null : <Consent link={kit.consentLink} />}
        <Group gap="xs">
          <Button disabled={!isFound} onClick={connect}>
            {t('register.connect')}
          </Button>
        </Group>
      </Stack>
    </section>
  );
}

function connectionSearch({ name, uses, cloud, mailbox, clientId, tenantId }: Wish): Record<string, string> {
  const account = isMailAddress(mailbox) ? { expectedAccount: mailbox.trim() } : {};
  return { title: name, clientId, tenantId, cloud, uses: uses.join(','), ...account };
}

function PasteIds({ change }: Pick<WishProps, 'change'>) {
  const { t } = useTranslation();
  const [text, setText] = useState('');
  const parse = useMutation({
    mutationFn: (pasted: string) => need(api.POST('/registration/parse', { body: { text: pasted } })),
    onSuccess: ({ clientId, tenantId }) => change({ clientId, tenantId }),
  });
  const read = (value: string) => {
    setText(value);
    parse.reset();
    // two ids are at least this long; before that the text is still being typed
    if (value.length >= 73) parse.mutate(value.slice(0, 65_536));
  };
  const fault =
    isProblem(parse.error) && parse.error.code === 'registration-output-unreadable' ? parse.error : undefined;
  return (
    <>
      <Textarea
        label={t('register.paste')}
        description={t('register.pasteHint')}
        inputWrapperOrder={['label', 'input', 'error', 'description']}
        autosize
        minRows={2}
        maxRows={8}
        value={text}
        error={fault === undefined ? undefined : `${fault.title}. ${fault.advice}`}
        onChange={(event) => read(event.currentTarget.value)}
      />
      {parse.error === null || fault !== undefined ? null : <Failed error={parse.error} />}
    </>
  );
}

function Found({ wish, change }: WishProps) {
  const { t } = useTranslation();
  const { clientId, tenantId, cloud } = wish;
  const tenant = useTenant({ tenant: tenantId, cloud });
  const exists = tenant.data?.exists;
  return (
    <Stack gap="xs" role="status">
      <State tone="ok" word={`${t('connections.clientId')} ${clientId}`} />
      <State tone={exists === false ? 'warning' : 'ok'} word={`${t('connections.tenantId')} ${tenantId}`} />
      {exists === true ? <State tone="ok" word={t('register.tenantFound')} /> : null}
      {exists === false ? (
        <MissingTenant
          tenant={tenantId}
          clientId={clientId}
          otherCloud={tenant.data?.otherCloud ?? null}
          onSwap={() => change({ clientId: tenantId, tenantId: clientId })}
          onCloud={(other) => change({ cloud: other })}
        />
      ) : null}
    </Stack>
  );
}

/** Ordinary users may not consent to IMAP and POP: one click of an administrator consents for everybody. */
function Consent({ link }: { readonly link: string }) {
  const { t } = useTranslation();
  return (
    <div>
      <p className="plain">{t('register.consent')}</p>
      <Group gap="xs" mt="xs">
        <CopyButton text={link} label={t('register.copyConsent')} />
        <Anchor href={link} target="_blank" rel="noreferrer">
          {t('register.openConsent')} <IconExternalLink size={16} aria-hidden />
        </Anchor>
      </Group>
    </div>
  );
}
