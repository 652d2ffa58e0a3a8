/** Each way to register: scripts and texts to copy, or the steps in the portal one by one. */
import { Anchor, Checkbox, Group, Stack, Textarea } from '@mantine/core';
import { IconExternalLink } from '@tabler/icons-react';
import { useTranslation } from 'react-i18next';
import { CopyButton } from '../../ui/copy.tsx';
import { toneStyle } from '../../ui/state.tsx';
import type { Kit, Wish } from './wish.ts';
import type { WishProps } from './wizard.tsx';

type ContentProps = WishProps & { readonly kit: Kit };

export function WayContent({ wish, change, kit }: ContentProps) {
  const { t } = useTranslation();
  return (
    <section className="card">
      <Stack gap="md">
        <h2 className="section">{t(`registerWay.${wish.way}`)}</h2>
        <Content wish={wish} change={change} kit={kit} />
        <Permissions kit={kit} />
      </Stack>
    </section>
  );
}

function Content({ wish, change, kit }: ContentProps) {
  const { t } = useTranslation();
  switch (wish.way) {
    case 'script':
      return (
        <>
          <p className="plain">{t('register.scriptHint')}</p>
          <Text title={t('register.script')} text={kit.azureCli} address={SHELLS[wish.cloud]} />
          {kit.exchange === null ? null : <Text title={t('register.exchange')} text={kit.exchange} />}
          <Request text={kit.azureCli} more={kit.exchange} />
        </>
      );
    case 'powershell':
      return (
        <>
          <p className="note" style={toneStyle('warning')}>
            {t('register.powershellHint')}
          </p>
          <Text title={t('register.powershell')} text={kit.powershell} />
          <Request text={kit.powershell} more={null} />
        </>
      );
    case 'hand':
      return <Steps wish={wish} change={change} kit={kit} />;
    case 'manifest':
      return (
        <>
          <p className="plain">{t('register.manifestHint')}</p>
          <Text title={t('register.manifest')} text={kit.manifest} />
          <Text title={t('register.oldManifest')} text={kit.oldManifest} />
        </>
      );
    case 'graph':
      return <GraphRequests kit={kit} />;
  }
}

/** Where the script is pasted; only the worldwide cloud has one address for it. */
const SHELLS: Readonly<Record<string, string>> = { worldwide: 'https://shell.azure.com' };

type TextProps = { readonly title: string; readonly text: string; readonly address?: string | undefined };

function Text({ title, text, address }: TextProps) {
  const { t } = useTranslation();
  return (
    <div>
      <Textarea readOnly label={title} lang="en" autosize maxRows={16} classNames={{ input: 'words' }} value={text} />
      <Group gap="xs" mt="xs">
        <CopyButton text={text} variant="filled" />
        {address === undefined ? null : (
          <Anchor href={address} target="_blank" rel="noreferrer">
            {t('register.shell')} <IconExternalLink size={16} aria-hidden />
          </Anchor>
        )}
      </Group>
    </div>
  );
}

/** For who has no right to register apps: a text to send, with the script in it. */
function Request({ text, more }: { readonly text: string; readonly more: string | null }) {
  const { t } = useTranslation();
  const words = [
    t('register.request'),
    '',
    text,
    ...(more === null ? [] : [t('register.exchange'), more]),
    t('request.thanks'),
  ];
  return (
    <Group gap="xs">
      <span>{t('register.otherRole')}</span>
      <CopyButton text={words.join('\n')} label={t('action.copyRequest')} />
    </Group>
  );
}

function Steps({ wish, change, kit }: ContentProps) {
  const { t } = useTranslation();
  const tick = (id: string, isDone: boolean) =>
    change({ done: isDone ? [...wish.done, id] : wish.done.filter((one) => one !== id) });
  return (
    <ol className="portalsteps">
      {kit.steps.map((step) => (
        <li key={step.id}>
          <Stack gap="xs">
            <PortalPath step={step} portal={wish.portal} />
            <span>{step.text}</span>
            {step.value === null ? null : (
              <Group gap="xs" align="flex-start">
                <code className="words" lang="en">
                  {step.value}
                </code>
                <CopyButton text={step.value} />
              </Group>
            )}
            <Checkbox
              label={t('register.done')}
              aria-label={t('register.doneStep', { step: step.path[wish.portal] })}
              checked={wish.done.includes(step.id)}
              onChange={(event) => tick(step.id, event.currentTarget.checked)}
            />
          </Stack>
        </li>
      ))}
    </ol>
  );
}

/** Where to click, in the words of the portal; the other language stands dimmed below. */
function PortalPath({ step, portal }: { readonly step: Kit['steps'][number]; readonly portal: Wish['portal'] }) {
  const { t } = useTranslation();
  const other = portal === 'en' ? 'it' : 'en';
  return (
    <div>
      <strong lang={portal}>{step.path[portal]}</strong>{' '}
      {step.address === null ? null : (
        <Anchor href={step.address} target="_blank" rel="noreferrer">
          {t('action.open')} <IconExternalLink size={14} aria-hidden />
        </Anchor>
      )}
      <div className="hint" lang={other}>
        {step.path[other]}
      </div>
    </div>
  );
}

function GraphRequests({ kit }: { readonly kit: Kit }) {
  const { t } = useTranslation();
  return (
    <>
      <p className="plain">{t('register.graphHint')}</p>
      {kit.graph.map(({ method, url, body }) => (
        <Text key={url} title={`${method} ${url}`} text={body ?? url} />
      ))}
    </>
  );
}

function Permissions({ kit }: { readonly kit: Kit }) {
  const { t } = useTranslation();
  return (
    <p className="plain">
      {t('register.permissions')} <span className="words">{kit.permissions.map(({ name }) => name).join(', ')}</span>
    </p>
  );
}
