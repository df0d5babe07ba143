// node exported.mjs FOLDER SOLC: runs the tests that audits wrote in forge. Each must fail on the vulnerable contracts with the
// name of its finding, and do on the repaired ones what `promised.txt` says.
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

const [folder, compiler] = process.argv.slice(2);
const forge = join(dirname(createRequire(import.meta.url).resolve('@foundry-rs/forge/package.json')), 'bin.mjs');
const promised = readFileSync(join(folder, 'promised.txt'), 'utf8')
  .trim()
  .split('\n')
  .map((line) => line.split(' '));
let problems = 0;
let passing = 0;

for (const fork of new Set(promised.map(([fork]) => fork))) {
  const [vulnerable, fixed] = ['Vulnerable', 'Fixed'].map((twin) => results(join(folder, fork, twin)));
  for (const [, file, wanted] of promised.filter(([other]) => other === fork)) {
    const [before, after] = [vulnerable, fixed].map((suites) => one(suites, file));
    if (wanted === 'passes') passing += 1;
    judge(file, 'vulnerable', before, before.status === 'Failure' && /^[a-z0-9-]+ in /.test(before.reason ?? ''));
    judge(file, 'repaired', after, after.status === (wanted === 'passes' ? 'Success' : 'Failure'));
  }
}
process.stdout.write(`${promised.length} tests, ${passing} of them pass on repaired contracts, ${problems} problems\n`);
process.exitCode = problems === 0 ? 0 : 1;

function results(project) {
  const run = spawnSync(process.execPath, [forge, 'test', '--offline', '--json', '--use', compiler], {
    cwd: project,
    encoding: 'utf8',
    maxBuffer: 1 << 28,
  });
  const start = run.stdout.indexOf('{');
  if (start < 0) throw new Error(`forge did not run: ${run.stdout}${run.stderr}`);
  return JSON.parse(run.stdout.slice(start));
}

function one(suites, file) {
  const found = Object.keys(suites).find((key) => key.startsWith(`${file}:`));
  const all = found ? Object.values(suites[found].test_results) : [];
  return all.length === 1 ? all[0] : { status: 'missing' };
}

function judge(file, twin, { status, reason }, right) {
  if (right) return;
  problems += 1;
  process.stdout.write(`${file} on ${twin} contracts: ${status}${reason ? ` (${reason})` : ''}\n`);
}
