import { useState } from 'react';
import { Monitor, Moon, Sun } from '../parts/icons.tsx';

const NAME = 'tidings.theme';
type Theme = 'system' | 'light' | 'dark';
const NEXT: Readonly<Record<Theme, Theme>> = { system: 'light', light: 'dark', dark: 'system' };
const SHOWN = {
  system: { word: 'As the system', Icon: Monitor },
  light: { word: 'Light', Icon: Sun },
  dark: { word: 'Dark', Icon: Moon },
};

/** theme.js has put the chosen one on the page before anything was drawn. */
export function ThemeButton() {
  const [theme, setTheme] = useState<Theme>(chosen);
  const { word, Icon } = SHOWN[theme];
  const change = () => {
    const next = NEXT[theme];
    setTheme(next);
    if (next === 'system') delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = next;
    try {
      localStorage.setItem(NAME, next);
    } catch {
      // Then it holds until the page is left.
    }
  };
  const label = `Theme: ${word.toLowerCase()}`;
  return (
    <button type="button" className="button quiet bare small" aria-label={label} title={label} onClick={change}>
      <Icon />
    </button>
  );
}

function chosen(): Theme {
  const { theme } = document.documentElement.dataset;
  return theme === 'light' || theme === 'dark' ? theme : 'system';
}
