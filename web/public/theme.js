// Before the first paint, so that a chosen theme does not flash the other one. A file of its own: nothing is inline.
try {
  const theme = localStorage.getItem('tidings.theme');
  if (theme === 'light' || theme === 'dark') document.documentElement.dataset.theme = theme;
} catch {
  // A browser that keeps nothing shows the system's theme.
}
