#!/usr/bin/env node
// Plain JavaScript, so that a Node that is too old to run the rest can still say so.
const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
if (major < 24 || (major === 24 && minor < 12)) {
  process.stderr.write(
    `Tidings needs Node 24.12 or newer; this is ${process.version}. "npm start" uses the one that "npm ci" installed.\n`,
  );
  process.exit(1);
}
const { runCli } = await import('../src/cli.ts');
process.exitCode = await runCli(process.argv.slice(2));
