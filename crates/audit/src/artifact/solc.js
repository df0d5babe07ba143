#!/usr/bin/env node
// Solidity's compiler from npm as a command: Standard-JSON on stdin, Standard-JSON on stdout.
//
//   --solc-package NAME   the npm package to load (`solc`); also an alias such as `solc-0.6.12`, or a folder
//   --base-path FOLDER    where imports are read (the working directory); no file outside is read
//   --include-path FOLDER a further folder for imports, as often as needed
//   --version             prints the compiler's version and ends
//   --standard-json       changes nothing: build tools that call a native compiler pass it
//
// The package is looked for in the base path, the working directory and beside this file, in this order.
'use strict';
const fs = require('fs');
const path = require('path');

const options = { package: process.env.DAOTWIN_SOLC_PACKAGE || 'solc', base: process.cwd(), include: [] };
const words = process.argv.slice(2);
let version = false;
while (words.length > 0) {
  const word = words.shift();
  if (word === '--version') version = true;
  else if (word === '--standard-json') continue;
  else if (word === '--solc-package') options.package = needed(word);
  else if (word === '--base-path') options.base = needed(word);
  else if (word === '--include-path') options.include.push(needed(word));
  else if (word === '--allow-paths') needed(word);
  else fail(`unknown argument \`${word}\``);
}

function needed(name) {
  return words.shift() ?? fail(`\`${name}\` needs a value`);
}

function fail(message) {
  process.stderr.write(`${message}\n`);
  process.exit(2);
}

// A path that leads out of every folder, by `..` or by a link, is refused: sources may come from anyone.
const roots = [options.base, ...options.include].map((folder) => fs.realpathSync(folder));
function read(name) {
  for (const root of roots) {
    let file;
    try {
      file = fs.realpathSync(path.resolve(root, name));
    } catch {
      continue;
    }
    const within = roots.some((folder) => !path.relative(folder, file).startsWith('..'));
    if (!within) return { error: `\`${name}\` lies outside the base path` };
    return { contents: fs.readFileSync(file, 'utf8') };
  }
  return { error: `there is no \`${name}\`` };
}

function load() {
  const paths = [options.base, process.cwd(), __dirname].map((folder) => path.resolve(folder));
  let name = options.package;
  if (name.startsWith('.')) name = path.resolve(name);
  try {
    return require(require.resolve(name, { paths }));
  } catch (error) {
    return fail(`cannot load the npm package \`${name}\`: ${error.message.split('\n')[0]}`);
  }
}

const solc = load();
if (version) {
  process.stdout.write(`solc, the solidity compiler commandline interface\nVersion: ${solc.version()}\n`);
} else {
  // Up to 0.4 `compile` is another call, and up to 0.5 the reader is a bare function.
  const compile = solc.compileStandardWrapper ?? solc.compile;
  const old = /^0\.[45]\./.test(solc.version());
  process.stdout.write(compile(fs.readFileSync(0, 'utf8'), old ? read : { import: read }));
}
