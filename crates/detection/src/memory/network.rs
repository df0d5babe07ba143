//! The network that moves memories, and its gradients of one step.

use daotwin_core::Seed;

/// Numbers a memory.
pub(super) const SIZE: usize = 16;
/// Numbers that tell of time and of how often an account acted, and a constant.
const CLOCK: usize = 10;
/// What an update sees: own memory, the other's, the clock.
const INPUT: usize = 2 * SIZE + CLOCK;
/// What the generator sees: the company and the clock.
const CONTEXT: usize = SIZE + CLOCK;
/// Learning rate of plain stochastic gradients, a step.
const RATE: f32 = 0.01;

/// A memory.
pub(super) type Vector = [f32; SIZE];

/// Cosine of the angle between two vectors; 0 where either is nothing.
pub(super) fn cosine(left: &Vector, right: &Vector) -> f32 {
    let (mut dot, mut a, mut b) = (0.0, 0.0, 0.0);
    for (x, y) in left.iter().zip(right) {
        dot += x * y;
        a += x * x;
        b += y * y;
    }
    let norm = (a * b).sqrt();
    if norm < 1e-12 { 0.0 } else { dot / norm }
}

/// The gradient of the cosine with respect to its left side.
fn slope(left: &Vector, right: &Vector) -> Vector {
    let norm = |v: &Vector| v.iter().map(|x| x * x).sum::<f32>().sqrt();
    let (a, b) = (norm(left), norm(right));
    if a * b < 1e-12 {
        return [0.0; SIZE];
    }
    let cosine = cosine(left, right);
    std::array::from_fn(|i| right[i] / (a * b) - cosine * left[i] / (a * a))
}

/// Where a memory moved to.
pub(super) struct Step {
    pub(super) memory: Vector,
    pub(super) expected: Vector,
}

/// A gate, a candidate and a generator, each linear.
#[derive(Debug, Clone)]
pub(super) struct Network {
    gate: Box<[[f32; INPUT]; SIZE]>,
    candidate: Box<[[f32; INPUT]; SIZE]>,
    generator: Box<[[f32; CONTEXT]; SIZE]>,
}

fn product<const N: usize>(weights: &[f32; N], input: &[f32; N]) -> f32 {
    weights.iter().zip(input).map(|(w, x)| w * x).sum()
}

/// Waves of the wait on a logarithmic clock, of how often the account acted, and a constant.
fn clock(wait: f32, met: u32) -> [f32; CLOCK] {
    let wait = wait.max(0.0).ln_1p();
    let often = (met as f32).ln_1p();
    [
        (wait * 0.5).cos(),
        (wait * 0.5).sin(),
        (wait * 0.25).cos(),
        (wait * 0.25).sin(),
        wait / 15.0,
        often / 5.0,
        (often * 0.5).cos(),
        (often * 0.5).sin(),
        f32::from(u8::from(met == 0)),
        1.0,
    ]
}

impl Network {
    pub(super) fn new(seed: Seed) -> Self {
        let mut stream = seed.stream("memory network");
        let mut weight = |inputs: usize| (stream.normal() / (inputs as f64).sqrt()) as f32;
        let gate = Box::new(std::array::from_fn(|_| std::array::from_fn(|_| weight(INPUT))));
        let candidate = Box::new(std::array::from_fn(|_| std::array::from_fn(|_| weight(INPUT))));
        let generator = Box::new(std::array::from_fn(|_| std::array::from_fn(|_| weight(CONTEXT))));
        Self { gate, candidate, generator }
    }

    pub(super) const fn bytes(&self) -> usize {
        size_of::<[[f32; INPUT]; SIZE]>() * 2 + size_of::<[[f32; CONTEXT]; SIZE]>()
    }

    /// Moves a memory after a meeting. With a stranger's memory the network learns: the memory shall stay near what it was and
    /// near what its company lets expect, and far from the stranger's.
    pub(super) fn step(
        &mut self,
        own: &Vector,
        other: &Vector,
        company: &Vector,
        wait: f32,
        met: u32,
        stranger: Option<&Vector>,
    ) -> Step {
        let clock = clock(wait, met);
        let mut input = [0.0; INPUT];
        input[..SIZE].copy_from_slice(own);
        input[SIZE..2 * SIZE].copy_from_slice(other);
        input[2 * SIZE..].copy_from_slice(&clock);
        let mut context = [0.0; CONTEXT];
        context[..SIZE].copy_from_slice(company);
        context[SIZE..].copy_from_slice(&clock);
        let gate: Vector = std::array::from_fn(|i| 1.0 / (1.0 + (-product(&self.gate[i], &input)).exp()));
        let candidate: Vector = std::array::from_fn(|i| product(&self.candidate[i], &input).tanh());
        let memory: Vector = std::array::from_fn(|i| own[i] + gate[i] * (candidate[i] - own[i]));
        let expected: Vector = std::array::from_fn(|i| product(&self.generator[i], &context));
        if let Some(stranger) = stranger {
            // Loss: -cos(memory, own) + cos(memory, stranger) - cos(expected, memory) + cos(expected, stranger).
            let (keep, leave) = (slope(&memory, own), slope(&memory, stranger));
            let (meet, miss) = (slope(&expected, &memory), slope(&expected, stranger));
            let follow = slope(&memory, &expected);
            for i in 0..SIZE {
                let of_memory = leave[i] - keep[i] - follow[i];
                let of_gate = of_memory * (candidate[i] - own[i]) * gate[i] * (1.0 - gate[i]);
                let of_candidate = of_memory * gate[i] * (1.0 - candidate[i] * candidate[i]);
                for (place, x) in input.iter().enumerate() {
                    self.gate[i][place] -= RATE * of_gate * x;
                    self.candidate[i][place] -= RATE * of_candidate * x;
                }
                let of_expected = miss[i] - meet[i];
                for (weight, x) in self.generator[i].iter_mut().zip(&context) {
                    *weight -= RATE * of_expected * x;
                }
            }
        }
        Step { memory, expected }
    }
}

#[cfg(test)]
mod test {
    use super::*;

    #[test]
    fn the_slope_is_that_of_differences() {
        let left: Vector = std::array::from_fn(|i| (i as f32 * 0.7).sin());
        let right: Vector = std::array::from_fn(|i| (i as f32 * 0.3).cos());
        let slope = slope(&left, &right);
        for i in 0..SIZE {
            let mut moved = left;
            moved[i] += 1e-2;
            let mut back = left;
            back[i] -= 1e-2;
            let difference = (cosine(&moved, &right) - cosine(&back, &right)) / 2e-2;
            assert!((difference - slope[i]).abs() < 1e-3, "{difference} {}", slope[i]);
        }
    }
}
