// node race.mjs EXAMPLE PROGRAM ROOT FOLDER SOLC: the search beside forge's guided invariant testing, on the same compiled contracts, each on
// one core: rates, staged locks, mazes. The project is laid out in FOLDER. Fails where what is asked of the search is missed.
//
// Before that, seconds until `daotwin audit` tells how far it is, on a project of Foundry and on one of Hardhat.
//
// DAOTWIN_RACE=parts (`first,rate,locks,mazes`), DAOTWIN_RACE_SEEDS (5), DAOTWIN_RACE_LOCKS (30), DAOTWIN_RACE_SECONDS (10, for each
// measurement), DAOTWIN_RACE_CALLS (150000), DAOTWIN_RACE_PATIENCE (120: how many seconds rates wait in all for other work on the
// machine to end).
import { spawn, spawnSync } from 'node:child_process';
import { copyFileSync, cpSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { cpus, loadavg } from 'node:os';
import { dirname, join } from 'node:path';

const [example, program, root, folder, compiler] = process.argv.slice(2);
const number = (name, usual) => Number(process.env[`DAOTWIN_RACE_${name}`] ?? usual);
const parts = (process.env.DAOTWIN_RACE ?? 'first,rate,locks,mazes').split(',');
const [seeds, locks, seconds, calls] = [number('SEEDS', 5), number('LOCKS', 30), number('SECONDS', 10), number('CALLS', 150_000)];
const mazes = seeds;
let patience = number('PATIENCE', 120);
const DEPTH = 50;

const require = createRequire(import.meta.url);
const forge = join(dirname(require.resolve('@foundry-rs/forge/package.json')), 'bin.mjs');
const packages = dirname(dirname(dirname(require.resolve('@openzeppelin/contracts/package.json'))));
const pinned = spawnSync('taskset', ['--version']).status === 0;
const core = String(cpus().length - 1);
const misses = [];
const settings = [
  '[profile.default]',
  'evm_version = "prague"',
  'optimizer = true',
  'optimizer_runs = 200',
  'offline = true',
  'libs = []',
  `allow_paths = [${JSON.stringify(packages)}]`,
  `remappings = [${JSON.stringify(`@openzeppelin/=${packages}/@openzeppelin/`)}]`,
];

layOut();
print(`${cpus().length} processors, load ${loadavg()[0].toFixed(2)} when it began; ${pinned ? 'each tool pinned to one' : 'no `taskset`: nothing is pinned'}\n`);
if (parts.includes('first')) await firstLines();
if (parts.includes('rate')) rates();
if (parts.includes('locks')) openLocks();
if (parts.includes('mazes')) walkMazes();
print(`load ${loadavg()[0].toFixed(2)} at the end`);
for (const miss of misses) print(`missed: ${miss}`);
process.exitCode = misses.length === 0 ? 0 : 1;

async function firstLines() {
  print('| a built project | seconds until the first line on coverage | asked |');
  print('| --- | ---: | ---: |');
  for (const [name, project] of [['Foundry: OpenZeppelin governor', foundryProject()], ['Hardhat: governance of Aave', hardhatProject()]]) {
    const took = await firstLine(project);
    print(`| ${name} | ${took.toFixed(1)} | 5 |`);
    wants(took < 5, `${name}: the first line after ${took.toFixed(1)} s`);
  }
  print('');
}

/** Seconds from the start of the command to a line that says how many branches were passed. */
function firstLine(project) {
  return new Promise((resolve, reject) => {
    const begun = performance.now();
    const child = spawn(program, ['audit', project, '--seconds', '5', '--progress'], { stdio: ['ignore', 'ignore', 'pipe'] });
    let [told, took] = ['', undefined];
    child.stderr.on('data', (data) => {
      told += data;
      if (took === undefined && /\d branches/.test(told)) took = (performance.now() - begun) / 1000;
    });
    child.on('error', reject);
    child.on('close', () => (took === undefined ? reject(new Error(`no line on coverage: ${told.slice(0, 2000)}`)) : resolve(took)));
  });
}

function foundryProject() {
  const project = join(folder, 'foundry');
  mkdirSync(join(project, 'src'), { recursive: true });
  const from = join(root, 'crates/audit/governors/openzeppelin');
  copyFileSync(join(from, 'Governor.sol'), join(project, 'src/Governor.sol'));
  copyFileSync(join(from, 'audit.toml'), join(project, 'audit.toml'));
  writeFileSync(join(project, 'foundry.toml'), `${settings.join('\n')}\n`);
  forgeBuild(project);
  return project;
}

/** As the package's authors built it; deployed by guessing. */
function hardhatProject() {
  const project = join(folder, 'hardhat');
  cpSync(join(packages, '@aave/governance-v2/artifacts'), join(project, 'artifacts'), { recursive: true });
  writeFileSync(join(project, 'hardhat.config.js'), 'module.exports = {};\n');
  return project;
}

function rates() {
  print('| guided rate, calls a second of the processor, median (least to most) | ours, all oracles | ours, one idle oracle | forge | ours : forge | asked |');
  print('| --- | ---: | ---: | ---: | ---: | ---: |');
  for (const [name, test, asked] of [['small contract', 'SpeedTest', 200_000], ['OpenZeppelin governor', 'GovernorTest', 15_000]]) {
    const scenario = join(folder, `${test}.toml`);
    // Seconds of the processor, without those that either takes before its first call.
    const own = ours('rate', build(), scenario, 0.001, 0).cpu;
    const other = theirs(test, 0, { RUNS: 1, DEPTH: 1 }).cpu;
    const [all, none, peer] = [[], [], []];
    for (let seed = 0; seed < seeds; seed += 1) {
      // Side by side, so that other work on the machine slows all of them.
      const rate = (one, before) => one.executions / (one.cpu - before);
      waitForQuiet();
      all.push(rate(ours('rate', build(), scenario, seconds, seed), own));
      // An oracle that has nothing to look at in these contracts.
      none.push(rate(ours('rate', build(), scenario, seconds, seed, 'erc721-laws'), own));
      peer.push(rate(theirs(test, seed, { TIMEOUT: seconds }), other));
    }
    const ratio = median(all) / median(peer);
    print(`| ${name} | ${spread(all)} | ${spread(none)} | ${spread(peer)} | ${ratio.toFixed(1)} | ${asked} |`);
    wants(median(all) >= asked, `${name}: ${Math.round(median(all))} calls a second of ${asked}`);
    print(`all oracles take ${(1e6 / median(all) - 1e6 / median(none)).toFixed(2)} µs of ${(1e6 / median(all)).toFixed(2)} a call\n`);
  }
}

function openLocks() {
  const opened = { ours: [], theirs: [] };
  let tried = 0;
  for (let lock = 0; lock < locks; lock += 1) {
    for (let seed = 0; seed < seeds; seed += 1) {
      const one = ours('lock', build(), lock, seconds, seed);
      tried += 1;
      if (one.opened) opened.ours.push(one);
      else print(`lock ${lock}, seed ${seed}: still closed after ${one.executions} calls`);
    }
    const peer = theirs(`Lock${lock}Test`, lock % seeds, { TIMEOUT: seconds, SHRINK_RUN_LIMIT: 0 });
    if (peer.failed) opened.theirs.push(peer);
  }
  print(`| ${locks} staged locks of 3 to 8 calls, at most ${seconds} s each | opened | median seconds | slowest | median calls |`);
  print('| --- | ---: | ---: | ---: | ---: |');
  const row = (name, list, of) => {
    const times = list.map((one) => one.seconds);
    const figures = [median(times).toFixed(2), Math.max(...times).toFixed(2), Math.round(median(list.map((one) => one.executions)))];
    print(`| ${name} | ${list.length} of ${of} | ${list.length === 0 ? '- | - | -' : figures.join(' | ')} |`);
  };
  row(`ours, ${seeds} seeds a lock`, opened.ours, tried);
  row(`forge, one of ${seeds} seeds a lock`, opened.theirs, locks);
  print('medians are of those that were opened; asked of ours: all in 10 s, medians under 0.5 s and 20000 calls\n');
  wants(opened.ours.length === tried, `${opened.ours.length} of ${tried} locks`);
  wants(median(opened.ours.map((one) => one.seconds)) < 0.5, 'locks in a median of 0.5 s');
  wants(median(opened.ours.map((one) => one.executions)) < 20_000, 'locks in a median of 20000 calls');
}

function walkMazes() {
  print(`| traps stepped into in ${mazes} mazes, median (least to most) | ours | forge | ours : forge, median of pairs | asked |`);
  print('| --- | ---: | ---: | ---: | ---: |');
  const runs = Math.ceil(calls / DEPTH);
  for (const [name, kind, most, limits, asked] of [
    [`${seconds} seconds`, 'seconds', seconds, { TIMEOUT: seconds }, 1.5],
    [`${calls} calls`, 'calls', calls, { RUNS: runs }, 2],
  ]) {
    const own = each((maze) => ours('maze', build(), maze, kind, most, maze));
    const peer = each((maze) => ({ ...theirs(`Maze${maze}Test`, maze, limits), traps: traps(maze) }));
    const [mine, others] = [own, peer].map((list) => list.map((one) => one.traps));
    const ratio = median(mine.map((found, maze) => found / Math.max(others[maze], 1)));
    print(`| ${name} | ${spread(mine)} | ${spread(others)} | ${ratio.toFixed(2)} | ${asked} |`);
    const made = (list) => Math.round(median(list.map((one) => one.executions)));
    print(`| calls made meanwhile | ${made(own)} | ${made(peer)} | | |`);
    wants(ratio >= asked, `mazes at equal ${kind}: ${ratio.toFixed(2)} of ${asked} times forge's traps`);
  }
  print('a trap counts once a maze; forge counts those of all its runs\n');
}

/** One measurement of the search. */
function ours(...words) {
  const { stdout, cpu } = run(example, words.map(String));
  return { ...JSON.parse(stdout), cpu };
}

/** One measurement of forge. */
function theirs(test, seed, limits) {
  for (const left of ['corpus', 'cache/invariant', 'found']) rmSync(join(folder, left), { recursive: true, force: true });
  mkdirSync(join(folder, 'found'));
  const given = Object.entries({ RUNS: 100_000_000, DEPTH, CORPUS_DIR: 'corpus', ...limits });
  const env = Object.fromEntries(given.map(([name, value]) => [`FOUNDRY_INVARIANT_${name}`, String(value)]));
  const words = [forge, 'test', '--offline', '--json', '--threads', '1', '--use', compiler, '--match-contract', `^${test}$`];
  words.push('--fuzz-seed', `0x${(seed + 1).toString(16)}`);
  const { stdout, stderr, cpu } = run(process.execPath, words, env);
  // Lines of JSON tell of progress before the one with the results.
  const last = stdout.split('\n').findLast((line) => line.startsWith('{') && line.includes('"test_results"'));
  if (!last) throw new Error(`forge did not run: ${stdout.slice(0, 2000)}${stderr.slice(0, 2000)}`);
  const suite = Object.values(JSON.parse(last))[0];
  const [result] = Object.values(suite.test_results);
  const kind = Object.values(result.kind)[0];
  return { executions: kind.calls, seconds: passed(result.duration), cpu, failed: result.status === 'Failure' };
}

/** How many traps forge's runs wrote down. */
function traps(maze) {
  const file = join(folder, 'found', `${maze}.txt`);
  const lines = existsSync(file) ? readFileSync(file, 'utf8').trim().split('\n') : ['0'];
  const all = lines.reduce((found, line) => found | BigInt(line), 0n);
  return all.toString(2).replaceAll('0', '').length;
}

/** Seconds, of what forge writes as `1s 234ms 5us`. */
function passed(text) {
  const units = { h: 3600, m: 60, s: 1, ms: 1e-3, us: 1e-6, µs: 1e-6, ns: 1e-9 };
  return [...text.matchAll(/(\d+)([a-zµ]+)/g)].reduce((sum, [, count, unit]) => sum + Number(count) * units[unit], 0);
}

function run(program, words, env = {}) {
  const whole = pinned ? ['taskset', '-c', core, program, ...words] : [program, ...words];
  const timed = ['-c', 'TIMEFORMAT="processor %U %S"; time "$@"', 'bash', ...whole];
  const done = spawnSync('bash', timed, { cwd: folder, encoding: 'utf8', maxBuffer: 1 << 28, env: { ...process.env, ...env } });
  if (done.status !== 0 && program === example) throw new Error(`${words.join(' ')}: ${done.stderr}`);
  const spent = [...done.stderr.matchAll(/^processor ([\d.]+) ([\d.]+)$/gm)].pop() ?? [];
  return { ...done, cpu: Number(spent[1]) + Number(spent[2]) };
}

/** Waits until the machine does little else, as long as patience lasts. */
function waitForQuiet() {
  const idle = () => cpus().reduce(({ free, all }, { times }) => {
    const sum = Object.values(times).reduce((sum, time) => sum + time, 0);
    return { free: free + times.idle, all: all + sum };
  }, { free: 0, all: 0 });
  for (;;) {
    const [before, begun] = [idle(), performance.now()];
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1000);
    const after = idle();
    if ((after.free - before.free) / (after.all - before.all) > 0.9 || patience <= 0) return;
    patience -= (performance.now() - begun) / 1000;
  }
}

function layOut() {
  for (const part of ['src', 'test']) rmSync(join(folder, part), { recursive: true, force: true });
  for (const part of ['src', 'test']) mkdirSync(join(folder, part), { recursive: true });
  run(example, ['sources', join(folder, 'src'), String(locks), String(mazes)]);
  const contracts = join(root, 'crates/audit');
  copyFileSync(join(contracts, 'contracts/small/speed/Speed.sol'), join(folder, 'src/Speed.sol'));
  copyFileSync(join(contracts, 'contracts/small/speed/audit.toml'), join(folder, 'SpeedTest.toml'));
  copyFileSync(join(contracts, 'governors/openzeppelin/Governor.sol'), join(folder, 'src/Governor.sol'));
  copyFileSync(join(contracts, 'governors/openzeppelin/audit.toml'), join(folder, 'GovernorTest.toml'));
  writeFileSync(join(folder, 'test/Race.t.sol'), tests());
  const invariants = [
    'fs_permissions = [{ access = "read-write", path = "found" }]',
    '[invariant]',
    'fail_on_revert = false',
    'max_time_delay = 200000',
    'max_block_delay = 20000',
  ];
  writeFileSync(join(folder, 'foundry.toml'), `${[...settings, ...invariants].join('\n')}\n`);
  forgeBuild(folder);
}

function forgeBuild(project) {
  const built = spawnSync(process.execPath, [forge, 'build', '--offline', '--use', compiler], { cwd: project, encoding: 'utf8' });
  if (!existsSync(join(project, 'out'))) throw new Error(`forge did not build: ${built.stdout}${built.stderr}`);
}

function build() {
  return join(folder, 'out');
}

function tests() {
  const one = (name, file, invariant, after = '') => `
import {${name}} from "../src/${file}.sol";
contract ${name}Test {
    ${name} target;
    function setUp() public { target = new ${name}(); }
    function targetContracts() public view returns (address[] memory all) { all = new address[](1); all[0] = address(target); }
    function targetSenders() public pure returns (address[] memory all) { all = new address[](1); all[0] = address(0xA77A); }
    function invariant_holds() public view { ${invariant} }${after}
}
`;
  const list = (many, make) => Array.from({ length: many }, (_, index) => make(index)).join('');
  const lock = (index) => one(`Lock${index}`, `Lock${index}`, 'require(target.echidna_closed(), "open");');
  const maze = (index) => one(`Maze${index}`, `Maze${index}`, 'require(target.x() < 100, "out");', `
    function afterInvariant() public {
        uint256 found = target.found();
        if (found != 0) vm.writeLine("found/${index}.txt", vm.toString(found));
    }
    Vm constant vm = Vm(address(uint160(uint256(keccak256("hevm cheat code")))));`);
  return `// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.24;
interface Vm {
    function writeLine(string calldata path, string calldata text) external;
    function toString(uint256 value) external pure returns (string memory);
}
import {Votes, Timelock, TimelockedGovernor} from "../src/Governor.sol";
contract GovernorTest {
    Votes votes; Timelock timelock; TimelockedGovernor governor;
    function setUp() public {
        address[] memory holders = new address[](2); uint256[] memory amounts = new uint256[](2);
        (holders[0], holders[1], amounts[0], amounts[1]) = (address(0xA77A), address(0xBEEF), 100e18, 900e18);
        votes = new Votes(holders, amounts);
        timelock = new Timelock{value: 50 ether}(172800);
        governor = new TimelockedGovernor(votes, timelock, 1, 7200, 0, 4);
        timelock.grantRole(timelock.PROPOSER_ROLE(), address(governor));
        timelock.grantRole(timelock.EXECUTOR_ROLE(), address(governor));
        timelock.grantRole(timelock.CANCELLER_ROLE(), address(governor));
        timelock.renounceRole(timelock.DEFAULT_ADMIN_ROLE(), address(this));
    }
    function targetContracts() public view returns (address[] memory all) {
        all = new address[](3); (all[0], all[1], all[2]) = (address(votes), address(timelock), address(governor));
    }
    function targetSenders() public pure returns (address[] memory all) { all = new address[](1); all[0] = address(0xA77A); }
    function invariant_holds() public view { require(address(timelock).balance > 0, "drained"); }
}
${one('Speed', 'Speed', 'require(target.echidna_stages(), "stages");')}${list(locks, lock)}${list(mazes, maze)}`;
}

function each(measure) {
  return Array.from({ length: seeds }, (_, seed) => measure(seed));
}

function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const half = sorted.length >> 1;
  return sorted.length === 0 ? NaN : sorted.length % 2 === 1 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2;
}

function spread(values) {
  return `${Math.round(median(values))} (${Math.round(Math.min(...values))} to ${Math.round(Math.max(...values))})`;
}

function wants(reached, what) {
  if (!reached) misses.push(what);
}

function print(line) {
  process.stdout.write(`${line}\n`);
}
