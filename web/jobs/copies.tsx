/** How many copies; empty for as many as is usual. */
import { NumberInput } from '@mantine/core';
import { useTranslation } from 'react-i18next';

const MAX_COPIES = 999;

type CopiesProps = {
  readonly value: number | string;
  /** As many as the printer can do. */
  readonly most?: number | undefined;
  readonly onChange: (value: number | string) => void;
};

export function Copies({ value, most = MAX_COPIES, onChange }: CopiesProps) {
  const { t } = useTranslation();
  return (
    <NumberInput
      label={t('upload.copies')}
      min={1}
      max={Math.min(most, MAX_COPIES)}
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
