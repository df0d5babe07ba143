//! Neural networks: layers as data, two ways to train them, the parts that losses are made of.
//!
//! A [`Network`] says what the layers are. An [`Engine`] trains one: [`Fused`] on processors, by steps written
//! out for these layers, [`Tensors`] through burn, on a GPU where there is one. Both begin from the same
//! parameters and roll the same dice, and a test compares them. Using a trained network is
//! [`Network::predict`].
//!
//! ```
//! use std::sync::Arc;
//! use daotwin_core::Seed;
//! use daotwin_nn::{Adam, Batch, Device, Engine, Input, Layer, Matrix, Network, Wanted};
//!
//! // Learns y = 2 x - 1.
//! let network = Arc::new(Network::new(Input::Dense(1), vec![Layer::Linear { inputs: 1, outputs: 1 }])?);
//! let mut stream = Seed(1).stream("example");
//! let mut engine = Device::Fused.engine(network.clone(), &mut stream)?;
//! let x = Matrix::new(4, 1, vec![-1.0, 0.0, 1.0, 2.0]);
//! for _ in 0..500 {
//!     let mut y = engine.forward(Batch::dense(x.clone()), &mut stream)?;
//!     y.data.iter_mut().zip(&x.data).for_each(|(y, x)| *y -= 2.0 * x - 1.0);
//!     engine.backward(y, Wanted::PARAMETERS)?;
//!     engine.step(&Adam { rate: 0.05, ..Adam::default() })?;
//! }
//! let learned = engine.state()?;
//! let ten = Batch::dense(Matrix::new(1, 1, vec![10.0]));
//! let y = network.predict(&learned.parameters, &learned.statistics, &ten)?;
//! assert!((y.data[0] - 19.0).abs() < 0.1);
//! # Ok::<(), daotwin_nn::Error>(())
//! ```

#![expect(
    clippy::inline_always,
    reason = "a loop takes a processor's widest vectors only where it is inlined"
)]

mod adam;
mod engine;
mod error;
mod functions;
mod fused;
mod matrix;
mod network;
mod tensors;
#[cfg(test)]
mod test;

pub use adam::{Adam, Moments};
pub use engine::{Device, Engine, State, Wanted};
pub use error::{Error, Result};
pub use functions::{cross_entropy, exp, softmax};
pub use fused::Fused;
pub use matrix::Matrix;
pub use network::{Activation, Batch, Input, Layer, NO_CODE, Network};
pub use tensors::Tensors;
