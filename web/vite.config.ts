import { defineConfig } from 'vite';

// `npm run web` serves the sources with reloading, beside a service that runs at the usual address.
const SERVICE = 'http://127.0.0.1:8000';

export default defineConfig({
  root: import.meta.dirname,
  base: '/ui/',
  build: {
    emptyOutDir: true,
    // light-dark() and nested rules as they are written; browsers have had both since the middle of 2024.
    target: ['chrome123', 'edge123', 'firefox128', 'safari17.5'],
    // Nothing inline: the policy that the pages are served under allows none.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
    rolldownOptions: {
      // "use client" is for frameworks that render on a server; here everything is the client.
      onLog: (level, log, tell) => {
        if (log.code !== 'MODULE_LEVEL_DIRECTIVE') tell(level, log);
      },
    },
  },
  server: {
    host: '127.0.0.1',
    proxy: Object.fromEntries(['/api', '/health', '/docs', '/openapi.json', '/metrics'].map((path) => [path, SERVICE])),
  },
});
