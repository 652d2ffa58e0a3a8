/** How many copies; empty for as many as is usual. */
import { NumberInput } from '@mantine/core';
import { useTranslation } from 'react-i18next';

const MAX_COPIES = 999;

type CopiesProps = { readonly value: number | string; readonly onChange: (value: number | string) => void };

export function Copies({ value, onChange }: CopiesProps) {
  const { t } = useTranslation();
  return (
    <NumberInput
      label={t('upload.copies')}
      min={1}
      max={MAX_COPIES}
      clampBehavior="strict"
      allowDecimal={false}
      allowNegative={false}
      hideControls
      placeholder="1"
      value={value}
      onChange={onChange}
    />
  );
}
