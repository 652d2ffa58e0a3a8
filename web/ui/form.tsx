/**
 * A form that loses nothing: refused values stay typed, each problem stands at its field, and the focus goes there, or
 * above several of them to a list. The server's refusals come back to the fields that they name.
 */
import { type UseFormInput, type UseFormReturnType, useForm } from '@mantine/form';
import { type FormEvent, useEffect, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { isProblem } from '../api/client.ts';
import { forgetWrong, showWrong } from './errors/summary.tsx';

export type PlatenForm<T extends Record<string, unknown>> = UseFormReturnType<T> & {
  /** For `<form onSubmit>`. */
  readonly submit: (event?: FormEvent<HTMLFormElement>) => void;
  readonly isBusy: boolean;
  /** True for two seconds after it was saved. */
  readonly isSaved: boolean;
  /** What the server refused as a whole. */
  readonly error: unknown;
};

export function usePlatenForm<T extends Record<string, unknown>>(
  input: UseFormInput<T>,
  send: (values: T) => Promise<void>,
): PlatenForm<T> {
  const { t } = useTranslation();
  const form = useForm<T>({ validateInputOnBlur: true, ...input });
  const [state, setState] = useState<'idle' | 'busy' | 'saved'>('idle');
  const [error, setError] = useState<unknown>();
  useEffect(() => {
    if (state !== 'saved') return;
    const timer = setTimeout(() => setState('idle'), 2_000);
    return () => clearTimeout(timer);
  }, [state]);
  const element = useRef<HTMLFormElement>(undefined);
  const run = async (values: T) => {
    setState('busy');
    forgetWrong();
    setError(undefined);
    try {
      await send(values);
      setState('saved');
    } catch (thrown) {
      setState('idle');
      setError(thrown);
      if (!isProblem(thrown)) return;
      const known = thrown.fields.filter(({ field }) => field in values);
      for (const { field } of known) form.setFieldError(field, t('form.refused'));
      showWrong(
        element.current,
        known.map(({ field }) => ({ name: field, words: t('form.refused') })),
      );
    }
  };
  const judge = form.onSubmit(
    (values) => void run(values),
    (errors) =>
      showWrong(
        element.current,
        Object.entries(errors).map(([name, words]) => ({ name, words: String(words) })),
      ),
  );
  const submit = (event?: FormEvent<HTMLFormElement>) => {
    element.current = event?.currentTarget;
    judge(event);
  };
  return Object.assign(form, { submit, isBusy: state === 'busy', isSaved: state === 'saved', error });
}

/** Props of a field that keep its name beside Mantine's own. */
export function fieldOf<T extends Record<string, unknown>>(form: UseFormReturnType<T>, name: keyof T & string) {
  return {
    ...form.getInputProps(name),
    name,
    inputWrapperOrder: ['label', 'input', 'error', 'description'] as InputOrder,
  };
}
type InputOrder = ('label' | 'input' | 'error' | 'description')[];
