/** The steps of a sign-in by code: the address, the code right under it, and how long it is still good. */
import { Anchor, Group, RingProgress } from '@mantine/core';
import { IconExternalLink } from '@tabler/icons-react';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { CopyButton } from '../../ui/copy.tsx';
import { toneStyle } from '../../ui/state.tsx';
import { useNow } from '../../ui/when.tsx';

export type Code = { readonly userCode: string; readonly verificationUri: string; readonly expiresAt: string };

type CodeStepsProps = {
  readonly code: Code;
  /** A letter that copies the code; only for whoever can switch letters off. */
  readonly copyKey?: string;
};

export function CodeSteps({ code, copyKey }: CodeStepsProps) {
  const { t } = useTranslation();
  return (
    <ol className="codesteps">
      <li>
        <span>{t('deviceCode.step1')}</span>
        <Group gap="xs">
          <Anchor href={code.verificationUri} target="_blank" rel="noreferrer">
            {code.verificationUri} <IconExternalLink size={16} aria-hidden />
          </Anchor>
          <CopyButton text={code.verificationUri} label={t('action.copyAddress')} />
        </Group>
      </li>
      <li>
        <span>{t('deviceCode.step2')}</span>
        <Group gap="md">
          <UserCode code={code.userCode} />
          <CopyButton text={code.userCode} label={t('deviceCode.copyCode')} variant="filled" shortcut={copyKey} />
        </Group>
      </li>
    </ol>
  );
}

/** Groups of signs are a matter of margins alone; for the ear the signs come one by one. */
function UserCode({ code }: { readonly code: string }) {
  const half = Math.ceil(code.length / 2);
  return (
    <>
      <span className="quiet">{[...code].join(', ')}</span>
      <span className="usercode" aria-hidden="true" data-testid="user-code">
        <span>{code.slice(0, half)}</span>
        <span>{code.slice(half)}</span>
      </span>
    </>
  );
}

const USUAL_SECONDS = 15 * 60;

/** The three usual obstacles, once half of the time has passed: whoever confirms at once need not read them. */
export function Obstacles({ expiresAt }: { readonly expiresAt: string }) {
  const { t } = useTranslation();
  const now = useNow(5_000);
  const seconds = (new Date(expiresAt).getTime() - now.getTime()) / 1000;
  if (seconds > USUAL_SECONDS / 2) return null;
  return (
    <section className="note" style={toneStyle('off')}>
      <h3 className="plain">{t('deviceCode.obstacles.title')}</h3>
      <ul>
        <li>{t('deviceCode.obstacles.window')}</li>
        <li>{t('deviceCode.obstacles.secondFactor')}</li>
        <li>{t('deviceCode.obstacles.approval')}</li>
      </ul>
    </section>
  );
}

const SPOKEN_MINUTES = [10, 5, 2, 1];

export function Remaining({ expiresAt }: { readonly expiresAt: string }) {
  const { t } = useTranslation();
  const now = useNow(1_000);
  const seconds = Math.max(0, Math.floor((new Date(expiresAt).getTime() - now.getTime()) / 1000));
  const [total] = useState(() => Math.max(seconds, USUAL_SECONDS));
  const time = `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`;
  const minutes = SPOKEN_MINUTES.find((one) => seconds <= one * 60 && seconds > one * 60 - 5);
  return (
    <Group gap="sm">
      <RingProgress
        size={36}
        thickness={5}
        aria-hidden="true"
        sections={[{ value: (seconds / total) * 100, color: 'var(--waiting)' }]}
      />
      <span>{t('deviceCode.left', { time })}</span>
      <span>{t('deviceCode.waiting')}</span>
      <span className="quiet" role="status">
        {minutes === undefined ? '' : t('deviceCode.announceLeft', { count: minutes })}
      </span>
    </Group>
  );
}
