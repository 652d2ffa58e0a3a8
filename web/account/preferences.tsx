/** How the person wants to see Platen; what is chosen is kept at once and holds on every device. */
import { Checkbox, Radio, Stack } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { type Preferences, useChangePreferences } from '../app/preferences.ts';
import { useMay, useSession } from '../app/session.tsx';
import { currentLanguage, LANGUAGES } from '../app/texts.ts';
import { hasShortcuts, switchShortcuts } from '../frame/shortcuts.ts';
import { Failed } from '../ui/content.tsx';

const APPEARANCES = ['system', 'light', 'dark'] as const;
const DENSITIES = ['comfortable', 'compact'] as const;
const SAME = 'same';

export function OwnPreferences() {
  const { t } = useTranslation();
  const preferences = useSession()?.preferences ?? null;
  const mayRegister = useMay('administrator');
  // What was chosen stands there at once; when the server did not keep it, what it has comes back.
  const [wish, setWish] = useState<Partial<Preferences>>({});
  const change = useMutation({ mutationFn: useChangePreferences(), onSettled: () => setWish({}) });
  if (preferences === null) return null;
  const shown = { ...preferences, language: currentLanguage(), ...wish };
  const choose = (part: Partial<Preferences>) => {
    setWish(part);
    change.mutate(part);
  };
  const languages = LANGUAGES.map(({ code, name }) => ({ value: code, label: name }));
  return (
    <section className="card narrow">
      <Stack gap="md">
        <h2 className="section">{t('account.preferences')}</h2>
        <p className="hint plain">{t('account.everywhere')}</p>
        <Choice
          label={t('users.language')}
          hint={t('account.languageHint')}
          value={shown.language}
          choices={languages}
          onChoose={(language) => choose({ language })}
        />
        <Choice
          label={t('account.appearance')}
          value={shown.appearance}
          choices={APPEARANCES.map((one) => ({ value: one, label: t(`account.appearances.${one}`) }))}
          onChoose={(appearance) => choose({ appearance })}
        />
        <Choice
          label={t('account.density')}
          value={shown.density}
          choices={DENSITIES.map((one) => ({ value: one, label: t(`account.densities.${one}`) }))}
          onChoose={(density) => choose({ density })}
        />
        {mayRegister ? (
          <Choice<NonNullable<Preferences['portalLanguage']> | typeof SAME>
            label={t('account.portal')}
            hint={t('account.portalHint')}
            value={shown.portalLanguage ?? SAME}
            choices={[{ value: SAME, label: t('account.portalSame') }, ...languages]}
            onChoose={(chosen) => choose({ portalLanguage: chosen === SAME ? null : chosen })}
          />
        ) : null}
        <Shortcuts />
        {change.error === null ? null : <Failed error={change.error} />}
      </Stack>
    </section>
  );
}

/** Of this device alone: on another one somebody may type instead of speaking. */
function Shortcuts() {
  const { t } = useTranslation();
  const [isOn, setOn] = useState(hasShortcuts);
  return (
    <Checkbox
      label={t('account.shortcuts')}
      description={t('account.shortcutsHint')}
      checked={isOn}
      onChange={({ currentTarget }) => {
        switchShortcuts(currentTarget.checked);
        setOn(currentTarget.checked);
      }}
    />
  );
}

type ChoiceProps<T extends string> = {
  readonly label: string;
  readonly hint?: string;
  readonly value: T;
  readonly choices: readonly { readonly value: T; readonly label: string }[];
  readonly onChoose: (value: T) => void;
};

function Choice<T extends string>({ label, hint, value, choices, onChoose }: ChoiceProps<T>) {
  return (
    <Radio.Group label={label} description={hint} value={value} onChange={(chosen) => onChoose(chosen as T)}>
      <Stack gap="xs" mt="xs">
        {choices.map((one) => (
          <Radio key={one.value} value={one.value} label={one.label} />
        ))}
      </Stack>
    </Radio.Group>
  );
}
