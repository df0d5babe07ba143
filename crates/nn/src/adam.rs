//! Adam: steps along running means of the gradient, scaled by running means of its square.

use crate::matrix::wide;

/// How large steps are. Kingma and Ba 2015, algorithm 1; decay as Loshchilov and Hutter 2019.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Adam {
    /// The learning rate.
    pub rate: f32,
    /// How much of the running means of gradient and square is kept a step.
    pub keep: (f32, f32),
    /// The share of a parameter that a step takes away, times the rate.
    pub decay: f32,
}

impl Default for Adam {
    fn default() -> Self {
        Self { rate: 1e-3, keep: (0.9, 0.999), decay: 0.0 }
    }
}

/// Keeps steps finite where a gradient has always been zero.
const FLOOR: f32 = 1e-8;

/// What Adam remembers of every parameter.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Moments {
    /// Running mean of the gradient.
    pub first: Vec<f32>,
    /// Running mean of its square.
    pub second: Vec<f32>,
    /// Steps made.
    pub steps: u64,
}

impl Moments {
    /// Before the first step.
    pub fn new(parameters: usize) -> Self {
        Self { first: vec![0.0; parameters], second: vec![0.0; parameters], steps: 0 }
    }

    /// Moves parameters along their gradient, which is zeroed.
    pub(crate) fn step(&mut self, adam: &Adam, parameters: &mut [f32], gradient: &mut [f32]) {
        self.steps += 1;
        let power = |keep: f32| 1.0 - f64::from(keep).powi(self.steps.min(i32::MAX as u64) as i32);
        let ((a, b), decay) = (adam.keep, 1.0 - adam.rate * adam.decay);
        let rate = (f64::from(adam.rate) / power(a)) as f32;
        let spread = (1.0 / power(b)) as f32;
        let Self { first, second, .. } = self;
        wide(
            #[inline(always)]
            || {
                let moments = first.iter_mut().zip(second.iter_mut());
                for ((p, g), (m, v)) in parameters.iter_mut().zip(gradient.iter_mut()).zip(moments) {
                    *m = a * *m + (1.0 - a) * *g;
                    *v = b * *v + (1.0 - b) * *g * *g;
                    *p = *p * decay - rate * *m / ((*v * spread).sqrt() + FLOOR);
                    *g = 0.0;
                }
            },
        );
    }
}

#[cfg(test)]
mod test {
    use super::*;

    /// Against the algorithm as it is written in the paper, in doubles.
    #[test]
    fn steps_are_those_of_the_paper() {
        let adam = Adam { rate: 0.01, keep: (0.9, 0.99), decay: 0.0 };
        let mut moments = Moments::new(1);
        let (mut parameter, mut m, mut v, mut expected) = ([1.0_f32], 0.0_f64, 0.0_f64, 1.0_f64);
        for step in 1..=50_i32 {
            let slope = f64::from(step % 7) - 2.5;
            moments.step(&adam, &mut parameter, &mut [slope as f32]);
            (m, v) = (0.9 * m + 0.1 * slope, 0.99 * v + 0.01 * slope * slope);
            let (mean, square) = (m / (1.0 - 0.9_f64.powi(step)), v / (1.0 - 0.99_f64.powi(step)));
            expected -= 0.01 * mean / (square.sqrt() + 1e-8);
            assert!((f64::from(parameter[0]) - expected).abs() < 1e-5, "step {step}");
        }
    }
}
