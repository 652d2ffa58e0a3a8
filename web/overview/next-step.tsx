/** What follows a step that has just been done: one button leads on, until no step is open. */
import { Button, Group } from '@mantine/core';
import { useQueryClient } from '@tanstack/react-query';
import { Link, useRouterState, useSearch } from '@tanstack/react-router';
import { useTranslation } from 'react-i18next';
import { State } from '../ui/state.tsx';
import { STEPS_KEY, type Step, useSteps } from './steps.tsx';

/** Stands in the address after a step was done, so that a reload shows the way on too; the menu leads to pages without it. */
export const STEP_DONE = { next: true } as const;

/** The step to go on with, where one has just been done; the page then leaves the filled button to it. */
export function useNextStep(): Step | undefined {
  const { next } = useSearch({ strict: false }) as Readonly<Record<string, unknown>>;
  const here = useRouterState({ select: (state) => state.location.pathname });
  const isWanted = next === true;
  const steps = useSteps({ isWanted });
  const first = isWanted ? steps.data?.find(({ isDone }) => !isDone) : undefined;
  // What is to be done on the page that is open needs no way there.
  return first?.path === here ? undefined : first;
}

/** Asks anew which steps are done; for whoever has just done one. */
export function useStepsAgain(): () => Promise<void> {
  const client = useQueryClient();
  return async () => await client.invalidateQueries({ queryKey: STEPS_KEY });
}

export function NextStep({ step }: { readonly step: Step | undefined }) {
  const { t } = useTranslation();
  if (step === undefined) return null;
  return (
    <section className="card narrow">
      <Group justify="space-between" gap="sm">
        <span role="status">
          <State tone="waiting" word={t('firstRun.nextStep', { step: t(`firstRun.${step.key}`) })} />
        </span>
        <Button component={Link} to={step.path} search={step.search as never}>
          {t('action.continue')}
        </Button>
      </Group>
    </section>
  );
}
