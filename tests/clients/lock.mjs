// Makes package-lock.json after a change of package.json: `npm run lock`. Two packages are locked without what
// they name: lforms holds what was built of it already, and nothing here runs the part of
// isomorphic-webcrypto that is for React Native. Together that would be some 900 packages.
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

process.chdir(fileURLToPath(new URL('.', import.meta.url)));
execFileSync('npm', ['install', '--package-lock-only', '--legacy-peer-deps', '--ignore-scripts', '--no-audit', '--no-fund'], { stdio: 'inherit' });
const lock = JSON.parse(readFileSync('package-lock.json', 'utf8'));
const all = lock.packages;
delete all['node_modules/lforms'].dependencies;
delete all['node_modules/isomorphic-webcrypto'].optionalDependencies;

/** Where a package finds another: in its own folder, or in one above it. */
const found = (from, name) => {
  for (let at = from; ; at = at.slice(0, Math.max(0, at.lastIndexOf('/node_modules/')))) {
    const place = `${at}${at && '/'}node_modules/${name}`;
    if (all[place]) return place;
    if (!at) throw new Error(`${from} names ${name}, which is not locked`);
  }
};
const needed = new Set(['']);
for (const place of needed) {
  const one = all[place];
  // What stands beside a package is not needed here; where it comes from is for npm's own settings to say.
  for (const member of ['peerDependencies', 'peerDependenciesMeta', 'resolved']) delete one[member];
  for (const name of Object.keys({ ...one.dependencies, ...one.optionalDependencies })) needed.add(found(place, name));
}
lock.packages = Object.fromEntries(Object.entries(all).filter(([place]) => needed.has(place)));
writeFileSync('package-lock.json', `${JSON.stringify(lock, null, 2)}\n`);
