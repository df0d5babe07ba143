//! What a network is: layers as data, and where each finds its numbers in one flat list of parameters.

use daotwin_core::Stream;

use crate::error::{Error, Result};

/// A bend between linear layers, value by value.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Activation {
    /// `max(x, 0)`.
    Relu,
    /// `x` where positive, else this much of it.
    LeakyRelu(f32),
    /// `x / (1 + exp(-x))`.
    Silu,
}

/// A layer.
#[derive(Debug, Clone, PartialEq)]
pub enum Layer {
    /// `x W + b`.
    Linear {
        /// Numbers that go in.
        inputs: usize,
        /// Numbers that come out.
        outputs: usize,
    },
    /// An activation; then in training a random share of the values is zeroed and the rest scaled up.
    Activation {
        /// The bend.
        bend: Activation,
        /// The share zeroed, from 0 to below 1.
        dropout: f32,
    },
    /// Every number brought to mean 0 and variance 1 over the batch, then scaled and shifted; in use, over the
    /// running mean and variance. It mixes samples, so that it may not stand in a private network.
    BatchNorm {
        /// Numbers that go in and come out.
        width: usize,
    },
    /// `x + f(x)`.
    Residual(Vec<Self>),
    /// `f(x)` and behind it `x`.
    Concat(Vec<Self>),
}

/// What goes into a network.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Input {
    /// So many numbers.
    Dense(usize),
    /// Numbers and codes, brought into a vector: `x W + b` and for every code its own row of a table. The same
    /// as a linear layer over numbers and one-hot codes, without the zeros.
    Embed {
        /// How many numbers.
        dense: usize,
        /// How many different codes there are; every code of a row is below.
        codes: usize,
        /// The length of the vector.
        outputs: usize,
    },
}

/// A batch of samples.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Batch {
    /// Their numbers, a row a sample.
    pub dense: crate::Matrix,
    /// Their codes, `per_row` a sample, one sample after the other; [`NO_CODE`] stands for none.
    pub codes: Vec<u32>,
    /// Codes a sample.
    pub per_row: usize,
}

/// The place of a code that a sample does not have.
pub const NO_CODE: u32 = u32::MAX;

impl Batch {
    /// Samples of numbers alone.
    pub fn dense(dense: crate::Matrix) -> Self {
        Self { dense, codes: Vec::new(), per_row: 0 }
    }

    /// How many samples.
    pub fn rows(&self) -> usize {
        self.dense.rows
    }
}

/// Layers that follow each other, and the shape of their parameters.
///
/// Parameters are one flat list: for each layer in order its weights (one row an input), then its bias; of a
/// table its rows, then weights, then bias; of a batch norm its scale, then its shift. Statistics (the running
/// mean and variance of batch norms) are another.
///
/// ```
/// use daotwin_nn::{Activation, Input, Layer, Network};
/// let hidden = Layer::Activation { bend: Activation::Relu, dropout: 0.0 };
/// let layers = vec![hidden, Layer::Linear { inputs: 8, outputs: 2 }];
/// let network = Network::new(Input::Embed { dense: 3, codes: 10, outputs: 8 }, layers)?;
/// assert_eq!(network.outputs(), 2);
/// assert_eq!(network.parameters(), 10 * 8 + 3 * 8 + 8 + 8 * 2 + 2);
/// # Ok::<(), daotwin_nn::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Network {
    pub(crate) input: Input,
    pub(crate) layers: Vec<Layer>,
    outputs: usize,
    parameters: usize,
    statistics: usize,
}

impl Network {
    /// Checks that layers fit each other.
    ///
    /// # Errors
    /// [`Error::Defect`] with the first layer that does not.
    pub fn new(input: Input, layers: Vec<Layer>) -> Result<Self> {
        let mut count = Count::default();
        let width = match input {
            Input::Dense(width) => width,
            Input::Embed { dense, codes, outputs } => {
                count.parameters += (codes + dense + 1) * outputs;
                outputs
            }
        };
        let outputs = count.layers(&layers, width)?;
        let Count { parameters, statistics } = count;
        Ok(Self { input, layers, outputs, parameters, statistics })
    }

    /// What goes in.
    pub fn input(&self) -> Input {
        self.input
    }

    /// Numbers that come out a sample.
    pub fn outputs(&self) -> usize {
        self.outputs
    }

    /// How many parameters it has.
    pub fn parameters(&self) -> usize {
        self.parameters
    }

    /// How many running statistics it keeps.
    pub fn statistics(&self) -> usize {
        self.statistics
    }

    /// Whether it mixes the samples of a batch, so that no member's part in a gradient is its own.
    pub fn mixes_samples(&self) -> bool {
        self.statistics > 0
    }

    /// Whether a gradient penalty is exact for it: numbers in, one number out, linear layers and activations of
    /// straight pieces alone.
    pub(crate) fn has_penalty(&self) -> Result<()> {
        let straight = |layer: &Layer| match layer {
            Layer::Linear { .. } => true,
            Layer::Activation { bend, .. } => *bend != Activation::Silu,
            _ => false,
        };
        if matches!(self.input, Input::Dense(_)) && self.outputs == 1 && self.layers.iter().all(straight) {
            Ok(())
        } else {
            let reason = "a gradient penalty is exact only for numbers in, one number out, linear layers and \
                          activations of straight pieces";
            Err(Error::Defect(reason.to_owned()))
        }
    }

    /// Parameters to begin with: weights uniform within `1 / sqrt(inputs)` either way, tables as a linear layer
    /// over all their codes would have them with as many inputs as samples have values (normal, deviation 0.1),
    /// biases as weights, scales one.
    pub fn initial(&self, stream: &mut Stream) -> Vec<f32> {
        let mut to = Vec::with_capacity(self.parameters);
        if let Input::Embed { dense, codes, outputs } = self.input {
            to.extend((0..codes * outputs).map(|_| 0.1 * stream.normal() as f32));
            linear(dense, outputs, stream, &mut to);
        }
        initial(&self.layers, stream, &mut to);
        to
    }

    /// Statistics to begin with: means zero, variances one.
    pub fn initial_statistics(&self) -> Vec<f32> {
        let mut to = Vec::with_capacity(self.statistics);
        statistics(&self.layers, &mut to);
        to
    }
}

fn linear(inputs: usize, outputs: usize, stream: &mut Stream, to: &mut Vec<f32>) {
    let reach = 1.0 / (inputs.max(1) as f64).sqrt();
    to.extend((0..(inputs + 1) * outputs).map(|_| ((2.0 * stream.uniform() - 1.0) * reach) as f32));
}

fn initial(layers: &[Layer], stream: &mut Stream, to: &mut Vec<f32>) {
    for layer in layers {
        match layer {
            Layer::Linear { inputs, outputs } => linear(*inputs, *outputs, stream, to),
            Layer::Activation { .. } => {}
            Layer::BatchNorm { width } => {
                to.extend(std::iter::repeat_n(1.0, *width));
                to.extend(std::iter::repeat_n(0.0, *width));
            }
            Layer::Residual(inner) | Layer::Concat(inner) => initial(inner, stream, to),
        }
    }
}

fn statistics(layers: &[Layer], to: &mut Vec<f32>) {
    for layer in layers {
        match layer {
            Layer::BatchNorm { width } => {
                to.extend(std::iter::repeat_n(0.0, *width));
                to.extend(std::iter::repeat_n(1.0, *width));
            }
            Layer::Residual(inner) | Layer::Concat(inner) => statistics(inner, to),
            Layer::Linear { .. } | Layer::Activation { .. } => {}
        }
    }
}

#[derive(Default)]
struct Count {
    parameters: usize,
    statistics: usize,
}

impl Count {
    fn layers(&mut self, layers: &[Layer], mut width: usize) -> Result<usize> {
        let fits = |needs: usize, width: usize, layer: &Layer| {
            if needs == width {
                Ok(())
            } else {
                Err(Error::Defect(format!("{layer:?} takes {needs} numbers and is given {width}")))
            }
        };
        for layer in layers {
            width = match layer {
                Layer::Linear { inputs, outputs } => {
                    fits(*inputs, width, layer)?;
                    self.parameters += (inputs + 1) * outputs;
                    *outputs
                }
                Layer::Activation { dropout, .. } => {
                    if !(0.0..1.0).contains(dropout) {
                        return Err(Error::Defect(format!("{layer:?} drops a share outside 0 to 1")));
                    }
                    width
                }
                Layer::BatchNorm { width: needs } => {
                    fits(*needs, width, layer)?;
                    self.parameters += 2 * width;
                    self.statistics += 2 * width;
                    width
                }
                Layer::Residual(inner) => {
                    fits(self.layers(inner, width)?, width, layer)?;
                    width
                }
                Layer::Concat(inner) => self.layers(inner, width)? + width,
            };
        }
        Ok(width)
    }
}
