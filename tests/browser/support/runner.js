// Runs files of tests against one program and counts them.
import { readdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { run } from 'node:test';

/** The files that were named, else all tests of a folder. */
export const chosen = (folder) => {
  const named = process.argv.slice(2).map((name) => resolve(name));
  return named.length ? named : readdirSync(folder).filter((name) => name.endsWith('.test.js')).sort().map((name) => join(folder, name));
};

/** Runs files against a service that was started (`support/service.js`), ends it, and says what came of it. */
export const runner = (service, files) => {
  let passed = 0;
  let failed = 0;
  let stopping = false;
  const stop = async (status) => {
    if (stopping) return;
    stopping = true;
    const errors = await service.end();
    if (errors) { failed += 1; console.log(`errors in the program's log:\n${errors}`); }
    // The last line is read by tests/run.
    console.log(`test result: ${failed ? 'FAILED' : 'ok'}. ${passed} passed; ${failed} failed`);
    process.exit(status ?? (failed || !passed ? 1 : 0));
  };
  for (const [signal, status] of [['SIGINT', 130], ['SIGTERM', 143]]) process.on(signal, () => stop(status));

  process.env.KARTLEGGING_SERVICE = JSON.stringify({ ...service, end: undefined });
  const running = run({ files, concurrency: 2, timeout: 600_000 });
  running.on('test:pass', ({ name, nesting, details }) => {
    passed += 1;
    if (!nesting) console.log(`  ok ${name} (${(details.duration_ms / 1000).toFixed(1)} s)`);
  });
  running.on('test:fail', ({ name, details }) => {
    const error = details.error?.cause ?? details.error;
    // A test with failed parts names them itself.
    if (details.error?.failureType === 'subtestsFailed') return;
    failed += 1;
    const text = error?.code === 'ERR_ASSERTION' || error?.name === 'TimeoutError' ? error.message : `${error?.stack ?? error}`;
    console.log(`  FAILED ${name}\n    ${text.split('\n').slice(0, 24).map((line) => line.slice(0, 400)).join('\n    ')}`);
  });
  running.on('test:stdout', ({ message }) => process.stdout.write(message));
  running.on('test:stderr', ({ message }) => process.stderr.write(message));
  running.on('end', () => stop());
  running.resume();
};
