/** A field whose text is looked for while it is typed. The text stands in the address of the page. */
import { TextInput } from '@mantine/core';
import { useSearch } from '@tanstack/react-router';
import { useEffect, useRef, useState } from 'react';

/** As of this long after the last letter the server is asked. */
const TYPING_MS = 250;
/** As long as the server takes. */
const MAX_LENGTH = 200;

/** What the address of the page asks for with `?q=`. */
export function useAskedText(): string | undefined {
  const { q } = useSearch({ strict: false }) as { q?: unknown };
  // A number in the address is read as one by the router.
  const text = typeof q === 'string' || typeof q === 'number' ? String(q) : '';
  return text === '' ? undefined : text;
}

type FindFieldProps = {
  readonly label: string;
  readonly description?: string;
  /** What is looked for now. */
  readonly text: string | undefined;
  readonly onFind: (text: string | undefined) => void;
};

export function FindField({ label, description, text, onFind }: FindFieldProps) {
  const [typed, setTyped] = useState(text ?? '');
  const asked = useRef(text);
  useEffect(() => {
    // The address was changed by somebody else, such as the search in the top bar.
    if (text === asked.current) return;
    asked.current = text;
    setTyped(text ?? '');
  }, [text]);
  useEffect(() => {
    const wanted = typed.trim() === '' ? undefined : typed.trim();
    if (wanted === asked.current) return;
    const timer = setTimeout(() => {
      asked.current = wanted;
      onFind(wanted);
    }, TYPING_MS);
    return () => clearTimeout(timer);
  });
  return (
    <TextInput
      label={label}
      {...(description === undefined ? {} : { description })}
      maxLength={MAX_LENGTH}
      value={typed}
      onChange={(event) => setTyped(event.currentTarget.value)}
    />
  );
}
