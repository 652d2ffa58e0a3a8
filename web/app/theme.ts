/** Colors, sizes and type of the interface: calm, paper-like; teal means "act" and is never a state. */
import {
  type CSSVariablesResolver,
  createTheme,
  defaultVariantColorsResolver,
  type MantineColorsTuple,
} from '@mantine/core';
import { FieldError } from '../ui/errors/field-error.tsx';

const act: MantineColorsTuple = [
  '#e6f4f6',
  '#cfe7eb',
  '#9dd0d8',
  '#6cc6d3',
  '#3fa3b1',
  '#1f8593',
  '#0b5f6b',
  '#09525d',
  '#07454e',
  '#05363d',
];

const dark: MantineColorsTuple = [
  '#e6eaec',
  '#c9d1d6',
  '#a3b0b8',
  '#8b99a2',
  '#71808a',
  '#2b3238',
  '#1b2024',
  '#14181b',
  '#101316',
  '#0c0e10',
];

export const theme = createTheme({
  colors: { act, dark },
  primaryColor: 'act',
  primaryShade: { light: 6, dark: 3 },
  // What stands on the color of acts depends on light or dark, which only a variable knows.
  variantColorResolver: (input) => {
    const colors = defaultVariantColorsResolver(input);
    return input.variant === 'filled' ? { ...colors, color: 'var(--on-act)' } : colors;
  },
  black: '#1b2328',
  fontFamily: 'system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", sans-serif',
  fontFamilyMonospace: 'ui-monospace, "SFMono-Regular", "Cascadia Mono", "DejaVu Sans Mono", monospace',
  fontSizes: { xs: '0.8125rem', sm: '0.9375rem', md: '0.9375rem', lg: '1.0625rem', xl: '1.25rem' },
  lineHeights: { xs: '1.4', sm: '1.5', md: '1.5', lg: '1.5', xl: '1.4' },
  spacing: { xs: '0.5rem', sm: '0.75rem', md: '1rem', lg: '1.5rem', xl: '2rem' },
  defaultRadius: 'sm',
  radius: { xs: '4px', sm: '6px', md: '8px', lg: '8px', xl: '16px' },
  headings: {
    fontWeight: '600',
    sizes: {
      h1: { fontSize: '1.625rem', lineHeight: '1.3' },
      h2: { fontSize: '1.25rem', lineHeight: '1.35' },
      h3: { fontSize: '1.0625rem', lineHeight: '1.4' },
    },
  },
  respectReducedMotion: true,
  components: {
    // Color alone would not tell a link from the text around it.
    Anchor: { defaultProps: { underline: 'always' } },
    // A scroll lock would shift the page; the dialogs of this interface are short.
    ModalRoot: { defaultProps: { lockScroll: false, radius: 'md', size: 520, yOffset: '6dvh' } },
    // Targets of 24 px, also where choices stand close together (WCAG 2.2, 2.5.8).
    Radio: { defaultProps: { size: 'md', iconColor: 'var(--on-act)' } },
    Checkbox: { defaultProps: { size: 'md', iconColor: 'var(--on-act)' } },
    Tooltip: { defaultProps: { events: { hover: true, focus: true, touch: false } } },
    // What opens stands where it belongs: inside the landmark or the dialog of its button, next to it in reading order.
    Popover: { defaultProps: { withinPortal: false } },
    Combobox: { defaultProps: { withinPortal: false } },
    // The first entry has the focus at once; an empty one before it would be no entry of a menu to those who listen.
    Menu: { defaultProps: { withInitialFocusPlaceholder: false } },
    Select: { defaultProps: { withScrollArea: false } },
    InputError: { defaultProps: { component: FieldError } },
  },
});

/** What Mantine names differently from the table of color roles. */
export const resolveVariables: CSSVariablesResolver = () => ({
  variables: {},
  light: {
    '--mantine-color-body': '#f7f8f8',
    '--mantine-color-dimmed': '#55626b',
    '--mantine-color-error': '#b3261e',
    '--mantine-color-default-border': '#7d8a93',
    '--mantine-color-placeholder': '#55626b',
    '--mantine-color-anchor': '#0b5f6b',
  },
  dark: {
    '--mantine-color-error': '#ff9a90',
    '--mantine-color-default-border': '#71808a',
    '--mantine-color-placeholder': '#a3b0b8',
    '--mantine-color-anchor': '#6cc6d3',
  },
});
