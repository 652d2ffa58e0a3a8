/** The head of a page: its title, which takes the focus when the page changes, and what can be done. */
import { Group } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { type ReactNode, useEffect, useRef } from 'react';
import { useTranslation } from 'react-i18next';
import { sessionQuery } from '../app/session.tsx';

type PageProps = {
  readonly title: string;
  /** The one filled button of the view, and outlined ones. */
  readonly actions?: ReactNode;
  readonly above?: ReactNode;
  /** Something is broken: a tab in the background tells by its title. */
  readonly isBroken?: boolean;
  readonly children: ReactNode;
};

let isFirstPage = true;

export function Page({ title, actions, above, isBroken = false, children }: PageProps) {
  const heading = useRef<HTMLHeadingElement>(null);
  useTitle(title, isBroken);
  useEffect(() => {
    // On the first page the browser's own start of reading is better. Where the page begins is for the router to say.
    if (!isFirstPage && !document.querySelector('[role="dialog"]')) heading.current?.focus({ preventScroll: true });
    isFirstPage = false;
  }, []);
  return (
    <div className="page">
      {above === undefined ? null : <div className="above">{above}</div>}
      <Group justify="space-between" align="flex-start" mb="md" gap="sm">
        <h1 ref={heading} tabIndex={-1} className="page-title">
          {title}
        </h1>
        {actions === undefined ? null : <Group gap="xs">{actions}</Group>}
      </Group>
      {children}
    </div>
  );
}

export function useTitle(title: string, isBroken = false): void {
  const { t } = useTranslation();
  // Where nobody has to sign in nobody is asked who it is.
  const { data: session } = useQuery({ ...sessionQuery, enabled: false });
  const company = session?.company ?? '';
  useEffect(() => {
    const parts = [title, company, t('label.product')].filter((part) => part !== '');
    document.title = `${isBroken ? '● ' : ''}${parts.join(' · ')}`;
  }, [title, company, isBroken, t]);
}
