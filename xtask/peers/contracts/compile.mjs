// node compile.mjs CONTRACTS OUT: compiles every contract of every case, and writes beside it what audits read:
// Standard-JSON output with a line for each contract, without paths, times or hashes of this machine.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import solc from 'solc';
import { cases } from './cases.mjs';

const SELECTED = [
  'abi',
  'storageLayout',
  'evm.methodIdentifiers',
  ...['object', 'linkReferences'].map((part) => `evm.bytecode.${part}`),
  ...['object', 'linkReferences', 'immutableReferences', 'sourceMap'].map((part) => `evm.deployedBytecode.${part}`),
];

// Warnings of what some cases are about.
const MEANT = /"selfdestruct"|Return value of low-level calls not used/;

// What contracts import comes from the packages beside this script.
const packages = join(dirname(fileURLToPath(import.meta.url)), 'node_modules');
const imports = {
  import: (path) => {
    try {
      return { contents: readFileSync(join(packages, path), 'utf8') };
    } catch ({ message }) {
      return { error: message };
    }
  },
};

const [root, out] = process.argv.slice(2);
let failed = false;
for (const { name, folder, contracts, fork } of cases(root)) {
  mkdirSync(join(out, name), { recursive: true });
  const interfaces = new Set();
  for (const file of contracts) {
    const content = readFileSync(join(folder, file), 'utf8');
    const answer = JSON.parse(solc.compile(JSON.stringify(input(file, content, fork)), imports));
    const problems = (answer.errors ?? []).filter(({ formattedMessage }) => !MEANT.test(formattedMessage));
    for (const { formattedMessage } of problems) process.stderr.write(`${name}: ${formattedMessage}`);
    if (problems.some(({ severity }) => severity === 'error')) {
      failed = true;
      continue;
    }
    writeFileSync(join(out, name, file.replace(/sol$/, 'json')), text(file, answer, fork));
    const shapes = Object.entries(answer.contracts[file]).map(([contract, { abi }]) => [contract, shape(abi)]);
    interfaces.add(JSON.stringify(shapes));
  }
  // One scenario deploys either twin, and one sequence of calls is for both.
  if (interfaces.size > 1) {
    process.stderr.write(`${name}: the contracts of the twins, or their interfaces, differ\n`);
    failed = true;
  }
}
process.exitCode = failed ? 1 : 0;

// A constructor that takes nothing is as good as none.
function shape(abi) {
  return abi.filter(({ type, inputs }) => type !== 'constructor' || inputs.length > 0);
}

function input(file, content, fork) {
  return {
    language: 'Solidity',
    sources: { [file]: { content } },
    settings: {
      evmVersion: fork,
      optimizer: { enabled: true, runs: 200 },
      metadata: { appendCBOR: false, bytecodeHash: 'none' },
      outputSelection: { '*': { '*': SELECTED } },
    },
  };
}

// Interfaces and abstract contracts have no code and are left out.
function text(file, answer, fork) {
  const contracts = Object.entries(answer.contracts[file]).filter(([, { evm }]) => evm.bytecode.object !== '');
  const lines = contracts.map(([name, contract]) => {
    // Numbers of the syntax tree would change all lines whenever a line of the source moves.
    const types = JSON.stringify(contract, (key, value) => (key === 'astId' ? undefined : value));
    return `${JSON.stringify(name)}: ${types.replace(/\)\d+_storage/g, ')_storage')}`;
  });
  const compiler = JSON.stringify({ name: 'solc', version: solc.version().replace('.Emscripten.clang', ''), evmVersion: fork });
  const sources = `{"${file}": {"id": ${answer.sources[file].id}}}`;
  return `{"compiler": ${compiler},\n"sources": ${sources},\n"contracts": {"${file}": {\n${lines.join(',\n')}\n}}}\n`;
}
