/** The sticker of a printer: a code that opens its release page on a phone. Dark on white in every color scheme. */
import { Button, Group, Radio, Stack } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useParams } from '@tanstack/react-router';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { encode } from 'uqr';
import { api, need } from '../api/client.ts';
import { bringAllLanguages, currentLanguage, LANGUAGES } from '../app/texts.ts';
import { Mark } from '../frame/mark.tsx';
import { Loaded } from '../ui/content.tsx';
import { Page } from '../ui/page.tsx';
import { plain } from '../ui/words.ts';

// What the standard asks for around the code (ISO/IEC 18004), part of the picture so that no page can cut it off.
const BORDER = 4;
const SIZES = ['a5', 'label'] as const;
type Size = (typeof SIZES)[number];

export default function Sticker() {
  const { t } = useTranslation();
  const { id = '' } = useParams({ strict: false }) as { id?: string };
  const [size, setSize] = useState<Size>('a5');
  const printer = useQuery({
    queryKey: ['sticker', id],
    queryFn: async () => {
      await bringAllLanguages();
      return await need(api.GET('/printers/{id}', { params: { path: { id } } }));
    },
  });
  return (
    <Page
      title={t('release.sticker')}
      actions={<Button onClick={() => window.print()}>{t('release.printSticker')}</Button>}
    >
      <Loaded query={printer}>
        {({ name }) => (
          <Stack gap="md">
            <Radio.Group
              className="no-print"
              label={t('release.stickerSize')}
              value={size}
              onChange={(chosen) => setSize(chosen as Size)}
            >
              <Group gap="md" mt="xs">
                {SIZES.map((one) => (
                  <Radio key={one} value={one} label={t(`release.stickerSizes.${one}`)} />
                ))}
              </Group>
            </Radio.Group>
            <Paper name={plain(name)} address={`${location.origin}/printers/${id}/release`} size={size} />
          </Stack>
        )}
      </Loaded>
    </Page>
  );
}

type PaperProps = { readonly name: string; readonly address: string; readonly size: Size };

/** What is printed: read by everybody who stands there, so in every language. */
function Paper({ name, address, size }: PaperProps) {
  const { t, i18n } = useTranslation();
  const languages = LANGUAGES.map(({ code }) => code).sort((one) => (one === currentLanguage() ? -1 : 0));
  return (
    <div className="sticker" data-size={size}>
      <QrCode text={address} label={t('release.codeOf', { name })} />
      <div className="sticker-words">
        <p className="sticker-mark">
          <Mark size={22} /> {t('label.product')}
        </p>
        <p className="sticker-name">{name}</p>
        {languages.map((language) => (
          <p key={language} lang={language}>
            {i18n.getFixedT(language)('release.stickerHint')}
          </p>
        ))}
        <p className="hint">{address.replace(/^https?:\/\//, '')}</p>
      </div>
    </div>
  );
}

export function QrCode({ text, label }: { readonly text: string; readonly label: string }) {
  const { data, size } = encode(text, { ecc: 'M', border: BORDER });
  const dots = data.flatMap((row, y) => row.flatMap((isDark, x) => (isDark ? [`M${x} ${y}h1v1h-1z`] : [])));
  return (
    <svg className="qr" viewBox={`0 0 ${size} ${size}`} role="img" aria-label={label} shapeRendering="crispEdges">
      <rect width={size} height={size} fill="#ffffff" />
      <path d={dots.join('')} fill="#000000" />
    </svg>
  );
}
