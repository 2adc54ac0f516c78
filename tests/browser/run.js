// Runs the tests of the browser against one program: `node run.js [FILE…]`. The program's path is in
// KARTLEGGING_PROGRAM, else it is the one that cargo built for debugging.
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { chosen, runner } from './support/runner.js';
import { start } from './support/service.js';

runner(await start(), chosen(dirname(fileURLToPath(import.meta.url))));
