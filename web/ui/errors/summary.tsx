/**
 * What a form does not take, when that is more than one field: said once above it, with the focus, and with a way to each
 * field (WCAG 3.3.1). It stands in every form that is sent by `usePlatenForm`, without the form knowing it.
 */
import { useEffect, useRef, useSyncExternalStore } from 'react';
import { createPortal } from 'react-dom';
import { useTranslation } from 'react-i18next';
import { ToneIcon, toneStyle } from '../state.tsx';

type Wrong = { readonly name: string; readonly words: string };
type Shown = { readonly place: HTMLElement; readonly form: HTMLFormElement; readonly wrong: readonly Wrong[] };

let shown: Shown | undefined;
const listeners = new Set<() => void>();

function show(next: Shown | undefined): void {
  shown?.place.remove();
  shown = next;
  for (const tell of listeners) tell();
}

/** Moves the focus to what is wrong: the field, or above several of them a list that leads to each. */
export function showWrong(form: HTMLFormElement | undefined, wrong: readonly Wrong[]): void {
  const known = wrong.filter(({ name }) => findField(form, name) !== undefined);
  if (form === undefined || known.length < 2) {
    show(undefined);
    findField(form, wrong[0]?.name)?.focus();
    return;
  }
  const place = document.createElement('div');
  form.prepend(place);
  show({ place, form, wrong: known });
}

/** The form was sent, or is sent anew. */
export function forgetWrong(): void {
  if (shown !== undefined) show(undefined);
}

/** What can be focused; a list keeps its value in a hidden field beside the one that is seen. */
function findField(form: HTMLFormElement | undefined, name: string | undefined): HTMLElement | undefined {
  if (name === undefined) return undefined;
  const fields = (form ?? document).querySelectorAll<HTMLInputElement>(`[name="${CSS.escape(name)}"]`);
  const seen = [...fields].find(({ type }) => type !== 'hidden');
  const beside = fields[0]?.parentElement?.querySelector<HTMLElement>('input:not([type="hidden"])');
  return seen ?? beside ?? undefined;
}

function labelOf(field: HTMLElement): string {
  const label =
    field instanceof HTMLInputElement || field instanceof HTMLTextAreaElement ? field.labels?.[0] : undefined;
  return label?.textContent ?? field.getAttribute('aria-label') ?? '';
}

/** Stands once in the page; draws itself into the form. */
export function ErrorSummary() {
  const now = useSyncExternalStore(
    (tell) => {
      listeners.add(tell);
      return () => listeners.delete(tell);
    },
    () => shown,
  );
  return now === undefined ? null : createPortal(<Summary key={String(now.wrong.length)} {...now} />, now.place);
}

function Summary({ form, wrong, place }: Shown) {
  const { t } = useTranslation();
  const box = useRef<HTMLElement>(null);
  // Each refusal has a place of its own, also where the same fields are wrong again.
  // biome-ignore lint/correctness/useExhaustiveDependencies: the place says that it is another one
  useEffect(() => box.current?.focus(), [place]);
  return (
    <section ref={box} tabIndex={-1} aria-labelledby="error-summary" className="errors" style={toneStyle('broken')}>
      <p id="error-summary">
        <ToneIcon tone="broken" /> {t('form.wrong', { count: wrong.length })}
      </p>
      <ul>
        {wrong.map(({ name, words }) => {
          const field = findField(form, name);
          return (
            <li key={name}>
              <a
                href={`#${field?.id ?? ''}`}
                onClick={(event) => {
                  event.preventDefault();
                  field?.focus();
                }}
              >
                {field === undefined ? words : `${labelOf(field)}: ${words}`}
              </a>
            </li>
          );
        })}
      </ul>
    </section>
  );
}
