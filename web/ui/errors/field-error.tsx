/** What is wrong with a field, under it: for the ear it begins with what it is, as color alone tells only the eye. */
import type { ComponentProps } from 'react';
import { useTranslation } from 'react-i18next';

export function FieldError({ children, ...others }: ComponentProps<'p'>) {
  const { t } = useTranslation();
  return (
    <p {...others}>
      <span className="quiet">{t('form.error')} </span>
      {children}
    </p>
  );
}
