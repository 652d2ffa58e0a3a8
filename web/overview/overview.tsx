/** The start page: what is left to set up. */
import { useTranslation } from 'react-i18next';
import { Page } from '../ui/page.tsx';
import { StepsToGo } from './steps.tsx';

export default function Overview() {
  const { t } = useTranslation();
  return (
    <Page title={t('nav.overview')}>
      <StepsToGo />
    </Page>
  );
}
