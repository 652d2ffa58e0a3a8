/** The state of a thing: icon, word and color, always the three together. */
import {
  IconAlertOctagon,
  IconAlertTriangle,
  IconCircleCheck,
  IconCircleOff,
  IconClock,
  IconHourglass,
} from '@tabler/icons-react';
import type { CSSProperties } from 'react';

export type Tone = 'ok' | 'waiting' | 'held' | 'warning' | 'broken' | 'off';

const ICONS = {
  ok: IconCircleCheck,
  waiting: IconClock,
  held: IconHourglass,
  warning: IconAlertTriangle,
  broken: IconAlertOctagon,
  off: IconCircleOff,
} as const;

/** Sets the color role for what stands inside. */
export function toneStyle(tone: Tone): CSSProperties {
  const role = tone === 'off' ? 'held' : tone;
  return { '--tone': `var(--${role})`, '--tone-tint': `var(--${role}-tint)` } as CSSProperties;
}

export function ToneIcon({ tone, size = 18 }: { readonly tone: Tone; readonly size?: number }) {
  const Icon = ICONS[tone];
  return <Icon size={size} aria-hidden="true" />;
}

export function State({ tone, word }: { readonly tone: Tone; readonly word: string }) {
  return (
    <span className="state" style={toneStyle(tone)}>
      <ToneIcon tone={tone} />
      {word}
    </span>
  );
}
