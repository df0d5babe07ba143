//! What trains a network, whatever it computes with.

use std::sync::Arc;

use daotwin_core::Stream;

use crate::adam::{Adam, Moments};
use crate::error::{Error, Result};
use crate::network::{Batch, Network};
use crate::{Fused, Matrix, Tensors};

/// Which gradients a way back gives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wanted {
    /// Those of parameters, added to what is there.
    pub parameters: bool,
    /// That of the numbers that went in.
    pub input: bool,
}

impl Wanted {
    /// Those of parameters alone.
    pub const PARAMETERS: Self = Self { parameters: true, input: false };
    /// That of the input alone.
    pub const INPUT: Self = Self { parameters: false, input: true };
    /// All.
    pub const ALL: Self = Self { parameters: true, input: true };
}

/// Everything that training changes: enough to go on from, or to use the network.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct State {
    /// The network's parameters.
    pub parameters: Vec<f32>,
    /// Its running statistics.
    pub statistics: Vec<f32>,
    /// What Adam remembers.
    pub moments: Moments,
}

impl State {
    /// Whether it is one of this network.
    ///
    /// # Errors
    /// [`Error::Defect`] where it is not.
    pub fn fits(&self, network: &Network) -> Result<()> {
        let parameters = network.parameters();
        let all = [&self.parameters, &self.moments.first, &self.moments.second];
        if all.iter().all(|list| list.len() == parameters) && self.statistics.len() == network.statistics() {
            Ok(())
        } else {
            Err(Error::Defect("a state of another network".to_owned()))
        }
    }
}

/// Trains one network: a way forth, a way back, a step. The loss stays outside: who trains computes the
/// gradient of the loss by the output.
///
/// Two ways forth need their ways back in between, or the first is forgotten.
pub trait Engine: Send + std::fmt::Debug {
    /// The network.
    fn network(&self) -> &Arc<Network>;

    /// What comes out of a batch in training: with dropout from the stream, over the batch's own statistics.
    ///
    /// # Errors
    /// [`Error::Defect`] where the batch does not fit.
    fn forward(&mut self, batch: Batch, stream: &mut Stream) -> Result<Matrix>;

    /// Brings the gradient of the last output back. Returns that of the numbers that went in, where wanted
    /// (else an unspecified matrix).
    ///
    /// # Errors
    /// [`Error::Defect`] without a way forth, or where the gradient does not fit it.
    fn backward(&mut self, gradient: Matrix, wanted: Wanted) -> Result<Matrix>;

    /// As [`Engine::backward`] of parameters, with every sample's own gradient scaled down to the norm `bound`
    /// before they are added; returns the norms as they were. Norms are computed from what goes in and comes
    /// back at each layer, without any sample's gradient being written out (Li et al. 2022, section 3). Beside them
    /// comes the gradient of the numbers that went in, not scaled down, where `input` is set (else an unspecified
    /// matrix).
    ///
    /// # Errors
    /// As [`Engine::backward`]; [`Error::Defect`] of a network that mixes samples.
    fn backward_clipped(&mut self, gradient: Matrix, bound: f32, input: bool) -> Result<(Vec<f64>, Matrix)>;

    /// Adds the gradient of `weight` times the mean over samples of `(|d output / d input| - 1)^2`; returns
    /// that mean. Exact almost everywhere for linear layers and straight activations, which have no second
    /// derivative (Gulrajani et al. 2017, equation 3); no other layers are allowed.
    ///
    /// # Errors
    /// [`Error::Defect`] for a network with other layers or more than one output.
    fn penalty(&mut self, batch: Matrix, weight: f32, stream: &mut Stream) -> Result<f64>;

    /// The gradients of parameters added up since the last step.
    ///
    /// # Errors
    /// The tensor library's.
    fn gradient(&mut self) -> Result<&mut [f32]>;

    /// Moves the parameters along their gradient, which is zeroed.
    ///
    /// # Errors
    /// The tensor library's.
    fn step(&mut self, adam: &Adam) -> Result<()>;

    /// Everything that training changes.
    ///
    /// # Errors
    /// The tensor library's.
    fn state(&self) -> Result<State>;

    /// Goes on from a state.
    ///
    /// # Errors
    /// [`Error::Defect`] for one of another network.
    fn restore(&mut self, state: State) -> Result<()>;
}

/// What computes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Device {
    /// The processors, by steps written for these networks.
    #[default]
    Fused,
    /// The tensor library on its best device: a GPU where this build has one (`cuda` or `wgpu`), else the
    /// processors.
    Tensors,
}

impl Device {
    /// A trainer of a network with parameters to begin with. Both devices begin with the same ones.
    ///
    /// # Errors
    /// [`Error::Tensors`] where the library finds no device.
    pub fn engine(self, network: Arc<Network>, stream: &mut Stream) -> Result<Box<dyn Engine>> {
        Ok(match self {
            Self::Fused => Box::new(Fused::new(network, stream)),
            Self::Tensors => Box::new(Tensors::new(network, stream)?),
        })
    }
}
