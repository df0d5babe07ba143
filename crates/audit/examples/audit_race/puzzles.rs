//! Contracts that search tools are measured on: staged locks and mazes, made from a seed.
//!
//! Ours are in the manner of benchmarks that are public, with texts of our own: a lock opens after so many calls in their
//! order, each with arguments that a condition asks for; a maze has cells that are walked by calls, and traps in them that
//! conditions guard.

/// SplitMix64.
struct Draws(u64);

impl Draws {
    fn bits(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, n: u64) -> u64 {
        self.bits() % n
    }

    fn between(&mut self, low: u64, high: u64) -> u64 {
        low + self.below(high - low + 1)
    }
}

/// A lock of so many stages, `contract Lock`: `echidna_closed()` says whether it is still closed.
pub(crate) fn lock(seed: u64, stages: u64) -> String {
    let mut draws = Draws(seed.wrapping_mul(0x1_0001).wrapping_add(stages));
    let mut order: Vec<u64> = (0..stages).collect();
    for last in (1..order.len()).rev() {
        order.swap(last, draws.below(last as u64 + 1) as usize);
    }
    let mut functions = vec![String::new(); order.len()];
    for (stage, name) in order.iter().enumerate() {
        let to = stage + 1;
        let mut body = String::new();
        let (parameters, condition, then) = match draws.below(10) {
            0 => {
                let (low, modulus) = (draws.between(1_000, 5_000_000), draws.between(5, 13));
                let rest = draws.below(modulus);
                ("uint64 x".to_owned(), format!("x > {low} && x % {modulus} == {rest}"), String::new())
            }
            1 => {
                let offset = draws.between(2, 100_000);
                ("uint64 x, uint64 y".to_owned(), format!("x == y + {offset}"), "key = x;".to_owned())
            }
            2 => {
                let word = draws.bits() & 0xffff_ffff_ffff;
                ("uint64 x".to_owned(), format!("x == 0x{word:x}"), "key = x;".to_owned())
            }
            3 => {
                let (factor, plus) = (draws.between(2, 9), draws.between(1, 999));
                ("uint256 x".to_owned(), format!("x == key * {factor} + {plus}"), String::new())
            }
            4 => {
                let low = draws.between(500, 1_000_000);
                let high = low + draws.between(20, 200);
                ("uint64 x".to_owned(), format!("x > {low} && x < {high}"), "key = x;".to_owned())
            }
            5 => {
                let wait = draws.between(2, 30) * 3_600;
                (String::new(), format!("block.timestamp >= since + {wait}"), String::new())
            }
            6 => {
                let salt = draws.below(1 << 32);
                (
                    "uint256 x".to_owned(),
                    "x > 0".to_owned(),
                    format!("key = uint256(keccak256(abi.encode(x, uint256({salt}))));"),
                )
            }
            7 => ("address who".to_owned(), "who == msg.sender".to_owned(), String::new()),
            8 => {
                let (a, b) = (draws.between(2, 60), draws.between(3, 1_000));
                (
                    "uint32 x, bool up".to_owned(),
                    format!("up && uint256(x) * {a} + {b} > 900_000 && x < 1_000_000"),
                    String::new(),
                )
            }
            _ => {
                let word = draws.bits();
                (
                    "bytes32 word, uint64 x".to_owned(),
                    format!("uint256(word) == uint256({word}) && x > key % 1000"),
                    String::new(),
                )
            }
        };
        body += &format!(
            "    function step{name}({parameters}) external {{\n        if (stage == {stage} && {condition}) {{\n            \
             stage = {to};\n            since = block.timestamp;\n            {then}\n        }}\n    }}\n"
        );
        functions[*name as usize] = body;
    }
    format!(
        "// SPDX-License-Identifier: MIT OR Apache-2.0\npragma solidity 0.8.30;\n\ncontract Lock {{\n    uint256 public stage;\n    \
         uint256 public key;\n    uint256 public since = block.timestamp;\n\n{}    function reset(uint8 x) external {{\n        \
         if (stage != 0 && stage != {stages} && x == 7) stage = 0;\n    }}\n    /// What must hold after every call.\n    \
         function echidna_closed() external view returns (bool) {{\n        return stage != {stages};\n    }}\n}}\n",
        functions.concat()
    )
}

/// A maze of so many cells a side, `contract Maze`: `found()` has a bit for every trap that was stepped into.
///
/// Eight numbers go with every move; what a cell asks of them guards its trap, and some cells let nobody through who does
/// not answer.
pub(crate) fn maze(seed: u64, side: u64) -> String {
    let mut draws = Draws(seed.wrapping_mul(0x2_0003).wrapping_add(side));
    let mut cells = String::new();
    let mut traps = 0;
    for x in 0..side {
        for y in 0..side {
            if x + y == 0 {
                continue;
            }
            let depth = draws.between(1, 4);
            let mut conditions = Vec::new();
            for _ in 0..depth {
                let p = draws.below(8);
                let q = (p + 1 + draws.below(7)) % 8;
                conditions.push(match draws.below(7) {
                    0 => format!("p{p} == {}", draws.below(1 << 40)),
                    1 => format!("p{p} > {} && p{p} < {}", 1 << 20, (1 << 20) + draws.between(100, 100_000)),
                    2 => format!("p{p} == p{q} + {}", draws.between(1, 1 << 20)),
                    3 => format!("p{p} % {} == {}", draws.between(3, 9), draws.below(3)),
                    4 => format!("p{p} < p{q}"),
                    5 => format!("p{p} * 2 > p{q} + {}", draws.between(1, 1 << 30)),
                    _ => format!("(p{p} ^ {}) == p{q}", draws.below(1 << 30)),
                });
            }
            let test = conditions.join(" && ");
            if draws.below(5) == 0 {
                // A wall with a door.
                cells += &format!("        if (x == {x} && y == {y}) require({});\n", conditions[0]);
            } else if traps < 255 {
                cells += &format!("        if (x == {x} && y == {y} && {test}) _trap({traps});\n");
                traps += 1;
            }
        }
    }
    let parameters: Vec<String> = (0..8).map(|p| format!("uint64 p{p}")).collect();
    let (parameters, names) = (parameters.join(", "), "p0, p1, p2, p3, p4, p5, p6, p7");
    let last = side - 1;
    let mut moves = String::new();
    for (name, guard, change) in [
        ("north", format!("y < {last}"), "y += 1;"),
        ("south", "y > 0".to_owned(), "y -= 1;"),
        ("east", format!("x < {last}"), "x += 1;"),
        ("west", "x > 0".to_owned(), "x -= 1;"),
    ] {
        moves += &format!(
            "    function {name}({parameters}) external {{\n        require({guard});\n        {change}\n        _enter({names});\n    }}\n"
        );
    }
    format!(
        "// SPDX-License-Identifier: MIT OR Apache-2.0\npragma solidity 0.8.30;\n\ncontract Maze {{\n    uint64 public x;\n    uint64 \
         public y;\n    uint256 public found;\n\n{moves}    function _trap(uint256 number) private {{\n        found |= 1 << \
         number;\n    }}\n\n    function _enter({parameters}) private {{\n        unchecked {{\n{cells}        }}\n    }}\n}}\n"
    )
}
