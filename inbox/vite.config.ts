import { defineConfig } from 'vite';

// What is published: modules with their names kept, React left out.
export default defineConfig({
  root: import.meta.dirname,
  build: {
    target: ['chrome123', 'edge123', 'firefox128', 'safari17.5'],
    cssTarget: ['chrome123', 'edge123', 'firefox128', 'safari17.5'],
    minify: true,
    sourcemap: true,
    reportCompressedSize: false,
    lib: {
      entry: { inbox: 'src/inbox.ts', element: 'src/element.ts', react: 'src/react.ts' },
      formats: ['es'],
    },
    rolldownOptions: {
      external: ['react'],
      output: { entryFileNames: '[name].js', chunkFileNames: 'shared-[name].js' },
    },
  },
});
