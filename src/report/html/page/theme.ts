/**
 * Light or dark: as the system is set, until the reader chooses; the choice is stored where the
 * browser allows it.
 */
import { h } from './dom.js';

const key = 'drover-theme';
type Theme = 'light' | 'dark';

function remembered(): Theme | undefined {
  try {
    const value = localStorage.getItem(key);
    return value === 'light' || value === 'dark' ? value : undefined;
  } catch {
    // a browser may forbid it for files
    return undefined;
  }
}

function remember(theme: Theme): void {
  try {
    localStorage.setItem(key, theme);
  } catch {
    // then the choice applies to this page only
  }
}

/** `onChange` is called when drawings must be redrawn. */
export function themeButton(onChange: () => void): HTMLElement {
  const system = matchMedia('(prefers-color-scheme: dark)');
  let own = remembered();
  const current = (): Theme => own ?? (system.matches ? 'dark' : 'light');
  const button = h('button', { type: 'button', class: 'theme', click: toggle }, 'Dark theme');
  function apply(): void {
    const theme = current();
    document.documentElement.dataset['theme'] = theme;
    button.setAttribute('aria-pressed', String(theme === 'dark'));
  }
  function toggle(): void {
    own = current() === 'dark' ? 'light' : 'dark';
    remember(own);
    apply();
    onChange();
  }
  system.addEventListener('change', () => {
    apply();
    onChange();
  });
  apply();
  return button;
}
