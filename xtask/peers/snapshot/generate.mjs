// Random cases of Snapshot's voting types, with the outcomes of Snapshot's own package.
//
//   node generate.mjs FOLDER SEED BALLOTS MOST    one file a rule in FOLDER, BALLOTS of them at least for each type, MOST in
//                                            a proposal; `-` for FOLDER writes all to standard output
//   node generate.mjs --decide          reads cases of rules from standard input, a line each, and writes them with outcomes
//
// A line is {"rule", "case", "outcome"}, as the command of this project takes and gives them.

import { createWriteStream } from 'node:fs';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import snapshot from '@snapshot-labs/snapshot.js';

const voting = snapshot.utils.voting;

// Rule to the package's type, and the shape of its ballots.
const TYPES = {
  'snapshot-single': ['single-choice', 'one'],
  'snapshot-basic': ['basic', 'one'],
  'snapshot-approval': ['approval', 'set'],
  'snapshot-weighted': ['weighted', 'weights'],
  'snapshot-quadratic': ['quadratic', 'weights'],
  'snapshot-ranked': ['ranked-choice', 'ranking'],
  'snapshot-ranked partial': ['ranked-choice', 'ranking'],
  'snapshot-copeland': ['copeland', 'ranking'],
};
const covered = new Set(Object.values(TYPES).map(([type]) => type));
for (const type of Object.keys(voting)) {
  if (!covered.has(type)) throw new Error(`the package has a type without a rule: ${type}`);
}

// mulberry32: the same cases for the same seed.
let state = 0;
function uniform() {
  state = (state + 0x6d2b79f5) | 0;
  let t = Math.imul(state ^ (state >>> 15), 1 | state);
  t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
  return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
}
const below = (n) => Math.floor(uniform() * n);
const pick = (list) => list[below(list.length)];
function shuffled(n) {
  const list = Array.from({ length: n }, (_, i) => i + 1);
  for (let i = n - 1; i > 0; i--) {
    const j = below(i + 1);
    [list[i], list[j]] = [list[j], list[i]];
  }
  return list;
}

// Powers of one proposal are alike: equal ones make ties, small whole ones too.
const POWERS = [
  () => 1,
  () => below(4),
  () => 1 + below(3),
  () => below(1000000),
  () => uniform() * 1000,
  () => Math.exp(uniform() * 40 - 20),
  () => below(100000) / 100,
  () => (uniform() < 0.3 ? 0 : uniform()),
  () => pick([0.1, 0.2, 0.3, 1e-18, 1e24, 1 / 3]),
];
const WEIGHTS = [() => 1, () => below(4), () => uniform(), () => below(101), () => pick([0.1, 0.2, 1 / 3, 1e-9, 1e9])];

// A valid ballot, or now and then one that the package may refuse.
const SHAPES = {
  one(n) {
    return uniform() < 0.9
      ? 1 + below(n)
      : pick([0, n + 1, -1, 1.5, null, [1], { 1: 1 }, n + 0.5, 1e12, true]);
  },
  set(n) {
    const size = uniform() < 0.1 ? 0 : 1 + below(n);
    const set = shuffled(n).slice(0, size);
    if (uniform() < 0.9) return set;
    return pick([[...set, 1, 1], [...set, n + 1], [0, ...set], [1.5], 1, null, { 1: 1 }, [-1]]);
  },
  weights(n, weight) {
    const size = 1 + below(uniform() < 0.3 ? n : Math.min(n, 4));
    const map = {};
    for (const choice of shuffled(n).slice(0, size)) map[choice] = weight();
    if (uniform() < 0.88) return map;
    return pick([
      {}, null, 1, [1], { 1: 0 }, { ...map, [n + 1]: 1 }, { ...map, 1: -1 }, { ...map, 0: 1 }, { a: 1 },
      { ...map, 1: null }, { ...map, '01': 2 }, { ' 1 ': 0.3, ...map, '1.0': 0.1 }, { ...map, 1.5: 1 }, { '': 1 },
    ]);
  },
  ranking(n) {
    const full = shuffled(n);
    const kind = uniform();
    if (kind < 0.88) return full;
    if (kind < 0.95) return full.slice(0, below(n));
    return pick([
      [...full.slice(1), full[n - 1]], [...full.slice(1), n + 1], [0, ...full.slice(1)], [], null, 1, { 1: 1 },
      [...full, 1], [1.5, ...full.slice(1)],
    ]);
  },
};
// Rankings of which many end early, as no ballot does that the package takes.
function partialRanking(n) {
  if (uniform() < 0.05) return pick([[], [1, 1], [n + 1], null, [0]]);
  return shuffled(n).slice(0, 1 + below(uniform() < 0.6 ? Math.min(n, 3) : n));
}

function order(scores) {
  return scores.map((_, i) => i + 1).sort((a, b) => scores[b - 1] - scores[a - 1]);
}
function winner(scores) {
  const [first, second] = order(scores);
  const score = scores[first - 1];
  return score > 0 && (second === undefined || score > scores[second - 1]) ? first : null;
}

// The package keeps the rounds of a run-off to itself; they are what it sorts meanwhile.
function overhear(work) {
  const sort = Array.prototype.sort;
  const heard = [];
  Array.prototype.sort = function (compare) {
    const sorted = sort.call(this, compare);
    heard.push(sorted.map(([choice, [score]]) => [Number(choice), score]));
    return sorted;
  };
  try {
    return [work(), heard];
  } finally {
    Array.prototype.sort = sort;
  }
}

// Its checks of rankings without the one that they are full: then its own rounds exhaust ballots.
function partialCheck(choice, choices) {
  return (
    Array.isArray(choice) &&
    choice.length > 0 &&
    choice.every((one) => choices[one - 1] !== undefined) &&
    new Set(choice).size === choice.length
  );
}

function decide(rule, kase) {
  const type = voting[TYPES[rule][0]];
  const choices = Array.from({ length: kase.choices }, (_, i) => `choice ${i + 1}`);
  const votes = kase.ballots.map(({ choice, power }) => ({ choice, balance: power, scores: [power] }));
  const strict = type.isValidChoice;
  if (kase.partial) type.isValidChoice = partialCheck;
  try {
    const count = new type({ choices }, votes, [{ name: 'one', network: '1', params: {} }], 1);
    const invalid = votes.flatMap((vote, i) => (type.isValidChoice(vote.choice, choices) ? [] : [i]));
    const ranked = rule === 'snapshot-ranked';
    const [scores, rounds] = ranked ? overhear(() => count.getScores()) : [count.getScores(), []];
    const outcome = {
      scores,
      scores_total: count.getScoresTotal(),
      valid: votes.length - invalid.length,
      invalid,
      order: order(scores),
      winner: winner(scores),
    };
    if (ranked) {
      const last = rounds[rounds.length - 1].map(([choice]) => choice);
      for (let i = rounds.length - 2; i >= 0; i--) {
        const next = new Set(rounds[i + 1].map(([choice]) => choice));
        last.push(...rounds[i].map(([choice]) => choice).filter((choice) => !next.has(choice)));
      }
      for (let choice = 1; choice <= kase.choices; choice++) if (!last.includes(choice)) last.push(choice);
      outcome.order = last;
      outcome.rounds = rounds;
    }
    return outcome;
  } finally {
    type.isValidChoice = strict;
  }
}

function* cases(name, ballots, most) {
  const partial = name.endsWith(' partial');
  const rule = name.split(' ')[0];
  const shape = TYPES[name][1];
  for (let done = 0; done < ballots; ) {
    const n = rule === 'snapshot-basic' ? 3 : uniform() < 0.02 ? 1 : 2 + below(uniform() < 0.5 ? 5 : 29);
    const size = uniform() < 0.03 ? 0 : 1 + below(uniform() < 0.5 ? Math.min(most, 12) : most);
    const [power, weight] = [pick(POWERS), pick(WEIGHTS)];
    const list = [];
    // Some proposals repeat few ballots: duplicates and exact ties.
    const few = uniform() < 0.2 ? Array.from({ length: 3 }, () => (partial ? partialRanking(n) : SHAPES[shape](n, weight))) : null;
    for (let i = 0; i < size; i++) {
      const choice = few ? pick(few) : partial ? partialRanking(n) : SHAPES[shape](n, weight);
      list.push({ choice, power: power() });
    }
    const kase = partial ? { choices: n, partial, ballots: list } : { choices: n, ballots: list };
    done += list.length;
    yield { rule, case: kase, outcome: decide(rule, kase) };
  }
}

const [folder, seed, ballots, most] = process.argv.slice(2);
if (folder === '--decide') {
  for await (const line of createInterface({ input: process.stdin })) {
    const { rule, case: kase, ...rest } = JSON.parse(line);
    console.log(JSON.stringify({ ...rest, rule, case: kase, outcome: decide(rule, kase) }));
  }
} else {
  const all = folder === '-';
  if (!all) mkdirSync(folder, { recursive: true });
  for (const name of Object.keys(TYPES)) {
    state = Number(seed);
    for (const letter of name) state = (Math.imul(state, 31) + letter.charCodeAt(0)) | 0;
    const out = all ? process.stdout : createWriteStream(join(folder, `${name.replace(' ', '-')}.jsonl`));
    for (const one of cases(name, Number(ballots), Number(most))) {
      if (!out.write(`${JSON.stringify(one)}\n`)) await once(out, 'drain');
    }
    if (!all) {
      out.end();
      await once(out, 'finish');
    }
  }
}
