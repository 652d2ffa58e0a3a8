/** What a notice looks like, in either language, before anybody gets one. */
import { Group, Radio, Stack } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { api, need } from '../api/client.ts';
import type { paths } from '../api/schema.ts';
import { LANGUAGES, type Language } from '../app/texts.ts';
import { Loaded } from '../ui/content.tsx';
import { Dialog } from '../ui/dialog.tsx';

type Query = paths['/notices/preview']['get']['parameters']['query'];

type PreviewProps = {
  readonly event: Query['event'];
  readonly name: string;
  readonly onClose: () => void;
};

export function Preview({ event, name, onClose }: PreviewProps) {
  const { t, i18n } = useTranslation();
  const [language, setLanguage] = useState<Language>(i18n.language === 'it' ? 'it' : 'en');
  const preview = useQuery({
    queryKey: ['notices', 'preview', event, language],
    queryFn: () => need(api.GET('/notices/preview', { params: { query: { event, language } } })),
  });
  return (
    <Dialog title={name} onClose={onClose}>
      <Stack gap="md">
        <p className="plain">{t('notices.previewHint')}</p>
        <Radio.Group
          label={t('notices.languageOf')}
          value={language}
          onChange={(value) => setLanguage(value === 'it' ? 'it' : 'en')}
        >
          <Group gap="md" mt={4}>
            {LANGUAGES.map(({ code, name }) => (
              <Radio key={code} value={code} label={name} />
            ))}
          </Group>
        </Radio.Group>
        <Loaded query={preview}>
          {({ subject, text }) => (
            <div lang={language}>
              <p className="plain">
                <strong>{`${t('notices.subjectLine')}: `}</strong>
                {subject}
              </p>
              <div className="words">{text}</div>
            </div>
          )}
        </Loaded>
      </Stack>
    </Dialog>
  );
}
