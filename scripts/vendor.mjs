// Copies the files that the console serves from an npm folder to webserver/static/vendor.
// No bundling and no rewriting: what is served is byte for byte what the package published.
// usage: node scripts/vendor.mjs NODE_MODULES OUT

import { createHash } from 'node:crypto';
import { copyFileSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** Which files of which package, each with its licence. */
const FILES = {
  'lit-html': [
    'lit-html.js',
    'directive.js',
    'directive-helpers.js',
    'directives/guard.js',
    'directives/live.js',
    'directives/repeat.js',
    'LICENSE',
  ],
  uplot: ['dist/uPlot.iife.min.js', 'dist/uPlot.min.css', 'LICENSE'],
  '@fontsource-variable/inter': ['files/inter-latin-wght-normal.woff2', 'LICENSE'],
  '@fontsource-variable/jetbrains-mono': [
    'files/jetbrains-mono-latin-wght-normal.woff2',
    'LICENSE',
  ],
};

const [from, out] = process.argv.slice(2);

/** @param {string} path */
const sha256 = (path) => createHash('sha256').update(readFileSync(path)).digest('hex');

/**
 * Copy one package's files and describe them.
 *
 * @param {string} name
 * @param {string[]} files
 */
function copyPackage(name, files) {
  const folder = name.split('/').at(-1) ?? name;
  const { version, license } = JSON.parse(readFileSync(join(from, name, 'package.json'), 'utf8'));
  /** @type {Record<string, string>} */
  const hashes = {};
  for (const file of files) {
    const source = join(from, name, file);
    if (!existsSync(source)) throw new Error(`${name} ${version} has no file ${file}`);
    const target = join(folder, file.replace(/^(dist|files)\//, ''));
    mkdirSync(dirname(join(out, target)), { recursive: true });
    copyFileSync(source, join(out, target));
    hashes[target] = sha256(source);
  }
  return { version, license, sha256: hashes };
}

rmSync(out, { recursive: true, force: true });
mkdirSync(out, { recursive: true });
const manifest = Object.fromEntries(
  Object.entries(FILES).map(([name, files]) => [name, copyPackage(name, files)]),
);
writeFileSync(join(out, 'MANIFEST.json'), `${JSON.stringify(manifest, null, 1)}\n`);
const names = Object.entries(manifest).map(([name, { version }]) => `${name} ${version}`);
console.log(`Copied ${names.join(', ')} to ${out}`);
