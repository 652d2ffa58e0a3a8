/**
 * Keys that act without a modifier can be switched off (WCAG 2.1.4): who dictates would press them by speaking. Kept on
 * this device.
 */
const KEPT = 'platen-shortcuts';

export const hasShortcuts = (): boolean => localStorage.getItem(KEPT) !== 'off';

export function switchShortcuts(isOn: boolean): void {
  if (isOn) localStorage.removeItem(KEPT);
  else localStorage.setItem(KEPT, 'off');
}
