/** One row for each event: whether it is told by mail and to whom, and over which second ways its alarm goes. */
import { Button, Checkbox, Group, Switch } from '@mantine/core';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { api, need } from '../api/client.ts';
import { Failed } from '../ui/content.tsx';
import { State } from '../ui/state.tsx';
import { When } from '../ui/when.tsx';
import { Addresses } from './addresses.tsx';
import { alarmQuery, KEY, type NoticeEvent, type Notices, type Rule, WAYS } from './notices.ts';
import { Preview } from './preview.tsx';

const WHO = ['owner', 'operators', 'administrators'] as const;
/** What happens to a thing of the house has no sender. */
const OF_THE_HOUSE: readonly string[] = [
  'printer-needs-attention',
  'mailbox-needs-attention',
  'message-not-sent',
  'connection-needs-confirmation',
  'connection-may-end',
];

export function Rules({ rules }: { readonly rules: Notices['rules'] }) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const change = useMutation({
    mutationFn: ({ event, rule }: { readonly event: NoticeEvent; readonly rule: Rule }) => {
      const { lastSentAt: _last, ...kept } = rule;
      return need(api.PUT('/notices', { body: { rules: { [event]: kept } } }));
    },
    onSuccess: (answer) => client.setQueryData(KEY, answer),
  });
  const events = Object.keys(rules) as NoticeEvent[];
  return (
    <section className="card">
      {change.error === null ? null : <Failed error={change.error} />}
      <table className="list" aria-label={t('nav.notices')}>
        <thead>
          <tr>
            {(['event', 'on', 'who', 'ways', 'last', 'preview'] as const).map((title) => (
              <th key={title} scope="col">
                {t(`notices.column.${title}`)}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {events.map((event) => (
            <RuleRow
              key={event}
              event={event}
              rule={rules[event]}
              onChange={async (rule) => void (await change.mutateAsync({ event, rule }))}
            />
          ))}
        </tbody>
      </table>
    </section>
  );
}

type RowProps = {
  readonly event: NoticeEvent;
  readonly rule: Rule;
  readonly onChange: (rule: Rule) => Promise<void>;
};

function RuleRow({ event, rule, onChange }: RowProps) {
  const { t } = useTranslation();
  const [isShown, setShown] = useState(false);
  const name = t(`notices.events.${event}`);
  // A refusal is shown above the table.
  const change = (rule: Rule) => void onChange(rule).catch(() => undefined);
  return (
    <tr data-row>
      <td>{name}</td>
      <td data-title={t('notices.column.on')}>
        <Switch
          aria-label={t('notices.switch', { event: name })}
          checked={rule.enabled}
          onChange={({ currentTarget }) => change({ ...rule, enabled: currentTarget.checked })}
        />
      </td>
      <td>
        <Group gap="md">
          {WHO.filter((who) => who !== 'owner' || !OF_THE_HOUSE.includes(event)).map((who) => (
            <Checkbox
              key={who}
              label={t(`notices.${who}`)}
              aria-label={t('notices.to', { event: name, who: t(`notices.${who}`) })}
              checked={rule[who]}
              disabled={!rule.enabled}
              onChange={({ currentTarget }) => change({ ...rule, [who]: currentTarget.checked })}
            />
          ))}
        </Group>
        <Addresses rule={rule} name={name} onSave={onChange} />
      </td>
      <td data-title={rule.ways === null ? undefined : t('notices.column.ways')}>
        <SecondWays rule={rule} name={name} onChange={change} />
      </td>
      <td data-title={t('notices.column.last')}>
        {rule.lastSentAt === null ? t('notices.never') : <When at={rule.lastSentAt} />}
      </td>
      <td>
        <Button
          variant="subtle"
          size="compact-md"
          aria-label={t('notices.previewOf', { event: name })}
          onClick={() => setShown(true)}
        >
          {t('notices.column.preview')}
        </Button>
        {isShown ? <Preview event={event} name={name} onClose={() => setShown(false)} /> : null}
      </td>
    </tr>
  );
}

type WaysProps = { readonly rule: Rule; readonly name: string; readonly onChange: (rule: Rule) => void };

function SecondWays({ rule, name, onChange }: WaysProps) {
  const { t } = useTranslation();
  const { ways } = rule;
  const set = useQuery({ ...alarmQuery, enabled: ways !== null && ways.length > 0 }).data;
  if (ways === null) return null;
  // A way that nobody has set up, or seen anything arrive over, tells nobody.
  const isMissing = set !== undefined && ways.length > 0 && ways.every((way) => set[way] === null);
  const isUnproved = set !== undefined && ways.some((way) => set[way] !== null && set[way]?.provedAt === null);
  return (
    <>
      <Group gap="md">
        {WAYS.map((way) => (
          <Checkbox
            key={way}
            label={t(`notices.wayNames.${way}`)}
            aria-label={t('notices.over', { event: name, way: t(`notices.wayNames.${way}`) })}
            checked={ways.includes(way)}
            onChange={({ currentTarget }) => {
              const others = ways.filter((one) => one !== way);
              onChange({ ...rule, ways: currentTarget.checked ? [...others, way] : others });
            }}
          />
        ))}
      </Group>
      {isMissing ? <span className="hint">{t('notices.missingWay')}</span> : null}
      {isUnproved ? <State tone="warning" word={t('notices.untestedWay')} /> : null}
    </>
  );
}
