/** The sticker of a printer: a code that opens its release page on a phone. Dark on white in every color scheme. */
import { Button } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useParams } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import { encode } from 'uqr';
import { api, need } from '../api/client.ts';
import { Loaded } from '../ui/content.tsx';
import { Page } from '../ui/page.tsx';
import { plain } from '../ui/words.ts';

// What the standard asks for around the code (ISO/IEC 18004), part of the picture so that no page can cut it off.
const BORDER = 4;

export default function Sticker() {
  const { t } = useTranslation();
  const { id = '' } = useParams({ strict: false }) as { id?: string };
  const printer = useQuery({
    queryKey: ['printers', 'one', id],
    queryFn: () => need(api.GET('/printers/{id}', { params: { path: { id } } })),
  });
  const address = `${location.origin}/printers/${id}/release`;
  return (
    <Page
      title={t('release.sticker')}
      actions={<Button onClick={() => window.print()}>{t('release.printSticker')}</Button>}
    >
      <Loaded query={printer}>
        {({ name }) => (
          <div className="sticker">
            <QrCode text={address} label={t('release.codeOf', { name })} />
            <p className="sticker-name">{plain(name)}</p>
            <p>{t('release.stickerHint')}</p>
            <p className="hint">{address}</p>
          </div>
        )}
      </Loaded>
    </Page>
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
